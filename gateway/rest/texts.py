"""What the texts of requests may look like: the domain's own rules, as patterns that an API description can carry."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from gateway.inventory.identifiers import SKU_LENGTH_MAX, TEXT_LENGTH_MAX
from gateway.inventory.quantities import QUANTITY_MAX
from gateway.inventory.reserving import EXPIRES_IN_SECONDS_MAX, HELD_LINES_MAX

_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"

SLUG_PATTERN = "^[A-Za-z0-9_-]{1,64}$"
_SKU_PATTERN = rf"^[^\s{_CONTROL}]([^{_CONTROL}]*[^\s{_CONTROL}])?$"
_TEXT_PATTERN = rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$"
MEANINGS = {
    SLUG_PATTERN: "This is not an id: use 1 to 64 of A-Z a-z 0-9 _ - only.",
    _SKU_PATTERN: "A SKU is not blank, and has neither control characters nor white space at its ends.",
    _TEXT_PATTERN: "This must not be blank, and control characters are not allowed here.",
}
"""What each pattern means, for people."""

# As the draft has it, a quoted string of RFC 8941; or, as most clients send it, the bare key.
_QUOTED = r'"([!#-\[\]-~]|\\["\\])([ !#-\[\]-~]|\\["\\]){0,254}"'
_BARE = "[!#-~]([ -~]{0,253}[!-~])?"
KEY_PATTERN = f"^({_QUOTED}|{_BARE})$"


def _whole(number: object) -> object:
    """To JSON, and so to our description, 1.0 is a whole number."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _not_zero(number: int) -> int:
    if number == 0:
        raise PydanticCustomError("zero_delta", "A delta of 0 changes nothing. Leave the line out.")
    return number


Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN)]
Sku = Annotated[str, StringConstraints(max_length=SKU_LENGTH_MAX, pattern=_SKU_PATTERN)]
Text = Annotated[str, StringConstraints(max_length=TEXT_LENGTH_MAX, pattern=_TEXT_PATTERN)]
Units = Annotated[int, Field(ge=1, le=QUANTITY_MAX), BeforeValidator(_whole)]
Delta = Annotated[
    int,
    Field(ge=-QUANTITY_MAX, le=QUANTITY_MAX, json_schema_extra={"not": {"const": 0}}),
    BeforeValidator(_whole),
    AfterValidator(_not_zero),
]
Seconds = Annotated[int, Field(ge=1, le=EXPIRES_IN_SECONDS_MAX), BeforeValidator(_whole)]
LineNumber = Annotated[int, Field(ge=0, lt=HELD_LINES_MAX), BeforeValidator(_whole)]

"""What the texts of requests may look like: the domain's own rules, as patterns that an API description can carry."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from gateway.inventory.identifiers import SKU_LENGTH_MAX, TEXT_LENGTH_MAX
from gateway.inventory.quantities import QUANTITY_MAX
from gateway.inventory.reserving import EXPIRES_IN_SECONDS_MAX, HELD_LINES_MAX

_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"

SLUG_PATTERN = "^[A-Za-z0-9_-]{1,64}$"

# As the draft has it, a quoted string of RFC 8941; or, as most clients send it, the bare key.
_QUOTED = r'"([!#-\[\]-~]|\\["\\])([ !#-\[\]-~]|\\["\\]){0,254}"'
_BARE = "[!#-~]([ -~]{0,253}[!-~])?"
KEY_PATTERN = f"^({_QUOTED}|{_BARE})$"


def _whole(number: object) -> object:
    """To JSON, and so to our description, 1.0 is a whole number."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN)]
Sku = Annotated[
    str,
    StringConstraints(max_length=SKU_LENGTH_MAX, pattern=rf"^[^\s{_CONTROL}]([^{_CONTROL}]*[^\s{_CONTROL}])?$"),
]
Text = Annotated[
    str,
    StringConstraints(max_length=TEXT_LENGTH_MAX, pattern=rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$"),
]
Units = Annotated[int, Field(ge=1, le=QUANTITY_MAX), BeforeValidator(_whole)]
Delta = (
    Annotated[int, Field(ge=-QUANTITY_MAX, le=-1), BeforeValidator(_whole)]
    | Annotated[int, Field(ge=1, le=QUANTITY_MAX), BeforeValidator(_whole)]
)
Seconds = Annotated[int, Field(ge=1, le=EXPIRES_IN_SECONDS_MAX), BeforeValidator(_whole)]
LineNumber = Annotated[int, Field(ge=0, lt=HELD_LINES_MAX), BeforeValidator(_whole)]

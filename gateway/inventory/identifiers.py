"""What a SKU, a location id, a key and a text may look like; each refusal names the field."""

from __future__ import annotations

import re
from collections.abc import Collection

from gateway.inventory.errors import Code, InvalidInput, Path

SKU_LENGTH_MAX = 128
KEY_LENGTH_MAX = 255
TEXT_LENGTH_MAX = 500
NAME_LENGTH_MAX = 200

# Location and channel ids are field names in MongoDB documents, so a dot or a dollar sign must never pass.
_SLUG = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def check_slug(value: str, path: Path) -> None:
    """Accept 1 to 64 of `A-Z a-z 0-9 _ -`: the form of location, channel and client ids."""
    if not _SLUG.fullmatch(value):
        shown = _CONTROL.sub("?", value[:64])
        raise InvalidInput(
            Code.INVALID_CHARACTERS, f"'{shown}' is not an id: use 1 to 64 of A-Z a-z 0-9 _ - only.", path
        )


def check_text(value: str, path: Path, length_max: int = TEXT_LENGTH_MAX) -> None:
    """Refuse a blank text, one over `length_max` characters, or one with control characters."""
    if not value.strip():
        raise InvalidInput(Code.BLANK, "This must not be blank.", path)
    if len(value) > length_max:
        raise InvalidInput(Code.TOO_LONG, f"This has {len(value)} characters; at most {length_max} are allowed.", path)
    if _CONTROL.search(value):
        raise InvalidInput(Code.INVALID_CHARACTERS, "Control characters are not allowed here.", path)


def check_optional_text(value: str | None, path: Path, length_max: int = TEXT_LENGTH_MAX) -> None:
    """As `check_text`, with None allowed."""
    if value is not None:
        check_text(value, path, length_max)


def check_sku(value: str, path: Path) -> None:
    """Accept 1 to 128 printable characters without surrounding white space."""
    check_text(value, path, SKU_LENGTH_MAX)
    if value != value.strip():
        raise InvalidInput(Code.INVALID_CHARACTERS, "A SKU has no white space at its ends.", path)


def check_count(items: Collection[object], path: Path, maximum: int) -> None:
    """Refuse an empty list (EMPTY) or one over `maximum` entries (TOO_MANY)."""
    if not items:
        raise InvalidInput(Code.EMPTY, "The list is empty. Send at least one entry.", path)
    if len(items) > maximum:
        raise InvalidInput(Code.TOO_MANY, f"The list has {len(items)} entries; at most {maximum} are allowed.", path)

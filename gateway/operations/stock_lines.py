"""Stock as lines of text: `sku,locationId,available`, and optionally the item's name."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from gateway.inventory.errors import Code, InvalidInput, InventoryError
from gateway.inventory.identifiers import NAME_LENGTH_MAX, check_optional_text, check_sku, check_slug
from gateway.inventory.quantities import check_range

HEADER = ("sku", "locationId", "available", "name")
LINE_BYTES_MAX = 65_536

_REQUIRED = HEADER[:3]


@dataclass(frozen=True, slots=True)
class StockLine:
    """Make `available` units available of one SKU at one location."""

    number: int
    sku: str
    location_id: str
    available: int
    name: str | None = None


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was not applied, and why."""

    number: int
    reason: str


class HeaderInvalid(Exception):
    """The file's first line does not name the columns."""


def read_lines(file: BinaryIO) -> Iterator[StockLine | BadLine]:
    """Every line of a CSV file that is not blank, good or bad, one at a time. Raises HeaderInvalid.

    The columns may come in any order. A field cannot contain a line break, so that one forgotten quotation mark spoils
    one line and not the rest of the file.
    """
    columns = _columns(file.readline(LINE_BYTES_MAX))
    number = 1
    while line := file.readline(LINE_BYTES_MAX):
        number += 1
        if len(line) == LINE_BYTES_MAX and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = file.readline(LINE_BYTES_MAX)
            yield BadLine(number, f"The line is longer than {LINE_BYTES_MAX} bytes.")
        elif line.strip():
            yield _read_line(number, line, columns)


def write_line(*fields: object) -> str:
    """One line of CSV, with its line end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields)
    return text.getvalue()


def _columns(line: bytes) -> list[str]:
    try:
        columns = [column.strip() for column in _fields(line.decode("utf-8-sig"))]
    except (UnicodeDecodeError, csv.Error) as error:
        raise HeaderInvalid(f"The first line cannot be read: {error}.") from None
    if len(set(columns)) != len(columns) or not set(_REQUIRED) <= set(columns) <= set(HEADER):
        raise HeaderInvalid(
            f"The first line must name the columns {','.join(_REQUIRED)} and optionally name, separated by commas; "
            f"it is: {','.join(columns)[:200]}"
        )
    return columns


def _read_line(number: int, line: bytes, columns: list[str]) -> StockLine | BadLine:
    try:
        fields = _fields(line.decode())
        if len(fields) != len(columns):
            return BadLine(number, f"The line has {len(fields)} fields instead of {len(columns)}.")
        return _checked(number, dict(zip(columns, fields, strict=True)))
    except UnicodeDecodeError:
        return BadLine(number, "The line is not UTF-8 text.")
    except csv.Error as error:
        return BadLine(number, f"The line is not CSV: {error}.")
    except InventoryError as error:
        return BadLine(number, f"{error.path[0]}: {error.message}")


def _checked(number: int, values: dict[str, str]) -> StockLine:
    sku, location_id, name = values["sku"], values["locationId"], values.get("name") or None
    check_sku(sku, ("sku",))
    check_slug(location_id, ("locationId",))
    check_optional_text(name, ("name",), NAME_LENGTH_MAX)
    # int() alone would also take "1_000", " 7" and other scripts' digits.
    written = values["available"].strip()
    digits = written.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 20):
        raise InvalidInput(Code.INVALID_INPUT, f"'{written[:40]}' is not a whole number.", ("available",))
    available = int(written)
    check_range(available, ("available",), minimum=0)
    return StockLine(number, sku, location_id, available, name)


def _fields(line: str) -> list[str]:
    return next(csv.reader((line,), strict=True))

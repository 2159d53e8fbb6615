"""Odoo's search domains, evaluated over plain records: terms are joined by and, unless "|" or "&" stands before two.
https://www.odoo.com/documentation/19.0/developer/reference/backend/orm.html#search-domains"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]

OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda value, wanted: bool(value == wanted),
    "!=": lambda value, wanted: bool(value != wanted),
    ">": lambda value, wanted: bool(value > wanted),
    ">=": lambda value, wanted: bool(value >= wanted),
    "in": lambda value, wanted: value in wanted,
}


class UnknownField(Exception):
    """The model has no such field."""


def search(records: Sequence[Record], domain: Sequence[Any], fields: Sequence[str], limit: int) -> list[dict[str, Any]]:
    """In the order given; raises `UnknownField`."""
    found = [record for record in records if matches(record, domain)]
    return [{name: _shown(record, name) for name in dict.fromkeys(("id", *fields))} for record in found[:limit]]


def matches(record: Record, domain: Sequence[Any]) -> bool:
    terms = list(domain)
    results = []
    while terms:
        results.append(_take(record, terms))
    return all(results)


def _take(record: Record, terms: list[Any]) -> bool:
    term = terms.pop(0)
    if isinstance(term, str):
        both = [_take(record, terms), _take(record, terms)]
        return any(both) if term == "|" else all(both)
    name, operator, wanted = term
    return OPERATORS[operator](_plain(_shown(record, name)), wanted)


def _shown(record: Record, name: str) -> Any:
    try:
        return record[name]
    except KeyError:
        raise UnknownField(name) from None


def _plain(value: Any) -> Any:
    """A link is compared by its id."""
    return value[0] if isinstance(value, list) and len(value) == 2 and isinstance(value[1], str) else value

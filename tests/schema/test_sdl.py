"""The committed contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType

import schema as package
from gateway.inventory.errors import Code
from schema import schema

COMMITTED = Path(package.__file__).parent / "schema.graphql"


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    assert COMMITTED.read_text() == schema.as_str() + "\n", "run: python -m schema > schema/schema.graphql"


def test_everything_a_client_may_name_is_described() -> None:
    assert list(_undescribed()) == []


def test_every_error_code_is_in_the_contract() -> None:
    codes = schema._schema.type_map["ErrorCode"]
    assert isinstance(codes, GraphQLEnumType)
    assert set(codes.values) == {code.value for code in Code}


def _undescribed() -> Iterator[str]:
    for name, kind in schema._schema.type_map.items():
        if name.startswith("__"):
            continue
        if not kind.description:
            yield name
        if isinstance(kind, GraphQLEnumType):
            yield from (f"{name}.{value}" for value, v in kind.values.items() if not v.description)
        elif isinstance(kind, GraphQLInputObjectType):
            yield from (f"{name}.{field}" for field, f in kind.fields.items() if not f.description)
        elif isinstance(kind, GraphQLObjectType):
            for field, f in kind.fields.items():
                if not f.description:
                    yield f"{name}.{field}"
                yield from (f"{name}.{field}({arg})" for arg, a in f.args.items() if not a.description)

"""Whole numbers of units, beyond GraphQL's 32 bits."""

from __future__ import annotations

from typing import NewType

import strawberry
from graphql import GraphQLError, IntValueNode, ValueNode
from strawberry.types.scalar import ScalarDefinition

Quantity = NewType("Quantity", int)
"""Units as every layer counts them; any whole number is read, so that one out of range gets a typed error."""


def parse_quantity(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise GraphQLError(f"A Quantity is a whole number, not {value!r:.50}.")
    return value


def parse_quantity_literal(node: ValueNode, variables: object = None) -> int:
    if not isinstance(node, IntValueNode):
        raise GraphQLError("A Quantity is a whole number.", node)
    # A number with thousands of digits is refused before Python refuses to read it.
    return int(node.value[:30])


SCALARS: dict[object, ScalarDefinition] = {
    Quantity: strawberry.scalar(
        name="Quantity",
        description="A whole number of units within 2^53 - 1 either way, so that every JSON client reads it exactly.",
        serialize=int,
        parse_value=parse_quantity,
        parse_literal=parse_quantity_literal,
    )
}

"""Whole numbers of units, beyond GraphQL's 32 bits."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import NewType

import strawberry
from graphql import GraphQLError, IntValueNode, ValueNode
from strawberry.types.scalar import ScalarDefinition

from gateway.inventory.quantities import QUANTITY_MAX

Quantity = NewType("Quantity", int)
"""Units as every layer counts them; any whole number is read, so that one out of range gets a typed error."""

# More digits than any number in range has; Python itself refuses to read thousands of them.
LITERAL_CHARACTERS_MAX = 30


def parse_quantity(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    # JSON parsers, ours included, read a whole number beyond 64 bits as a float.
    if isinstance(value, float) and isfinite(value) and abs(value) > QUANTITY_MAX:
        return int(value)
    raise GraphQLError(f"A Quantity is a whole number, not {value!r:.50}.")


def parse_quantity_literal(node: ValueNode, variables: object = None) -> int:
    if not isinstance(node, IntValueNode):
        raise GraphQLError("A Quantity is a whole number.", node)
    return int(node.value[:LITERAL_CHARACTERS_MAX])


SCALARS: Mapping[object, ScalarDefinition] = {
    Quantity: strawberry.scalar(
        name="Quantity",
        description="A whole number, from -(2^53 - 1) to 2^53 - 1, so that every JSON client reads it exactly.",
        serialize=int,
        parse_value=parse_quantity,
        parse_literal=parse_quantity_literal,
    )
}

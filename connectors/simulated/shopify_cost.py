"""What a GraphQL call costs a simulated Shopify, and the bucket it is taken from.
https://shopify.dev/docs/api/usage/limits#graphql-admin-api-rate-limits"""

import time
from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

MUTATION_COST = 10
QUERY_COST_MAX = 1000
LIST_FIELDS = frozenset(("nodes", "refunds"))


def cost_of(document: DocumentNode) -> int:
    """An object costs one point, a connection two and its objects; a mutation ten more."""
    operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    base = MUTATION_COST if operation.operation is OperationType.MUTATION else 0
    return base + _selected(operation.selection_set, 1)


def _selected(selections: SelectionSetNode, first: int) -> int:
    """`first` is the page size of the connection these are the fields of."""
    total = 0
    for node in selections.selections:
        if isinstance(node, InlineFragmentNode):
            total += _selected(node.selection_set, first)
        elif isinstance(node, FieldNode) and node.selection_set is not None:
            size = _page_size(node)
            if size is not None and node.name.value != "refunds":
                total += 2 + _selected(node.selection_set, size)
            else:
                objects = (size or first) if node.name.value in LIST_FIELDS else 1
                total += objects * (1 + _selected(node.selection_set, 1))
    return total


def _page_size(node: FieldNode) -> int | None:
    for argument in node.arguments or ():
        if argument.name.value == "first" and isinstance(argument.value, IntValueNode):
            return int(argument.value.value)
    return None


class CostBucket:
    def __init__(self, maximum: float = 2000, restored_per_second: float = 100) -> None:
        self.maximum = maximum
        self.restored_per_second = restored_per_second
        self._available = maximum
        self._counted_at = time.monotonic()

    def take(self, cost: float) -> bool:
        now = time.monotonic()
        self._available = min(self.maximum, self._available + (now - self._counted_at) * self.restored_per_second)
        self._counted_at = now
        if cost > self._available:
            return False
        self._available -= cost
        return True

    def leave(self, points: float) -> None:
        """As if other apps' calls, or a busy hour, had used up the rest."""
        self._available, self._counted_at = points, time.monotonic()

    def statement(self, cost: int) -> Mapping[str, Any]:
        return {
            "cost": {
                "requestedQueryCost": cost,
                "throttleStatus": {
                    "maximumAvailable": self.maximum,
                    "currentlyAvailable": int(self._available),
                    "restoreRate": self.restored_per_second,
                },
            }
        }

"""Relay connections: opaque cursors, bounded pages."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import strawberry
from graphql import GraphQLError

from gateway.inventory.errors import Code

FIRST_MAX = 100
FIRST_DEFAULT = 20

T = TypeVar("T")
N = TypeVar("N")


@strawberry.type(description="Where a page ends.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there is more after this page.")
    end_cursor: str | None = strawberry.field(description="Pass it as `after` to get the next page.")


@strawberry.type
class Edge(Generic[N]):
    node: N
    cursor: str


@strawberry.type
class Connection(Generic[N]):
    edges: list[Edge[N]]
    nodes: list[N]
    page_info: PageInfo


def check_first(first: int) -> int:
    """The size of a page, or a GraphQL error outside 1 to `FIRST_MAX`."""
    if not 1 <= first <= FIRST_MAX:
        raise _invalid("first", f"`first` must be 1 to {FIRST_MAX}.")
    return first


def connection(
    found: Sequence[T], first: int, node: Callable[[T], N], position: Callable[[T], Sequence[object]]
) -> Connection[N]:
    """A page of `found`, which was read with a limit of `first + 1`, so that it tells whether there is more."""
    edges = [Edge(node=node(value), cursor=_cursor(position(value))) for value in found[:first]]
    info = PageInfo(has_next_page=len(found) > first, end_cursor=edges[-1].cursor if edges else None)
    return Connection(edges=edges, nodes=[edge.node for edge in edges], page_info=info)


def read_cursor(after: str | None, *types: type) -> tuple[object, ...] | None:
    """The position inside a cursor, checked against the types it must have; None for the first page."""
    if after is None:
        return None
    try:
        position = json.loads(base64.urlsafe_b64decode(after.encode()))
        if isinstance(position, list) and [type(part) for part in position] == list(types):
            return tuple(position)
    except ValueError:
        pass  # Said below, as for every other way of being no cursor of ours.
    raise _invalid("after", "This is not a cursor of this connection. Pass an `endCursor` as it was received.")


def _cursor(position: Sequence[object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).decode()


def _invalid(field: str, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": Code.INVALID_INPUT.value, "field": [field]})

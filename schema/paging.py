"""Relay connections: opaque cursors, bounded pages. https://relay.dev/graphql/connections.htm"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

import strawberry

from gateway.inventory.errors import Code, InvalidInput

FIRST_MAX = 100
FIRST_DEFAULT = 20

_INT_MAX = 2**63 - 1

T = TypeVar("T")
N = TypeVar("N")

First = Annotated[int, strawberry.argument(description=f"Size of the page, 1 to {FIRST_MAX}.")]
After = Annotated[str | None, strawberry.argument(description="`endCursor` of the page before; null for the first.")]


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there is more after this page.")
    has_previous_page: bool = strawberry.field(description="Whether this page was asked for with a cursor.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first edge; null for an empty page.")
    end_cursor: str | None = strawberry.field(description="Pass it as `after` to get the next page.")


@strawberry.type(description="One entry of a page.")
class Edge(Generic[N]):
    node: N = strawberry.field(description="The entry.")
    cursor: str = strawberry.field(description="Pass it as `after` to get what follows this entry.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[N]):
    edges: list[Edge[N]] = strawberry.field(description="The entries with their cursors.")
    nodes: list[N] = strawberry.field(description="The entries alone.")
    page_info: PageInfo = strawberry.field(description="Whether there is more, and where it begins.")


def check_first(first: int) -> int:
    """The size of a page. Raises InvalidInput outside 1 to `FIRST_MAX`."""
    if not 1 <= first <= FIRST_MAX:
        raise InvalidInput(Code.OUT_OF_RANGE, f"`first` must be 1 to {FIRST_MAX}.", ("first",))
    return first


def connection(
    found: Sequence[T],
    first: int,
    node: Callable[[T], N],
    position: Callable[[T], Sequence[object]],
    after: str | None = None,
) -> Connection[N]:
    """A page of `found`, which was read with a limit of `first + 1`, so that it tells whether there is more."""
    edges = [Edge(node=node(value), cursor=write_cursor(position(value))) for value in found[:first]]
    info = PageInfo(
        has_next_page=len(found) > first,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Connection(edges=edges, nodes=[edge.node for edge in edges], page_info=info)


def open_connection(
    found: Sequence[T],
    node: Callable[[T], N],
    position: Callable[[T], Sequence[object]],
    after: str | None,
    next_position: Sequence[object] | None,
) -> Connection[N]:
    """A page that goes on behind `next_position`, which may lie behind its last entry; None where nothing is left."""
    page = connection(found, len(found), node, position, after)
    if next_position is not None:
        page.page_info.has_next_page = True
        page.page_info.end_cursor = write_cursor(next_position)
    return page


def read_cursor(after: str | None, *types: type) -> tuple[object, ...] | None:
    """The position inside a cursor, checked against the types it must have; None for the first page.

    Raises InvalidInput for anything that is no cursor of ours.
    """
    if after is None:
        return None
    try:
        position = json.loads(base64.b64decode(after.encode(), altchars=b"-_", validate=True))
        if isinstance(position, list) and [type(part) for part in position] == list(types):
            _check_storable(position)
            return tuple(position)
    except (ValueError, RecursionError):
        pass  # Said below, as for every other way of being no cursor of ours.
    message = "This is not a cursor of this connection. Pass an `endCursor` as it was received."
    raise InvalidInput(Code.INVALID_INPUT, message, ("after",))


def _check_storable(position: Sequence[object]) -> None:
    """Raise ValueError for what MongoDB cannot compare with."""
    for part in position:
        if isinstance(part, str):
            part.encode()
        elif isinstance(part, int) and abs(part) > _INT_MAX:
            raise ValueError("beyond 64 bits")


def write_cursor(position: Sequence[object]) -> str:
    """What `read_cursor` reads."""
    return base64.urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).decode()

"""Discovery: matching a channel's catalogue with our items."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.discoveries import Discovery, RunState
from gateway.inventory.errors import InventoryError
from gateway.inventory.ports import StorageError
from schema.context import Info
from schema.descriptions import describe
from schema.errors import UserError, reading, user_error
from schema.listings import PlatformId

strawberry.enum(RunState, name="RunState", description="What has become of a discovery or a reconciliation.")
describe(
    RunState,
    {
        "REQUESTED": "It is begun as soon as the process that pushes the channel sees it.",
        "RUNNING": "It is under way.",
        "DONE": "It has come to the end.",
        "FAILED": "The platform did not answer, or not sensibly. A discovery goes on there when it is asked for again.",
        "STOPPED": "The safety valve holds its repairs back until somebody decides.",
    },
)
ChannelId = Annotated[str, strawberry.argument(description="Which channel.")]


@strawberry.type(description="A SKU of ours that could not be listed under these ids.")
class MatchedTwice:
    sku: str = strawberry.field(description="Ours and theirs.")
    platform_ids: list[PlatformId] = strawberry.field(description="The ids that it was found under.")
    reason: str = strawberry.field(description="What stands in the way.")


@strawberry.type(name="Discovery", description="The latest discovery of a channel; every count is exact.")
class DiscoveryType:
    discovery: Private[Discovery]
    state: RunState = strawberry.field(description="What has become of it.")
    reason: str | None = strawberry.field(description="Why it failed.")
    pages: int = strawberry.field(description="Pages read of the platform's catalogue.")
    entries: int = strawberry.field(description="Entries read.")
    matched: int = strawberry.field(description="Entries with a SKU of ours.")
    created: int = strawberry.field(description="Listings that it has created.")
    known: int = strawberry.field(description="Entries that were listed already, under the same ids.")
    twice: int = strawberry.field(description="Entries whose SKU or ids are listed otherwise already.")
    unmatched: int = strawberry.field(description="Entries whose SKU is none of ours.")
    without_sku: int = strawberry.field(description="Entries that have no SKU.")
    untracked: int = strawberry.field(description="Entries for which the platform ignores stock.")
    unmatched_skus: list[str] = strawberry.field(description="Up to 1000 of the SKUs that are none of ours.")
    started_at: datetime = strawberry.field(description="When it was asked for.")
    updated_at: datetime = strawberry.field(description="When it last made progress.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")

    @strawberry.field(description="Up to 1000 of the entries that are listed otherwise already.")
    def matched_twice(self) -> list[MatchedTwice]:
        return [
            MatchedTwice(
                sku=some.sku,
                platform_ids=[PlatformId(name=name, value=value) for name, value in some.ids.items()],
                reason=some.reason,
            )
            for some in self.discovery.twice_skus
        ]


@strawberry.type(description="What became of the request.")
class DiscoveryPayload:
    discovery: DiscoveryType | None = strawberry.field(default=None, description="Ask `discovery` how far it is.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


@strawberry.type
class DiscoveryQuery:
    @strawberry.field(description="The latest discovery of a channel; null when there was none.")
    async def discovery(self, info: Info, channel_id: ChannelId) -> DiscoveryType | None:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            found = await info.context.services.surveys.discovery(channel_id)
            return None if found is None else _type(found)


@strawberry.type
class DiscoveryMutation:
    @strawberry.mutation(
        description="Match the channel's catalogue with our items by exact SKU, in the background, and list what "
        "matches. One that failed goes on where it stopped. Needs `inventory:write`."
    )
    async def listing_discover(self, info: Info, channel_id: ChannelId) -> DiscoveryPayload:
        work = info.context.services.surveys.discover(channel_id)
        try:
            with closing(work):
                info.context.principal.require(Scope.INVENTORY_WRITE)
                return DiscoveryPayload(discovery=_type(await work), user_errors=[])
        except (InventoryError, StorageError) as error:
            return DiscoveryPayload(user_errors=[user_error(error)])


def _type(found: Discovery) -> DiscoveryType:
    return DiscoveryType(
        discovery=found,
        state=found.state,
        reason=found.reason,
        pages=found.pages,
        entries=found.entries,
        matched=found.matched,
        created=found.created,
        known=found.known,
        twice=found.twice,
        unmatched=found.unmatched,
        without_sku=found.without_sku,
        untracked=found.untracked,
        unmatched_skus=list(found.unmatched_skus),
        started_at=found.started_at,
        updated_at=found.updated_at,
        finished_at=found.finished_at,
    )

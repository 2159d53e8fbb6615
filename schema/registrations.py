"""Making a platform tell us of its orders."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from gateway.inventory.access import Scope
from gateway.inventory.errors import InventoryError
from gateway.inventory.identifiers import check_slug
from gateway.inventory.ports import StorageError
from schema.context import Info
from schema.errors import UserError, reading, user_error

ChannelId = Annotated[str, strawberry.argument(description="Which channel.")]


@strawberry.type(description="Our webhook as it is registered at a channel's platform.")
class ChannelRegistration:
    renewed_at: datetime = strawberry.field(description="When it was last registered.")
    by_hand: list[str] = strawberry.field(description="What a person still had to do at the platform then.")
    error: str | None = strawberry.field(description="Why it could not be renewed since then; it is tried again.")


@strawberry.type
class ChannelRegistrationQuery:
    @strawberry.field(description="How our webhook was registered last; null where it never was. Needs `admin`.")
    async def channel_registration(self, info: Info, channel_id: ChannelId) -> ChannelRegistration | None:
        with reading(info.context.principal, Scope.ADMIN):
            check_slug(channel_id, ("channelId",))
            known = await info.context.services.registrations.of(channel_id)
            return (
                ChannelRegistration(renewed_at=known.renewed_at, by_hand=list(known.by_hand), error=known.error)
                if known
                else None
            )


@strawberry.type(description="What became of a request to have a platform tell us of its orders.")
class ChannelSubscribePayload:
    by_hand: list[str] = strawberry.field(description="What a person still has to do at the platform.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


@strawberry.type
class ChannelRegistrationMutation:
    @strawberry.mutation(
        description="Register our webhook at the channel's platform, now and again every "
        "GATEWAY_WEBHOOK_RENEWAL_SECONDS, since platforms drop one that they could not reach. Needs `admin`."
    )
    async def channel_subscribe(self, info: Info, channel_id: ChannelId) -> ChannelSubscribePayload:
        try:
            info.context.principal.require(Scope.ADMIN)
            by_hand = await info.context.services.subscriber.subscribe(channel_id)
            return ChannelSubscribePayload(by_hand=list(by_hand), user_errors=[])
        except (InventoryError, StorageError) as error:
            return ChannelSubscribePayload(by_hand=[], user_errors=[user_error(error)])

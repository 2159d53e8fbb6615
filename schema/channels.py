"""Channels: connected accounts of platforms."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from contextlib import closing
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Private
from strawberry.scalars import JSON

from gateway.inventory.access import Scope
from gateway.inventory.channels import Channel, ChannelState, Place
from gateway.inventory.errors import Code, InvalidInput, InventoryError
from gateway.inventory.ports import StorageError
from gateway.operations.channels import ChannelChange
from schema.context import Info
from schema.descriptions import describe
from schema.errors import UserError, reading, user_error
from schema.listings import ListingConnection, listing_page
from schema.paging import FIRST_DEFAULT, After, Connection, First, check_first, connection, read_cursor
from schema.scalars import Quantity
from schema.sync import ChannelHealthType

strawberry.enum(ChannelState, name="ChannelState", description="Whether a channel is told of changes.")
describe(
    ChannelState,
    {
        "ACTIVE": "It is told of every change.",
        "PAUSED": "A person stopped it: it is told nothing, but its orders are still taken in.",
        "FAILING": "Its platform refuses or does not answer; it is still tried.",
    },
)


@strawberry.type(description="One of our locations that feeds a channel.")
class ChannelLocation:
    location_id: str = strawberry.field(description="Ours.")
    platform_location_id: str | None = strawberry.field(
        description="The platform's own location that it feeds; null where the platform has a single stock."
    )


@strawberry.type(name="Channel", description="A connected account of a platform.")
class ChannelType:
    channel: Private[Channel]

    @strawberry.field(description="Chosen when it was created; webhooks are sent to `/webhooks/{id}`.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.channel.id)

    @strawberry.field(description="What kind of shop it is.")
    def platform(self) -> str:
        return self.channel.platform

    @strawberry.field(description="For people.")
    def name(self) -> str:
        return self.channel.name

    @strawberry.field(description="The settings of its platform. Secrets are never shown again.")
    def config(self) -> JSON:
        return JSON(dict(self.channel.config))

    @strawberry.field(description="Our locations that feed it, in the order in which orders are allotted; null: all.")
    def locations(self) -> list[ChannelLocation] | None:
        mapped = self.channel.locations
        if mapped is None:
            return None
        return [ChannelLocation(location_id=ours, platform_location_id=theirs) for ours, theirs in mapped.items()]

    @strawberry.field(
        description="Units that are withheld from each of its places, unless a rule for it or a more specific one sets "
        "others: see `effectiveBuffer`."
    )
    def buffer(self) -> Quantity:
        return Quantity(self.channel.buffer)

    @strawberry.field(description="Whether it is told of changes.")
    def state(self) -> ChannelState:
        return self.channel.state

    @strawberry.field(description="Why it is paused or failing.")
    def reason(self) -> str | None:
        return self.channel.reason

    @strawberry.field(description="When it was connected.")
    def created_at(self) -> datetime:
        return self.channel.created_at

    @strawberry.field(description="When it was last changed.")
    def updated_at(self) -> datetime:
        return self.channel.updated_at

    @strawberry.field(description="How it fares; null while no worker has it: it is paused, or none is running.")
    async def health(self, info: Info) -> ChannelHealthType | None:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            health = await info.context.services.channel_health.of(self.channel.id)
            return None if health is None else ChannelHealthType.of(health)

    @strawberry.field(description="The items that it lists.")
    async def listings(self, info: Info, first: First = FIRST_DEFAULT, after: After = None) -> ListingConnection:
        return await listing_page(info, self.channel.id, first, after)


@strawberry.type
class ChannelQuery:
    @strawberry.field(description="Kinds of shops that can be connected.")
    def platforms(self, info: Info) -> list[str]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            return list(info.context.services.channels.platforms)

    @strawberry.field(description="All channels by id.")
    async def channels(self, info: Info, first: First = FIRST_DEFAULT, after: After = None) -> Connection[ChannelType]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit = check_first(first)
            position = read_cursor(after, str)
            found = await info.context.services.channels.page(str(position[0]) if position else None, limit + 1)
            return connection(found, limit, lambda channel: ChannelType(channel=channel), lambda channel: [channel.id])

    @strawberry.field(description="One channel; null when there is none.")
    async def channel(
        self, info: Info, id: Annotated[str, strawberry.argument(description="Its id.")]
    ) -> ChannelType | None:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            found = await info.context.services.channels.find(id)
            return ChannelType(channel=found) if found else None


@strawberry.input(description="One of our locations that feeds the channel.")
class ChannelLocationInput:
    location_id: str = strawberry.field(description="Ours.")
    platform_location_id: str | None = strawberry.field(
        default=None, description="The platform's own location; needed where the platform keeps stock per location."
    )


@strawberry.input(description="A new channel.")
class ChannelCreateInput:
    id: str = strawberry.field(description="1 to 64 of A-Z a-z 0-9 _ -; it never changes.")
    platform: str = strawberry.field(description="One of `platforms`.")
    name: str = strawberry.field(description="For people.")
    config: JSON = strawberry.field(description="The platform's settings and credentials, an object.")
    locations: list[ChannelLocationInput] | None = strawberry.field(
        default=None, description="Which of our locations feed it; all of them, as one stock, when left out."
    )
    buffer: Quantity = strawberry.field(default=Quantity(0), description="Units to withhold from each of its places.")


@strawberry.input(description="New values of a channel; what is left out stays as it is.")
class ChannelUpdateInput:
    id: str = strawberry.field(description="Which channel.")
    name: str | None = strawberry.field(default=None, description="For people.")
    config: JSON | None = strawberry.field(default=None, description="Only the settings to change.")
    locations: list[ChannelLocationInput] | None = strawberry.field(
        default=None, description="Which of our locations feed it."
    )
    all_locations: bool = strawberry.field(default=False, description="Feed it from all our locations, as one stock.")
    buffer: Quantity | None = strawberry.field(default=None, description="Units to withhold from each of its places.")


@strawberry.input(description="Which channel to stop.")
class ChannelPauseInput:
    id: str = strawberry.field(description="Which channel.")
    reason: str | None = strawberry.field(default=None, description="Why, for people; up to 500 characters.")


@strawberry.input(description="Which channel to go on with.")
class ChannelResumeInput:
    id: str = strawberry.field(description="Which channel.")


@strawberry.type(description="What became of a change of a channel.")
class ChannelPayload:
    channel: ChannelType | None = strawberry.field(
        default=None, description="The channel as it is now; null where the request was refused."
    )
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


Input = strawberry.argument(description="What to do.")


@strawberry.type
class ChannelMutation:
    @strawberry.mutation(description="Connect an account of a platform. Needs `admin`.")
    async def channel_create(self, info: Info, input: Annotated[ChannelCreateInput, Input]) -> ChannelPayload:
        return await _payload(info, _create(info, input))

    @strawberry.mutation(
        description="Change a channel. What alters its offered quantities is pushed for every listing. Needs `admin`."
    )
    async def channel_update(self, info: Info, input: Annotated[ChannelUpdateInput, Input]) -> ChannelPayload:
        return await _payload(info, _update(info, input))

    @strawberry.mutation(description="Tell the channel nothing; its orders are still taken in. Needs `admin`.")
    async def channel_pause(self, info: Info, input: Annotated[ChannelPauseInput, Input]) -> ChannelPayload:
        return await _payload(info, info.context.services.channels.pause(input.id, input.reason))

    @strawberry.mutation(description="Go on, beginning with whatever has changed meanwhile. Needs `admin`.")
    async def channel_resume(self, info: Info, input: Annotated[ChannelResumeInput, Input]) -> ChannelPayload:
        return await _payload(info, info.context.services.channels.resume(input.id))


async def _create(info: Info, input: ChannelCreateInput) -> Channel:
    return await info.context.services.channels.create(
        input.id, input.platform, input.name, _config(input.config), _locations(input.locations), input.buffer
    )


async def _update(info: Info, input: ChannelUpdateInput) -> Channel:
    change = ChannelChange(
        name=input.name,
        config=None if input.config is None else _config(input.config),
        locations=_locations(input.locations),
        all_locations=input.all_locations,
        buffer=input.buffer,
    )
    return await info.context.services.channels.update(input.id, change)


async def _payload(info: Info, work: Coroutine[None, None, Channel]) -> ChannelPayload:
    try:
        with closing(work):
            info.context.principal.require(Scope.ADMIN)
            return ChannelPayload(channel=ChannelType(channel=await work), user_errors=[])
    except (InventoryError, StorageError) as error:
        return ChannelPayload(user_errors=[user_error(error, "input")])


def _config(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise InvalidInput(Code.INVALID_INPUT, "The config is an object of the platform's settings.", ("config",))
    return value


def _locations(lines: list[ChannelLocationInput] | None) -> dict[str, Place] | None:
    if lines is None:
        return None
    mapped: dict[str, Place] = {}
    for index, line in enumerate(lines):
        if line.location_id in mapped:
            path = ("locations", str(index), "locationId")
            raise InvalidInput(Code.DUPLICATE, "This location is named twice.", path)
        mapped[line.location_id] = line.platform_location_id
    return mapped

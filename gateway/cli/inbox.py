"""`inventory-gateway inbox`: see what came in from platforms, and take it up again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from gateway.cli.running import DataDir, opened_gateway, run
from gateway.inventory.errors import Code, InvalidInput
from gateway.inventory.events import EventState
from gateway.settings import Settings
from gateway.store.views.inbox import EventRecord, InboxFilter

LISTED_MAX = 1_000

inbox = typer.Typer(help="See what came in from platforms, and take it up again.", no_args_is_help=True)

Channel = Annotated[str | None, typer.Option(help="Of this channel only.")]
States = Annotated[list[EventState] | None, typer.Option("--state", help="In this state; repeat it for several.")]
Since = Annotated[datetime | None, typer.Option(help="Received at this time (UTC) or later.")]
Until = Annotated[datetime | None, typer.Option(help="Received before this time (UTC).")]


@inbox.command("list")
def list_events(
    channel: Channel = None,
    state: States = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=LISTED_MAX, help="How many at most.")] = 50,
    data_dir: DataDir = None,
) -> None:
    """List events, the newest first, with what they wait for."""

    async def command(settings: Settings) -> int:
        wanted = InboxFilter(channel, tuple(state or ()), since=_utc(since), until=_utc(until))
        async with opened_gateway(settings) as gateway:
            found = await gateway.channels.reception.event_view.page(wanted, None, limit)
        _show(found)
        return 0

    run(command, data_dir=data_dir)


@inbox.command("replay")
def replay(
    ids: Annotated[list[str] | None, typer.Argument(help="Events by id; or give --since and --until.")] = None,
    channel: Channel = None,
    state: States = None,
    since: Since = None,
    until: Until = None,
    data_dir: DataDir = None,
) -> None:
    """Take events up again, whatever became of them. What they did is never done twice.

    A running gateway works on them within a second or two.
    """

    async def command(settings: Settings) -> int:
        async with opened_gateway(settings) as gateway:
            events = gateway.channels.reception.events
            if ids and not (channel or state or since or until):
                replayed = await events.replay(ids)
            elif since and until and not ids:
                window = (since.replace(tzinfo=UTC), until.replace(tzinfo=UTC))
                replayed = await events.replay_received(*window, channel, state or ())
            else:
                raise InvalidInput(Code.INVALID_INPUT, "Give either ids alone, or both --since and --until.")
        typer.echo(f"{replayed} {'event' if replayed == 1 else 'events'} to be taken up again.")
        return 0

    run(command, data_dir=data_dir)


def _show(found: Sequence[EventRecord]) -> None:
    """Not as a table, which would cut off ids and reasons to fit the terminal."""
    line = "{:<20} {:<8} {:>5} {:<7} {}"
    typer.echo(line.format("received", "state", "tries", "source", "id, reason"))
    for event in found:
        received = f"{event.received_at:%Y-%m-%d %H:%M:%S}Z"
        typer.echo(line.format(received, event.state, event.attempts, event.source, event.id))
        if event.error is not None:
            typer.echo(f"{'':<43} {event.error}")


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=UTC)

"""Waiting for runs in the background."""

from __future__ import annotations

from gateway.bootstrap import Gateway
from gateway.inventory.channels import ChannelState
from gateway.inventory.discoveries import Discovery, RunState
from gateway.inventory.drifts import ReconcileMode, Reconciliation
from tests.dispatch.trading import until

ENDED = (RunState.DONE, RunState.FAILED, RunState.STOPPED)


async def discovered(gateway: Gateway, channel_id: str) -> Discovery:
    """Ask for a discovery, and return it once it has ended."""
    operations = gateway.channels.surveys.operations
    await operations.discover(channel_id)

    async def ended() -> bool:
        found = await operations.discovery(channel_id)
        return found is not None and found.state in ENDED

    await until(gateway, "discoveries", ended)
    found = await operations.discovery(channel_id)
    assert found is not None
    return found


async def reconciled(gateway: Gateway, channel_id: str, mode: ReconcileMode) -> Reconciliation:
    """Ask for a reconciliation, and return it once it has ended."""
    await gateway.channels.surveys.operations.reconcile(channel_id, mode)
    return await until_reconciled(gateway, channel_id)


async def until_reconciled(gateway: Gateway, channel_id: str) -> Reconciliation:
    operations = gateway.channels.surveys.operations

    async def ended() -> bool:
        found = await operations.reconciliation(channel_id)
        return found is not None and found.state in ENDED

    await until(gateway, "reconciliations", ended)
    found = await operations.reconciliation(channel_id)
    assert found is not None
    return found


async def until_paused(gateway: Gateway, channel_id: str) -> None:
    async def paused() -> bool:
        return (await gateway.channels.channels.get(channel_id)).state is ChannelState.PAUSED

    await until(gateway, "channels", paused)

"""`inventory-gateway audit`: every stored quantity against its ledger and the open documents."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.running import DataDir, opened_gateway, run
from gateway.inventory.accounts import Check, Mismatch
from gateway.inventory.ledger import Cause
from gateway.operations.audit import AuditReport
from gateway.settings import Settings

_SHOULD_BE = {
    Check.LEDGER: "its ledger says {}",
    Check.DOCUMENTS: "open documents account for {}",
    Check.VERSIONS: "its ledger has {} versions",
    Check.QUOTAS: "its ledger says {}",
}


def audit(
    repair: Annotated[
        bool, typer.Option("--repair", help="Make levels agree with their ledger, and record that in it.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Recompute every quantity from the ledger and the open documents, and report every difference.

    Runs while the gateway serves: each part is read as of one moment. Exit code 1 says that there are differences,
    repaired or not.
    """

    async def command(settings: Settings) -> int:
        return await audit_stock(settings, repair=repair)

    run(command, data_dir=data_dir)


async def audit_stock(settings: Settings, *, repair: bool) -> int:
    """Audit and print what was found; the exit code."""
    async with opened_gateway(settings) as gateway:
        cause = Cause("cli", "audit --repair") if repair else None
        report = await gateway.movements.auditor.run(repair_as=cause)
    _show(report)
    return 1 if report.mismatches_total else 0


def _show(report: AuditReport) -> None:
    for found in report.mismatches:
        typer.echo(describe(found))
    if report.mismatches_total > len(report.mismatches):
        typer.echo(f"... and {report.mismatches_total - len(report.mismatches)} more.")
    typer.echo(
        f"{report.items} items, {report.levels} levels and {report.movements} movements in {report.seconds:.1f} s: "
        f"{report.mismatches_total or 'no'} difference{'' if report.mismatches_total == 1 else 's'}."
    )
    if report.repaired_items:
        typer.echo(f"Repaired {report.repaired_items} item{'' if report.repaired_items == 1 else 's'}.")


def describe(found: Mismatch) -> str:
    """One difference as a sentence."""
    should_be = _SHOULD_BE[found.check].format(found.expected)
    if found.check is Check.VERSIONS:
        return f"{found.sku}: version {found.stored}, but {should_be}."
    if found.check is Check.QUOTAS:
        where = found.location_id or "any location"
        return f"{found.sku} at {where}: {found.stored} used of the quota of '{found.channel_id}', but {should_be}."
    return f"{found.sku} at {found.location_id}: {found.stored} {found.bucket}, but {should_be}."

"""`inventory-gateway plan` prints what to order."""

from __future__ import annotations

import csv
from decimal import Decimal
from io import StringIO

import pytest

from gateway.cli.plan import COLUMNS, print_plan
from gateway.nightly_plan import LEASE
from gateway.operations.replenishment import NamedRule
from gateway.planning.replenishment import ReplenishmentValues
from gateway.planning.supply_terms import SupplyTerms
from gateway.settings import Settings
from tests.kernel import kernel, stock_up


@pytest.fixture
async def settings(mongo_uri: str, database_name: str) -> Settings:
    """A shop that wants to have 10 of everything in the east."""
    async with kernel(mongo_uri, database_name) as gateway:
        await stock_up(gateway, {"LAMP": {"EAST": 4}, "DESK": {"EAST": 12}, "SOFA": {"EAST": 10}})
        kept = ReplenishmentValues(safety_stock=10)
        await gateway.reorder.replenishment.set([NamedRule(None, "EAST", kept)])
        terms = SupplyTerms("", "Acme & Sons", unit_cost=Decimal("2.5"), pack_size=6)
        await gateway.reorder.terms.set([("LAMP", terms)])
    return Settings(mongodb_uri=mongo_uri, mongodb_database=database_name)  # type: ignore[arg-type]


async def printed(settings: Settings, *, as_csv: bool, supplier: str | None = None) -> str:
    target = StringIO()
    assert await print_plan(settings, target, as_csv=as_csv, supplier=supplier) == 0
    return target.getvalue()


async def test_the_plan_is_printed_as_csv_with_every_term(settings: Settings) -> None:
    sofa, lamp = csv.DictReader(StringIO(await printed(settings, as_csv=True)))
    assert tuple(lamp) == COLUMNS
    told = {name: lamp[name] for name in ("kind", "supplier", "locationId", "sku", "quantity", "available", "unitCost")}
    assert told == {
        "kind": "purchase",
        "supplier": "Acme & Sons",
        "locationId": "EAST",
        "sku": "LAMP",
        "quantity": "12",
        "available": "4",
        "unitCost": "2.5",
    }
    assert (lamp["reorderPoint"], lamp["orderUpTo"], lamp["daysOfCover"]) == ("10", "11", "")
    assert (sofa["sku"], sofa["supplier"], sofa["quantity"]) == ("SOFA", "", "1")


async def test_the_plan_is_printed_as_a_table_for_one_supplier(settings: Settings) -> None:
    table = await printed(settings, as_csv=False, supplier="acme & sons")
    assert "LAMP" in table and "30.00" in table and "SOFA" not in table
    assert table.rstrip().endswith("3 items planned, 1 lines to order or move.")


async def test_while_another_process_plans_nothing_is_printed(
    settings: Settings, mongo_uri: str, database_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with kernel(mongo_uri, database_name) as other:
        assert await other.reorder.nightly.leases.acquire(LEASE) is not None
        assert await print_plan(settings, StringIO(), as_csv=True, supplier=None) == 1
    assert "Another process is planning" in capsys.readouterr().err

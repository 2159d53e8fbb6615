"""The worked example of the connectors' README takes what it polls, reads and checks from the kiosk as it says."""

import ast
from typing import Any

from connectors import CONNECTORS, registry
from gateway.dispatch.connections import ConnectorPlatforms
from tests.connectors.case import NOW, answer, drive
from tests.connectors.cases.kiosk import CASE
from tests.connectors.kiosk import kiosk, source

SALE = {"id": 7, "sku": "MUG", "units": 2, "voided": True, "at": "2026-11-20T14:00:00+00:00"}


def read(flow: Any, body: object) -> Any:
    return drive(flow, [answer(body)])[1]


def test_the_example_reads_stock_catalogue_and_orders() -> None:
    kiosk, config = CASE.connector, CASE.config()
    [stock] = read(kiosk.read_stock(config, None), {"1": 3}).entries
    [entry] = read(kiosk.read_catalog(config, None), {"1": "MUG"}).entries
    [polled] = read(kiosk.read_orders(config, None, NOW), [SALE]).entries
    assert (stock.platform_ids, stock.quantity, entry.sku) == ({"slot": "1"}, 3, "MUG")
    assert polled == read(kiosk.read_order(config, "7"), SALE)
    assert (polled.lines[0].released, polled.lines[0].fulfilled) == (2, 0)
    assert read(kiosk.read_order(config, "8"), answer(b"", 404)) is None
    assert "kiosk.example" in read(kiosk.check(config), {}).summary


def test_one_file_and_one_line_of_the_registry_make_it_a_platform_of_the_gateway() -> None:
    imported = {node.module or "" for node in ast.walk(ast.parse(source())) if isinstance(node, ast.ImportFrom)}
    assert not any(name.startswith(("connectors.platforms", "gateway", "schema")) for name in imported)
    platforms = ConnectorPlatforms(registry([*CONNECTORS.values(), kiosk()]))
    assert set(platforms.names) == {*CONNECTORS, "kiosk"}
    checked = platforms.check_config("kiosk", CASE.entered)
    assert checked.public == {"url": "https://kiosk.example"} and checked.secret["token"] == "secret-token"

"""Two gateway processes on one database, over HTTP: never more than there is, and never a unit lost."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import aiohttp

from tests.cli.processes import Serving, command, serving
from tests.invariants import assert_the_ledger_explains_the_stock

UNITS = 300
BUYERS = 1_000
TRIES_MAX = 600
ADJUST = """mutation buy($input: InventoryAdjustmentInput!) { inventoryAdjust(input: $input) {
  replayed userErrors { code retryable } } }"""


async def open_shop(tmp_path: Any, uri: str, database: str) -> tuple[dict[str, str], str]:
    """The settings of both processes, and a key; 300 lamps are at one location."""
    settings = {"mongodb_uri": uri, "mongodb_database": database, "data_dir": str(tmp_path)}
    stock = tmp_path / "stock.csv"
    stock.write_text(f"sku,locationId,available\nLAMP,EAST,{UNITS}\n")
    imported = await command("import", str(stock), **settings)
    assert imported.code == 0, imported
    created = await command("keys", "create", "--name", "shop", "--scope", "inventory:write", **settings)
    return settings, created.out.strip()


async def buy(client: aiohttp.ClientSession, urls: Sequence[str], number: int) -> str:
    """One buyer's unit: asks the gateways in turn, always with the same key, until one of them decides."""
    body = {
        "query": ADJUST,
        "variables": {
            "input": {
                "sku": "LAMP",
                "adjustments": [{"locationId": "EAST", "delta": -1}],
                "idempotencyKey": f"buyer-{number}",
            }
        },
    }
    for url in itertools.islice(itertools.cycle(urls), TRIES_MAX):
        try:
            async with client.post(f"{url}/graphql", json=body) as response:
                answer = await response.json()
        except aiohttp.ClientError:
            answer = {"data": None}
        # Without data it has died, or its time for one request was over: on a busy machine that may be.
        if answer["data"] is not None:
            [*errors] = answer["data"]["inventoryAdjust"]["userErrors"]
            if not errors:
                return "BOUGHT"
            if not errors[0]["retryable"]:
                return str(errors[0]["code"])
        await asyncio.sleep(0.05)
    raise AssertionError(f"buyer {number} was never answered")


async def race(first: Serving, second: Serving, key: str, kill: Serving | None) -> list[str]:
    """All buyers at once, half of them asking each gateway first; one may be killed in the middle."""
    answers: list[str] = []
    headers = {"authorization": f"Bearer {key}"}
    connector = aiohttp.TCPConnector(limit=64)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as client:

        async def buyer(number: int) -> None:
            urls = (first.url, second.url) if number % 2 else (second.url, first.url)
            answers.append(await buy(client, urls, number))
            if kill is not None and len(answers) == BUYERS // 10:
                for process in kill.descendants():
                    process.kill()
                kill.process.kill()

        await asyncio.gather(*map(buyer, range(BUYERS)))
    return answers


async def test_a_thousand_buyers_at_two_gateways_get_exactly_what_there_is(
    tmp_path: Any, mongo_uri: str, database_name: str
) -> None:
    settings, key = await open_shop(tmp_path, mongo_uri, database_name)
    async with serving(**settings) as first, serving(**settings) as second:
        answers = await race(first, second, key, kill=None)
    assert answers.count("BOUGHT") == UNITS
    assert answers.count("INSUFFICIENT_STOCK") == BUYERS - UNITS
    assert assert_the_ledger_explains_the_stock(mongo_uri, database_name) == UNITS + 1


async def test_a_gateway_killed_in_the_middle_costs_no_unit_and_no_buyer(
    tmp_path: Any, mongo_uri: str, database_name: str
) -> None:
    settings, key = await open_shop(tmp_path, mongo_uri, database_name)
    async with serving(**settings) as first, serving(**settings) as second:
        answers = await race(first, second, key, kill=second)
        await second.process.wait()
    assert answers.count("BOUGHT") == UNITS
    assert answers.count("INSUFFICIENT_STOCK") == BUYERS - UNITS
    assert assert_the_ledger_explains_the_stock(mongo_uri, database_name) == UNITS + 1

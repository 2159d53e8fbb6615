"""`import` and `export` of stock on a real database."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo import MongoClient

from gateway.cli.running import opened_gateway
from gateway.cli.stock_files import export_stock, export_to, import_stock
from gateway.inventory.errors import InvalidInput
from gateway.operations.stock_import import StockImport
from gateway.operations.stock_lines import BadLine, HeaderInvalid, StockLine
from gateway.settings import Settings
from tests.builders import adjust
from tests.cli.processes import command
from tests.kernel import stock_up

HEADER = "sku,locationId,available"
Client = MongoClient[dict[str, Any]]


class Stock:
    """Imports and exports on one database; what was printed is kept."""

    def __init__(self, uri: str, database: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.settings = Settings(mongodb_uri=SecretStr(uri), mongodb_database=database)
        self._capsys = capsys
        self.summary = ""
        self.reported: list[str] = []

    async def load(
        self, *lines: str | bytes, header: str = HEADER, strict: bool = False, run_id: str | None = None
    ) -> int:
        content = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in (header, *lines))
        code = await import_stock(self.settings, io.BytesIO(content), strict=strict, run_id=run_id)
        printed = self._capsys.readouterr()
        self.summary, self.reported = printed.out, printed.err.splitlines()
        return code

    async def dump(self) -> list[str]:
        target = io.StringIO()
        assert await export_stock(self.settings, target) == 0
        header, *lines = target.getvalue().splitlines()
        assert header == "sku,locationId,available,name"
        return lines


@pytest.fixture
def stock(mongo_uri: str, database_name: str, capsys: pytest.CaptureFixture[str]) -> Stock:
    return Stock(mongo_uri, database_name, capsys)


@pytest.fixture
def movements(mongo_client: Client, database_name: str) -> Any:
    """How many movements the ledger holds."""
    return lambda: mongo_client[database_name]["ledger"].count_documents({})


async def test_an_export_is_what_was_imported_sorted_by_sku(stock: Stock) -> None:
    lines = ['SKU-2,WH-1,7,"Cup, blue"', "SKU-1,WH-2,0,", "SKU-1,WH-1,5,Zoë's mug"]
    assert await stock.load(*lines, header=f"{HEADER},name") == 0
    assert stock.reported == []
    assert stock.summary.startswith("3 lines applied, 0 unchanged, 0 bad; 2 items and 2 locations created (run ")
    assert await stock.dump() == ["SKU-1,WH-1,5,Zoë's mug", "SKU-1,WH-2,0,Zoë's mug", 'SKU-2,WH-1,7,"Cup, blue"']


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=f"there is no folder {tmp_path}/none"):
        await export_to(Settings(), tmp_path / "none" / "stock.csv")


async def test_importing_an_export_changes_nothing(stock: Stock) -> None:
    await stock.load("SKU-1,WH-1,5,Zoë's mug", 'SKU-2,WH-1,7,"Cup, blue"', header=f"{HEADER},name")
    exported = await stock.dump()
    assert await stock.load(*exported, header=f"{HEADER},name") == 0
    assert stock.summary.startswith("0 lines applied, 2 unchanged, 0 bad; 0 items and 0 locations created")
    assert await stock.dump() == exported


async def test_importing_twice_moves_nothing_the_second_time(stock: Stock, movements: Any) -> None:
    lines = ["SKU-1,WH-1,5", "SKU-1,WH-2,0", "SKU-2,WH-1,7"]
    await stock.load(*lines)
    assert movements() == 2, "one per SKU"
    await stock.load(*lines)
    assert stock.summary.startswith("0 lines applied, 3 unchanged")
    assert movements() == 2


async def test_importing_again_sets_what_was_sold_since(stock: Stock) -> None:
    lines = ["SKU-1,WH-1,5", "SKU-2,WH-1,7"]
    await stock.load(*lines)
    await stock.load("SKU-1,WH-1,4")
    await stock.load(*lines)
    assert stock.summary.startswith("1 lines applied, 1 unchanged")
    assert await stock.dump() == ["SKU-1,WH-1,5,", "SKU-2,WH-1,7,"]


async def test_within_one_run_id_a_line_is_applied_once_whatever_was_sold_since(stock: Stock) -> None:
    lines = ["SKU-1,WH-1,5", "SKU-2,WH-1,7"]
    await stock.load(*lines, run_id="monday")
    assert stock.summary.startswith("2 lines applied")
    await stock.load("SKU-1,WH-1,4")
    await stock.load(*lines, run_id="monday")
    assert stock.summary.startswith("0 lines applied, 2 unchanged")
    assert await stock.dump() == ["SKU-1,WH-1,4,", "SKU-2,WH-1,7,"]
    await stock.load(*lines, run_id="tuesday")
    assert await stock.dump() == ["SKU-1,WH-1,5,", "SKU-2,WH-1,7,"]


async def test_bad_lines_are_reported_by_number_and_the_others_applied(stock: Stock) -> None:
    lines = [b"SKU-1,WH-1,5", b"SKU-1,WH-1", b'SKU-1,"WH-1,5', b"SKU-1,WH.1,5", b"SKU-2,WH-1,five", b"", b"\xff,WH-1,1"]
    lines += [b"SKU-2,WH-1,-1", b"SKU-2,WH-1,1_0", b"x" * 200_000, b"SKU-2,WH-1,8"]
    assert await stock.load(*lines) == 1
    assert [line.split(": ")[0] for line in stock.reported] == [f"line {n}" for n in (3, 4, 5, 6, 8, 9, 10, 11)]
    assert stock.summary.startswith("2 lines applied, 0 unchanged, 8 bad")
    assert await stock.dump() == ["SKU-1,WH-1,5,", "SKU-2,WH-1,8,"]


async def test_a_file_of_bad_lines_alone_is_reported_too(stock: Stock) -> None:
    assert await stock.load("SKU-1,WH-1,x") == 1
    assert stock.reported == ["line 2: available: 'x' is not a whole number."]


async def test_a_line_that_the_stock_refuses_fails_by_itself(
    stock: Stock, database_name: str, mongo_client: Client
) -> None:
    await stock.load("SKU-1,WH-1,5", "SKU-1,OLD,1")
    mongo_client[database_name]["locations"].update_one({"_id": "OLD"}, {"$set": {"active": False}})
    assert await stock.load("SKU-1,WH-1,6", "SKU-1,OLD,2") == 1
    assert [line.startswith("line 3: The location 'OLD' is inactive") for line in stock.reported] == [True]
    assert await stock.dump() == ["SKU-1,OLD,1,", "SKU-1,WH-1,6,"]


async def test_of_two_lines_for_one_place_the_later_counts(stock: Stock, movements: Any) -> None:
    assert await stock.load("SKU-1,WH-1,5", "SKU-1,WH-1,9") == 0
    assert stock.summary.startswith("1 lines applied, 1 unchanged")
    assert await stock.dump() == ["SKU-1,WH-1,9,"]
    assert movements() == 1


async def test_an_import_that_breaks_off_says_how_to_go_on(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.cli.stock_files.CHUNK_LINES", 1)
    applied, apply = 0, StockImport.apply

    async def interrupted(run: StockImport, lines: Sequence[StockLine]) -> list[BadLine]:
        nonlocal applied
        if applied == 2:
            raise asyncio.CancelledError
        applied += 1
        return await apply(run, lines)

    with monkeypatch.context() as patch, pytest.raises(asyncio.CancelledError):
        patch.setattr(StockImport, "apply", interrupted)
        await stock.load("A,WH-1,5", "B,WH-1,6", "C,WH-1,7")
    await stock.load("A,WH-1,5", "B,WH-1,6", "C,WH-1,7")
    assert stock.reported == ["Broke off; 2 lines or more were applied. Import the file again to set the rest."]
    assert stock.summary.startswith("1 lines applied, 2 unchanged")


async def test_what_a_command_has_begun_is_finished_although_it_is_cancelled(stock: Stock) -> None:
    with pytest.raises(asyncio.CancelledError):
        async with opened_gateway(stock.settings) as gateway:
            await stock_up(gateway, {"SKU-1": {"WH-1": 5}})
            begun = asyncio.create_task(gateway.stock.apply(adjust("a", "SKU-1", {"WH-1": -2})))
            await asyncio.sleep(0)
            raise asyncio.CancelledError
    assert not (await begun).replayed
    assert await stock.dump() == ["SKU-1,WH-1,3,"]


async def test_strict_applies_nothing_when_a_line_is_malformed(stock: Stock) -> None:
    assert await stock.load("SKU-1,WH-1,5", "SKU-1,WH-1,x", strict=True) == 1
    assert stock.reported == ["line 3: available: 'x' is not a whole number.", "Nothing was applied."]
    assert await stock.dump() == []


@pytest.mark.parametrize(
    "header", ["SKU-1,WH-1,5", "sku;locationId;available", "sku,available", "sku,sku,locationId,available", ""]
)
async def test_a_file_without_the_header_is_refused(stock: Stock, header: str) -> None:
    with pytest.raises(HeaderInvalid, match="must name the columns sku,locationId,available"):
        await stock.load("SKU-1,WH-1,5", header=header)


async def test_columns_may_come_in_any_order_after_a_byte_order_mark(stock: Stock) -> None:
    assert await stock.load("5,SKU-1,WH-1", header="\ufeffavailable,sku,locationId") == 0
    assert await stock.dump() == ["SKU-1,WH-1,5,"]


async def test_a_run_id_is_a_slug(stock: Stock) -> None:
    with pytest.raises(InvalidInput):
        await stock.load("SKU-1,WH-1,5", run_id="a/b")


async def test_commands_share_the_private_database_of_their_data_directory(tmp_path: Path) -> None:
    data_dir = str(tmp_path / "data")
    path = tmp_path / "stock.csv"
    path.write_text(f"{HEADER}\nSKU-1,WH-1,5\nSKU-1,WH-1,x\n")
    loaded = await command("import", str(path), "--data-dir", data_dir)
    assert (loaded.code, loaded.err) == (1, "line 3: available: 'x' is not a whole number.\n")
    target = tmp_path / "export.csv"
    assert (await command("export", str(target), data_dir=data_dir)).code == 0
    assert target.read_text() == "sku,locationId,available,name\nSKU-1,WH-1,5,\n"

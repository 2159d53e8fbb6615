"""Stores that need no transaction, on an in-memory database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import cast

import pytest
from mongomock_motor import AsyncMongoMockClient

from gateway.inventory.access import ApiKey, Scope
from gateway.inventory.catalog import ItemChange, Location, LocationChange, SkuTaken
from gateway.inventory.stock import ItemStatus
from gateway.store.api_keys import API_KEY_INDEXES, ApiKeyStore
from gateway.store.driver import Database
from gateway.store.items import ItemStore
from gateway.store.locations import LocationStore
from tests.builders import NOW, item

LATER = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def database() -> Iterator[Database]:
    yield cast(Database, AsyncMongoMockClient(tz_aware=True)["test"])


async def test_a_location_id_is_taken_once(database: Database) -> None:
    store = LocationStore(database)
    east = Location("EAST", "East", True, 3, NOW, NOW)
    assert await store.add(east) is True
    assert await store.add(east) is False


async def test_a_location_changes_only_what_is_named(database: Database) -> None:
    store = LocationStore(database)
    await store.add(Location("EAST", "East", True, 3, NOW, NOW))
    assert await store.change("EAST", LocationChange(active=False), LATER) == Location(
        "EAST", "East", False, 3, NOW, LATER
    )
    assert await store.change("WEST", LocationChange(name="West"), LATER) is None


async def test_an_item_keeps_its_id_and_version_when_its_definition_changes(database: Database) -> None:
    store = ItemStore(database)
    await database["items"].create_index("sku", unique=True)
    await store.add(item("LAMP", {"EAST": 4}, version=7))
    changed = await store.change("LAMP", ItemChange(sku="LAMP-2", archived=True), LATER)
    assert changed is not None
    assert (changed.id, changed.sku, changed.version, changed.revision) == ("id-LAMP", "LAMP-2", 7, 1)
    assert changed.status is ItemStatus.ARCHIVED
    assert await store.change("LAMP", ItemChange(name="gone"), LATER) is None


async def test_a_sku_in_use_cannot_be_taken(database: Database) -> None:
    store = ItemStore(database)
    await database["items"].create_index("sku", unique=True)
    assert await store.add(item("LAMP", {})) is True
    assert await store.add(item("LAMP", {}, id="another")) is False
    await store.add(item("DESK", {}))
    with pytest.raises(SkuTaken):
        await store.change("DESK", ItemChange(sku="LAMP"), LATER)


async def test_every_key_of_a_name_is_revoked_and_none_twice(database: Database) -> None:
    store = ApiKeyStore(database)
    await database["api_keys"].create_indexes(API_KEY_INDEXES)
    for number in range(2):
        key = ApiKey(f"k{number}", "shop", frozenset({Scope.INVENTORY_READ}), NOW)
        await store.add(key, f"hash-{number}")
    assert await store.revoke("shop", LATER) == 2
    assert await store.revoke("shop", LATER) == 0
    found = await store.by_hash("hash-1")
    assert found is not None
    assert found.revoked_at == LATER

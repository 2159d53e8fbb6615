"""API keys: recognised, rotated, revoked."""

from __future__ import annotations

import pytest
from pymongo import MongoClient

from gateway.inventory.access import Principal, Scope
from gateway.inventory.errors import Code, Conflict, InvalidInput, NotFound
from gateway.operations.keys import REVOCATION_SECONDS_MAX, KeyOperations
from gateway.store.api_keys import ApiKeyStore
from tests.kernel import kernel


async def test_a_secret_is_shown_once_and_stored_only_as_a_hash(
    mongo_uri: str, database_name: str, mongo_client: MongoClient[dict[str, object]]
) -> None:
    async with kernel(mongo_uri, database_name) as gateway:
        secret = await gateway.keys.create("till", [Scope.INVENTORY_WRITE])
        assert secret.startswith("igw_") and len(secret) >= 40
        assert await gateway.keys.authenticate(secret) == Principal("till", frozenset({Scope.INVENTORY_WRITE}))
        for wrong in ("", "igw_", secret[:-1], secret + "x", secret.upper()):
            assert await gateway.keys.authenticate(wrong) is None
    [stored] = mongo_client[database_name]["api_keys"].find()
    assert secret not in str(stored) and secret.removeprefix("igw_") not in str(stored)


async def test_one_of_a_clients_keys_can_be_replaced_by_another(mongo_uri: str, database_name: str) -> None:
    async with kernel(mongo_uri, database_name) as gateway:
        old = await gateway.keys.create("till", [Scope.INVENTORY_READ])
        # Of two keys made in one millisecond, none is the first.
        [first] = await gateway.keys.all()
        new = await gateway.keys.create("till", [Scope.INVENTORY_READ])
        assert [key.name for key in await gateway.keys.all()] == ["till", "till"]
        assert await gateway.keys.revoke(first.id) == 1
        assert await gateway.keys.authenticate(old) is None
        assert await gateway.keys.authenticate(new) is not None
        assert await gateway.keys.revoke("till") == 1
        with pytest.raises(NotFound):
            await gateway.keys.revoke("till")
        assert all(key.revoked_at for key in await gateway.keys.all())


async def test_another_process_refuses_a_revoked_key_once_its_memory_of_it_has_run_out(
    mongo_uri: str, database_name: str
) -> None:
    async with kernel(mongo_uri, database_name) as here:
        there = KeyOperations(ApiKeyStore(here.database))
        secret = await here.keys.create("till", [Scope.INVENTORY_READ])
        assert await there.authenticate(secret) is not None
        await here.keys.revoke("till")
        timer = there._known.timer
        assert there._known.ttl < REVOCATION_SECONDS_MAX
        there._known.expire(timer() + REVOCATION_SECONDS_MAX)
        assert await there.authenticate(secret) is None


async def test_the_last_use_of_a_key_is_noted(mongo_uri: str, database_name: str) -> None:
    async with kernel(mongo_uri, database_name) as gateway:
        secret = await gateway.keys.create("till", [Scope.INVENTORY_READ])
        [unused] = await gateway.keys.all()
        await gateway.keys.authenticate(secret)
        [used] = await gateway.keys.all()
        await gateway.keys.authenticate(secret)
        assert unused.last_used_at is None and used.last_used_at is not None
        assert await gateway.keys.all() == [used]


@pytest.mark.parametrize("name", ["", "a.b", "a:b", "a/b", "x" * 65])
async def test_a_clients_name_is_an_id(mongo_uri: str, database_name: str, name: str) -> None:
    async with kernel(mongo_uri, database_name) as gateway:
        with pytest.raises(InvalidInput):
            await gateway.keys.create(name, [Scope.ADMIN])


async def test_nobody_is_called_what_the_gateway_calls_itself(mongo_uri: str, database_name: str) -> None:
    async with kernel(mongo_uri, database_name) as gateway:
        with pytest.raises(Conflict) as refusal:
            await gateway.keys.create("system", [Scope.ADMIN])
        assert refusal.value.code is Code.TAKEN
        with pytest.raises(InvalidInput):
            await gateway.keys.create("till", [])

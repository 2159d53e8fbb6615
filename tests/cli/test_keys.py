"""`keys`: a key is shown once, listed without its secret, and refused once it is revoked."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gateway.inventory.access import Scope
from tests.cli.processes import command, serving
from tests.kernel import kernel


@pytest.fixture
def settings(mongo_uri: str, database_name: str) -> Mapping[str, str]:
    return {"mongodb_uri": mongo_uri, "mongodb_database": database_name}


async def test_a_key_is_printed_alone_listed_without_its_secret_and_revoked_by_name(
    settings: Mapping[str, str], mongo_uri: str, database_name: str
) -> None:
    scopes = ("--scope", "inventory:read", "--scope", "inventory:write")
    created = await command("keys", "create", "--name", "shop", *scopes, **settings)
    assert (created.code, created.err) == (0, "")
    secret = created.out.removesuffix("\n")
    assert secret.startswith("igw_") and not set(secret) & set(" \n")
    async with kernel(mongo_uri, database_name) as gateway:
        principal = await gateway.keys.authenticate(secret)
        assert principal is not None
        assert (principal.client, principal.scopes) == (
            "shop",
            frozenset({Scope.INVENTORY_READ, Scope.INVENTORY_WRITE}),
        )
    listed = await command("keys", "list", **settings)
    assert "shop" in listed.out and "inventory:write" in listed.out and secret not in listed.out
    assert (await command("keys", "revoke", "shop", **settings)).out == "1 key revoked.\n"
    async with kernel(mongo_uri, database_name) as gateway:
        assert await gateway.keys.authenticate(secret) is None
    again = await command("keys", "revoke", "shop", **settings)
    assert (again.code, again.out) == (1, "")
    assert again.err == "There is no valid key with the name or id 'shop'.\n"


async def test_a_key_without_a_scope_is_refused() -> None:
    refused = await command("keys", "create", "--name", "shop")
    assert (refused.code, refused.out) == (2, "")


async def test_the_first_start_says_how_to_make_a_key_and_the_next_does_not(settings: Mapping[str, str]) -> None:
    async with serving(**settings) as server:
        advice = (await server.logged("keys create")).split()
    assert advice[0] == "inventory-gateway"
    assert (await command(*advice[1:], **settings)).out.startswith("igw_")
    async with serving(**settings) as server:
        assert "API key" not in (await server.stop()).err

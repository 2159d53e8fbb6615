"""A real MongoDB for the whole run, started by the gateway's own code, and a database of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from pymongo import MongoClient

from gateway.store.private_mongod import private_database


@pytest.fixture(scope="session")
async def mongo_uri(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with private_database(tmp_path_factory.mktemp("mongod")) as database:
        yield database.uri


@pytest.fixture(scope="session")
def mongo_client(mongo_uri: str) -> Iterator[MongoClient[dict[str, object]]]:
    with MongoClient[dict[str, object]](mongo_uri, timeoutMS=10_000) as client:
        # The server keeps the files of a dropped database for its history window, five minutes by default: hundreds
        # of databases a run would use up all the files that a process may open.
        client.admin.command({"setParameter": 1, "minSnapshotHistoryWindowInSeconds": 1})
        yield client


@pytest.fixture
def database_name(mongo_client: MongoClient[dict[str, object]]) -> Iterator[str]:
    name = f"test_{uuid4().hex[:12]}"
    yield name
    mongo_client.drop_database(name)

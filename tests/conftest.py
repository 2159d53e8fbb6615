"""A real MongoDB for each process, started by the gateway's own code, and an empty database for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from pymongo import MongoClient

from gateway.store.private_mongod import private_database

# How long an example takes says more about the machine than about us.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(scope="session")
async def mongo_uri() -> AsyncIterator[str]:
    # Gone with the run: it takes 300 MB, and pytest keeps its own directories.
    with TemporaryDirectory(prefix="mongod-") as directory:
        async with private_database(Path(directory)) as database:
            yield database.uri


@pytest.fixture(scope="session")
def mongo_client(mongo_uri: str) -> Iterator[MongoClient[dict[str, object]]]:
    with MongoClient[dict[str, object]](mongo_uri, timeoutMS=60_000) as client:
        # Once a minute it would delete what a test has made at a time that is long past by the server's clock.
        client.admin.command({"setParameter": 1, "ttlMonitorEnabled": False})
        yield client


@contextmanager
def _database(client: MongoClient[dict[str, object]]) -> Iterator[str]:
    name = f"test_{uuid4().hex[:12]}"
    yield name
    client.drop_database(name)


@pytest.fixture(scope="module")
def _database_of_module(mongo_client: MongoClient[dict[str, object]]) -> Iterator[str]:
    with _database(mongo_client) as name:
        yield name


@pytest.fixture(scope="module")
def kept_database(mongo_client: MongoClient[dict[str, object]]) -> Iterator[str]:
    """A database that all tests of a module share and that nobody empties, beside `database_name`."""
    with _database(mongo_client) as name:
        yield name


@pytest.fixture
def database_name(mongo_client: MongoClient[dict[str, object]], _database_of_module: str) -> Iterator[str]:
    """A database without a document.

    The tests of a module use one after the other: to make all collections and indexes anew takes 0.3 seconds, and the
    server keeps the files of a dropped database open for minutes.
    """
    yield _database_of_module
    database = mongo_client[_database_of_module]
    for collection in database.list_collection_names():
        database[collection].delete_many({})

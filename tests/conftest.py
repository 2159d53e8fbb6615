"""A real MongoDB for the whole run, started by the gateway's own code, and a database of its own for each test."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from pymongo import MongoClient

from gateway.store.private_mongod import private_database


FILES_WANTED = 200_000
"""Files that the server may open: it keeps those of a dropped database for minutes, and a run makes hundreds."""


@pytest.fixture(scope="session")
async def mongo_uri(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, PermissionError):
        # Only root may go beyond the hard limit; others get all of it.
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES_WANTED, FILES_WANTED))
    async with private_database(tmp_path_factory.mktemp("mongod")) as database:
        yield database.uri


@pytest.fixture(scope="session")
def mongo_client(mongo_uri: str) -> Iterator[MongoClient[dict[str, object]]]:
    with MongoClient[dict[str, object]](mongo_uri, timeoutMS=10_000) as client:
        yield client


@pytest.fixture
def database_name(mongo_client: MongoClient[dict[str, object]]) -> Iterator[str]:
    name = f"test_{uuid4().hex[:12]}"
    yield name
    mongo_client.drop_database(name)

"""A real MongoDB for each module, started by the gateway's own code, and a database of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from pymongo import MongoClient

from gateway.store.private_mongod import private_database


# One server per module: it keeps the files of a dropped database for minutes, and the hundreds of databases of a whole
# run would use up all the files that a process may open.
@pytest.fixture(scope="module")
async def mongo_uri() -> AsyncIterator[str]:
    # Gone with its module: a database takes 300 MB, and pytest keeps its own directories to the end of the run.
    with TemporaryDirectory(prefix="mongod-") as directory:
        async with private_database(Path(directory)) as database:
            yield database.uri


@pytest.fixture(scope="module")
def mongo_client(mongo_uri: str) -> Iterator[MongoClient[dict[str, object]]]:
    with MongoClient[dict[str, object]](mongo_uri, timeoutMS=10_000) as client:
        yield client


@pytest.fixture
def database_name(mongo_client: MongoClient[dict[str, object]]) -> Iterator[str]:
    name = f"test_{uuid4().hex[:12]}"
    yield name
    mongo_client.drop_database(name)

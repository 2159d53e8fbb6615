"""Making a mongod of our own the primary of its single-member replica set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pymongo import AsyncMongoClient, WriteConcern
from pymongo.errors import OperationFailure, PyMongoError

from gateway.store.mongod_directory import Address
from gateway.store.mongod_process import PortTaken

_POLL_SECONDS = 0.01  # connecting to loopback and `hello` cost well under a millisecond
_COMMAND_SECONDS_MAX = 10.0
_PROBE_SECONDS_MAX = 1.0
# https://github.com/mongodb/mongo/blob/v6.0/src/mongo/base/error_codes.yml
_ALREADY_INITIALIZED = 23
_NOT_YET_INITIALIZED = 94


async def become_primary(address: Address, pid: int) -> None:
    """Initiate the replica set where that is missing and return once the server `pid` is primary.

    The caller sets the time limit and watches the process. Raises PortTaken, or the driver's errors.
    """
    async with _server(address.port, pid) as admin:
        while not (hello := await admin.command("hello")).get("isWritablePrimary"):
            # A server without a configuration may be a new one, or one that has not read its configuration yet.
            if "setName" not in hello:
                await _initiate(admin, address)
            await asyncio.sleep(_POLL_SECONDS)


async def move(port: int, pid: int) -> str | None:
    """Make `port` the member's configured one and return the replica set's name; None where there is none yet.

    For a server started as standalone. mongod must find itself under the configured address when it starts, and gives
    up only after 30 seconds when a program that never answers listens there; so the configuration changes before:
    https://www.mongodb.com/docs/v6.0/tutorial/change-hostnames-in-a-replica-set/
    """
    async with _server(port, pid) as admin:
        configurations = admin.client.local.get_collection("system.replset", write_concern=WriteConcern(1, j=True))
        configuration = await configurations.find_one_and_update({}, {"$set": {"members.0.host": f"127.0.0.1:{port}"}})
        return str(configuration["_id"]) if configuration else None


async def is_primary(address: Address) -> bool:
    """Whether the replica set's primary answers at its address, within a second."""
    try:
        async with asyncio.timeout(_PROBE_SECONDS_MAX):
            await _require_listener(address.port)
            async with _client(address.port) as client:
                hello = await client.admin.command("hello")
    except (OSError, PyMongoError):
        return False
    return hello.get("setName") == address.replica_set and bool(hello.get("isWritablePrimary"))


@asynccontextmanager
async def _server(port: int, pid: int) -> AsyncIterator[Any]:
    """The `admin` database of the server once it listens, certain to be the process that we started."""
    while True:
        try:
            await _require_listener(port)
            break
        except OSError:
            await asyncio.sleep(_POLL_SECONDS)
    async with _client(port) as client:
        status = await client.admin.command("serverStatus")
        if status["pid"] != pid:
            raise PortTaken(f"Port {port} is answered by another MongoDB server (process {status['pid']}).")
        yield client.admin


async def _require_listener(port: int) -> None:
    """Raise OSError when nothing listens: the driver itself would try again for much longer, twice a second."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    await writer.wait_closed()


def _client(port: int) -> AsyncMongoClient[dict[str, Any]]:
    return AsyncMongoClient("127.0.0.1", port, directConnection=True, timeoutMS=int(_COMMAND_SECONDS_MAX * 1000))


async def _initiate(admin: Any, address: Address) -> None:
    try:
        member = {"_id": 0, "host": address.host}
        await admin.command("replSetInitiate", {"_id": address.replica_set, "members": [member]})
    except OperationFailure as error:
        if error.code not in (_ALREADY_INITIALIZED, _NOT_YET_INITIALIZED):
            raise

"""Whether a MongoDB that the operator named can carry the gateway, in words the operator understands."""

from __future__ import annotations

from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import ConfigurationError, OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from gateway.inventory.ports import StorageError

MAJOR_VERSION_MIN = 6
PRIMARY_SECONDS_MAX = 20.0


class DatabaseUnsuitable(StorageError):
    """The database cannot be used; the message says why and what to do."""


async def check_database(uri: str) -> None:
    """Wait up to 20 seconds for a primary, and refuse anything but a MongoDB 6+ replica set.

    Raises DatabaseUnsuitable, whose message never repeats the credentials of the URI.
    """
    try:
        hosts = ", ".join(f"{host}:{port}" for host, port in parse_uri(uri)["nodelist"])
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            uri, serverSelectionTimeoutMS=int(PRIMARY_SECONDS_MAX * 1000), appname="inventory-gateway"
        )
    except (PyMongoError, ValueError) as error:
        raise DatabaseUnsuitable(f"GATEWAY_MONGODB_URI is not a MongoDB connection string: {error}") from None
    try:
        async with client:
            hello = await client.admin.command("hello")
            version = (await client.admin.command("buildInfo"))["versionArray"]
    except OperationFailure as error:
        raise DatabaseUnsuitable(f"The database at {hosts} refused the connection: {_first_line(error)}") from None
    except (PyMongoError, ConfigurationError) as error:
        raise DatabaseUnsuitable(
            f"No primary of the database at {hosts} answered within {PRIMARY_SECONDS_MAX:g} seconds: "
            f"{_first_line(error)}"
        ) from None
    _check(hello, version, hosts)


def _check(hello: dict[str, Any], version: list[int], hosts: str) -> None:
    if version[0] < MAJOR_VERSION_MIN:
        raise DatabaseUnsuitable(
            f"The database at {hosts} is MongoDB {version[0]}.{version[1]}; "
            f"the gateway needs version {MAJOR_VERSION_MIN} or newer."
        )
    if "setName" not in hello:
        kind = "the router of a sharded cluster" if hello.get("msg") == "isdbgrid" else "a standalone server"
        raise DatabaseUnsuitable(
            f"The database at {hosts} is {kind}, but the gateway needs the transactions and change streams of a "
            "replica set; a set of one member is enough. Start mongod with --replSet rs0, run rs.initiate() once, "
            "and add ?replicaSet=rs0 to the URI."
        )


def _first_line(error: Exception) -> str:
    """The driver appends a description of the whole topology after the first comma."""
    return str(error).splitlines()[0].split(", Timeout:")[0][:300]

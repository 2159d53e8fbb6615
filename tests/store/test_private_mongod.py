"""The private mongod on real servers: started once, shared, restarted, never orphaned, never losing a write."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import socket
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import DuplicateKeyError, WriteConcernError

from gateway.store import private_mongod
from gateway.store.mongod_binary import MongodMissing, find_mongod
from gateway.store.mongod_process import MongodFailed
from gateway.store.private_mongod import PrivateDatabase, private_database

LIMIT_SECONDS = 90.0

# Another process that uses the private database until its standard input ends.
USER = """
import asyncio, json, sys
from pathlib import Path
from gateway.store.private_mongod import private_database

async def main():
    async with private_database(Path(sys.argv[1])) as database:
        print(json.dumps({"uri": database.uri, "pid": database.pid}), flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@dataclass
class User:
    process: asyncio.subprocess.Process
    uri: str
    pid: int | None

    async def leave(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        await asyncio.wait_for(self.process.wait(), LIMIT_SECONDS)


@asynccontextmanager
async def another_process(data_dir: Path) -> AsyncIterator[User]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", USER, str(data_dir), stdin=pipe, stdout=pipe)
    try:
        assert process.stdout
        line = await asyncio.wait_for(process.stdout.readline(), LIMIT_SECONDS)
        yield User(process, **json.loads(line))
    finally:
        if process.returncode is None:
            process.kill()
        await asyncio.wait_for(process.communicate(), LIMIT_SECONDS)


async def ended(pid: int) -> None:
    """Wait for the end of a process that is not our child."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(handle, over.set)
    try:
        await asyncio.wait_for(over.wait(), LIMIT_SECONDS)
    finally:
        loop.remove_reader(handle)
        os.close(handle)


async def write(uri: str, *numbers: int) -> None:
    async with AsyncMongoClient[dict[str, Any]](uri, w="majority", timeoutMS=60_000) as client:
        for number in numbers:
            await client.facts.numbers.insert_one({"_id": number})


async def write_at_last(uri: str, number: int) -> None:
    """Write while the server is being replaced: one that shuts down can say that a write may not last."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            try:
                return await write(uri, number)
            except DuplicateKeyError:
                return
            except WriteConcernError:
                continue


async def read(uri: str) -> list[int]:
    async with AsyncMongoClient[dict[str, Any]](uri, timeoutMS=60_000) as client:
        return [fact["_id"] async for fact in client.facts.numbers.find().sort("_id").limit(100)]


def port_of(uri: str) -> int:
    return int(uri.split(":")[2].split("/")[0])


def kill(database: PrivateDatabase) -> None:
    assert database.pid
    os.kill(database.pid, signal.SIGKILL)


async def test_a_fresh_directory_gets_a_primary_that_knows_transactions(tmp_path: Path) -> None:
    async with private_database(tmp_path / "new" / "data") as database:
        async with AsyncMongoClient[dict[str, Any]](database.uri) as client:
            async with client.start_session() as session, await session.start_transaction():
                await client.facts.numbers.insert_one({"_id": 1}, session=session)
        pid = database.pid
        assert await read(database.uri) == [1]
    assert pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert stat.S_IMODE((tmp_path / "new" / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "new" / "data" / "mongod").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "new" / "data" / "mongod.log").stat().st_mode) == 0o600


async def test_a_killed_mongod_is_restarted_at_the_same_address_with_every_acknowledged_write(
    tmp_path: Path,
) -> None:
    async with private_database(tmp_path) as database:
        await write(database.uri, 1, 2, 3)
        first = database.pid
        kill(database)
        await write(database.uri, 4)
        assert await read(database.uri) == [1, 2, 3, 4]
        assert database.pid != first


async def test_a_user_shares_the_owners_server_and_takes_over_when_the_owner_is_killed(
    tmp_path: Path,
) -> None:
    async with another_process(tmp_path) as owner, private_database(tmp_path) as database:
        assert owner.pid and database.pid is None
        assert database.uri == owner.uri
        await write(database.uri, 1)
        owner.process.kill()
        await write_at_last(database.uri, 2)
        assert await read(database.uri) == [1, 2]
        assert database.pid not in (None, owner.pid)


async def test_two_processes_that_start_at_once_on_a_new_directory_run_one_mongod(tmp_path: Path) -> None:
    async with AsyncExitStack() as users:
        entering = (users.enter_async_context(another_process(tmp_path)) for _ in range(2))
        one, other = await asyncio.gather(*entering)
        assert one.uri == other.uri
        assert [one.pid, other.pid].count(None) == 1
        await asyncio.gather(one.leave(), other.leave())


async def test_a_killed_owner_leaves_no_mongod_and_loses_no_write(tmp_path: Path) -> None:
    async with another_process(tmp_path) as owner:
        await write(owner.uri, 1, 2)
        owner.process.kill()
        assert owner.pid
        await ended(owner.pid)
    async with private_database(tmp_path) as database:
        assert await read(database.uri) == [1, 2]
    assert (tmp_path / "mongod.log.1").exists(), "the log of the run before is kept"


async def test_a_lock_left_behind_that_names_an_unrelated_process_harms_neither(tmp_path: Path) -> None:
    bystander = await asyncio.create_subprocess_exec("sleep", "600")
    try:
        (tmp_path / "mongod").mkdir()
        (tmp_path / "mongod" / "mongod.lock").write_text(f"{bystander.pid}\n")
        (tmp_path / "mongod.json").write_text('{"replica_set": "gone", "port"')
        async with private_database(tmp_path) as database:
            await write(database.uri, 1)
        assert bystander.returncode is None
    finally:
        bystander.kill()
        await bystander.wait()


async def test_a_taken_port_is_left_for_another_one_with_the_data_intact_even_after_a_crash(
    tmp_path: Path,
) -> None:
    async with another_process(tmp_path) as owner:
        await write(owner.uri, 1, 2)
        assert owner.pid
        os.kill(owner.process.pid, signal.SIGSTOP)  # or it would restart its mongod
        os.kill(owner.pid, signal.SIGKILL)
        await ended(owner.pid)
    with socket.create_server(("127.0.0.1", port_of(owner.uri))):  # accepts, and never answers
        async with private_database(tmp_path) as database:
            assert port_of(database.uri) != port_of(owner.uri)
            assert await read(database.uri) == [1, 2]


async def test_a_database_that_cannot_be_restarted_is_reported_as_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_mongod, "_RESTART_DELAYS_SECONDS", (0.0, 0.01))
    async with private_database(tmp_path) as database:
        kill(database)
        with taken(port_of(database.uri)), pytest.raises(MongodFailed, match="2 times within a minute"):
            await asyncio.wait_for(database.lost(), LIMIT_SECONDS)


def taken(port: int) -> socket.socket:
    """Take the port of a dying server. The event loop stands still meanwhile, so nobody else can."""
    while True:
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            continue


async def test_a_mongod_that_cannot_start_is_a_failure_that_says_why(tmp_path: Path) -> None:
    (tmp_path / "mongod").mkdir()
    with (tmp_path / "mongod" / "mongod.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(MongodFailed, match=r"(?s)exit code 100.*Another mongod instance"):
            async with private_database(tmp_path):
                pass


def test_without_any_mongod_the_error_names_both_ways_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MongodMissing, match=r"`mongod` is on PATH.*GATEWAY_MONGODB_URI"):
        find_mongod()

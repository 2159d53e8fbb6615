"""One running mongod: started as a child that cannot outlive us, watched, and stopped cleanly."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import structlog
from pymongo.errors import PyMongoError

from gateway.inventory.ports import StorageError
from gateway.store.mongod_log import troubles

Result = TypeVar("Result")

_log = structlog.get_logger(__name__)

_LAUNCHER = str(Path(__file__).with_name("mongod_launcher.py"))
_EXIT_PORT_TAKEN = 48
_STOP_SECONDS_MAX = 20.0
_KILL_SECONDS_MAX = 10.0
_NOTICE_SECONDS = 1.0


class MongodFailed(StorageError):
    """The private mongod did not start, or ended. The text holds the last warnings of its log."""


class PortTaken(MongodFailed):
    """Another program listens on the port."""


@dataclass(frozen=True, slots=True)
class MongodProgram:
    """How mongod is run: the executable, its files, and its cache in gigabytes."""

    binary: Path
    database_path: Path
    log_path: Path
    cache_gigabytes: float

    def command(self, port: int, replica_set: str | None) -> list[str]:
        """The command line; without a replica set it is a standalone server, for repairs."""
        # No authentication: everyone who can log in to this machine can reach loopback, so a machine shared with
        # people who must not see the stock needs a MongoDB of its own. There is no unix socket, whose path would be
        # limited to about 100 characters. The oplog's default is a share of the disk.
        command = [str(self.binary), "--dbpath", str(self.database_path), "--port", str(port)]
        command += ["--bind_ip", "127.0.0.1", "--nounixsocket", "--quiet", "--oplogSize", "1024"]
        command += ["--wiredTigerCacheSizeGB", str(self.cache_gigabytes)]
        command += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
        return [*command, "--replSet", replica_set] if replica_set else command


class MongodProcess:
    """A mongod that gets SIGTERM from the kernel when the thread of this event loop ends (on Linux)."""

    def __init__(self, process: asyncio.subprocess.Process, program: MongodProgram, port: int) -> None:
        self._process = process
        self._program = program
        self.port = port
        self.pid = process.pid

    @classmethod
    async def start(cls, program: MongodProgram, port: int, replica_set: str | None = None) -> MongodProcess:
        """Start mongod; it does not listen yet. Raises MongodFailed when it cannot even be started."""
        # A session of its own keeps the terminal's Ctrl-C from it: it must outlive the work that we still finish.
        launcher = [sys.executable, "-I", "-S", _LAUNCHER, str(os.getpid())]
        try:
            log = os.open(program.log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                process = await asyncio.create_subprocess_exec(
                    *launcher,
                    *program.command(port, replica_set),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            finally:
                os.close(log)
        except OSError as error:
            raise MongodFailed(f"mongod could not be started: {error}") from error
        return cls(process, program, port)

    async def wait(self) -> int:
        """Wait for its end, however long it runs, and return the exit code; a negative one is a signal."""
        return await self._process.wait()

    async def while_running(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The result of `work` on the server. Raises MongodFailed when the server ends first or refuses.

        The caller sets the time limit.
        """
        working, ending = asyncio.ensure_future(work), asyncio.ensure_future(self.wait())
        try:
            await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                try:
                    return working.result()
                except PyMongoError as error:
                    # A lost connection is often noticed a moment before the process's end, which says more.
                    await asyncio.wait({ending}, timeout=_NOTICE_SECONDS)
                    raise self._failure(str(error)) from error
            raise self._failure("it ended before it was ready")
        finally:
            working.cancel()
            ending.cancel()
            await asyncio.gather(working, ending, return_exceptions=True)

    async def stop(self) -> None:
        """End it cleanly, by force after 20 seconds. Its acknowledged writes are safe either way."""
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS_MAX):
                await self._process.wait()
        except TimeoutError:
            _log.warning("private_mongod_killed", pid=self.pid, after_seconds=_STOP_SECONDS_MAX)
            self._process.kill()
            async with asyncio.timeout(_KILL_SECONDS_MAX):
                await self._process.wait()

    def _failure(self, fact: str) -> MongodFailed:
        code = self._process.returncode
        kind = PortTaken if code == _EXIT_PORT_TAKEN else MongodFailed
        state = "" if code is None else f" (exit code {code})"
        log_path = self._program.log_path
        return kind(
            f"The private mongod on port {self.port} failed{state}: {fact}. See {log_path}\n{troubles(log_path)}"
        )

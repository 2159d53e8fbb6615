"""The database of a gateway that was given none: a private mongod, kept running for as long as it is needed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from gateway.store.mongod_binary import find_mongod
from gateway.store.mongod_directory import Address, MongodDirectory
from gateway.store.mongod_log import rotate
from gateway.store.mongod_process import MongodFailed, MongodProcess, MongodProgram
from gateway.store.mongod_start import start_mongod
from gateway.store.replica_set import is_primary

_log = structlog.get_logger(__name__)

_BORROW_POLL_SECONDS = 0.05
_INHERIT_POLL_SECONDS = 0.25
# Waits before the first, second, ... restart within a minute; when all are used up, it is given up.
_RESTART_DELAYS_SECONDS = (0.0, 0.5, 1.0, 2.0, 4.0)
_RESTART_WINDOW_SECONDS = 60.0
_CANCEL_SECONDS_MAX = 60.0


class PrivateDatabase:
    """A private mongod. Its `uri` stays the same through restarts."""

    def __init__(
        self,
        directory: MongodDirectory,
        program: MongodProgram,
        start_seconds_max: float,
        address: Address,
        process: MongodProcess | None,
    ) -> None:
        self.uri = address.uri
        self._directory = directory
        self._program = program
        self._start_seconds_max = start_seconds_max
        self._address = address
        self._process = process
        self._keeper = asyncio.create_task(self._keep(), name="private mongod")

    @property
    def pid(self) -> int | None:
        """The process id of the mongod that this process runs; None while another process runs it."""
        return self._process.pid if self._process else None

    async def lost(self) -> None:
        """Wait, however long, until the database cannot be kept running, and raise why (MongodFailed).

        Returns when the database is closed.
        """
        await asyncio.wait({self._keeper})
        if not self._keeper.cancelled():
            self._keeper.result()

    async def close(self) -> None:
        """Stop the mongod if this process runs it."""
        self._keeper.cancel()
        await asyncio.wait({self._keeper}, timeout=_CANCEL_SECONDS_MAX)
        if self._keeper.done() and not self._keeper.cancelled():
            self._keeper.exception()  # it was logged when it happened
        if self._process:
            await self._process.stop()

    async def _keep(self) -> None:
        try:
            restarts: deque[float] = deque(maxlen=len(_RESTART_DELAYS_SECONDS))
            if self._process is None:
                await self._wait_for_ownership()
                await self._restart(restarts)
            while self._process:
                code = await self._process.wait()
                _log.warning("private_mongod_ended", exit_code=code, log=str(self._program.log_path))
                await self._restart(restarts)
        except Exception:
            _log.exception("private_mongod_lost")
            raise

    async def _wait_for_ownership(self) -> None:
        while True:
            if self._directory.acquire():
                return
            await asyncio.sleep(_INHERIT_POLL_SECONDS)

    async def _restart(self, restarts: deque[float]) -> None:
        """Start it where it was. Raises MongodFailed after too many attempts within a minute."""
        clock = asyncio.get_running_loop().time
        while True:
            recent = sum(clock() - begun < _RESTART_WINDOW_SECONDS for begun in restarts)
            if recent == len(_RESTART_DELAYS_SECONDS):
                raise MongodFailed(f"The private mongod ended {recent} times within a minute and is given up.")
            await asyncio.sleep(_RESTART_DELAYS_SECONDS[recent])
            restarts.append(clock())
            try:
                self._process, _ = await start_mongod(
                    self._directory, self._program, self._start_seconds_max, keep=self._address
                )
            except MongodFailed as error:
                _log.warning("private_mongod_restart_failed", error=str(error))
            else:
                _log.warning("private_mongod_restarted", pid=self.pid)
                return


@asynccontextmanager
async def private_database(
    data_dir: Path, *, cache_gigabytes: float = 0.5, start_seconds_max: float = 60.0
) -> AsyncIterator[PrivateDatabase]:
    """Run the private mongod of `data_dir` while the body runs, or use the one that another process runs there.

    The first user of a data directory starts the server and stops it at the end; a server that dies is restarted on
    the same port. If the first user ends while others still use the server, one of them takes over: their work fails
    with connection errors for a second or two, as it does in a restart, and then goes on. A server never outlives its
    processes, even killed ones (on Linux), and never loses a write that was acknowledged with `w: majority`.

    Every local user can reach the server on loopback, where it asks for no password. Raises MongodMissing,
    MongodFailed (also when it is not primary after `start_seconds_max`) or DirectoryUnusable.
    """
    directory = MongodDirectory(data_dir)
    program = MongodProgram(find_mongod(), directory.database_path, directory.log_path, cache_gigabytes)
    try:
        process, address = await _start_or_borrow(directory, program, start_seconds_max)
        database = PrivateDatabase(directory, program, start_seconds_max, address, process)
        try:
            yield database
        finally:
            await database.close()
    finally:
        directory.release()


async def _start_or_borrow(
    directory: MongodDirectory, program: MongodProgram, seconds_max: float
) -> tuple[MongodProcess | None, Address]:
    try:
        async with asyncio.timeout(seconds_max):
            while not directory.acquire():
                # A record of an earlier run may name a port where now nobody answers, or somebody else.
                if (address := directory.address()) and await is_primary(address):
                    return None, address
                await asyncio.sleep(_BORROW_POLL_SECONDS)
    except TimeoutError as error:
        raise MongodFailed(
            f"Another process owns the private mongod, which was not ready after {seconds_max:g} seconds. "
            f"See {program.log_path}"
        ) from error
    rotate(program.log_path)
    return await start_mongod(directory, program, seconds_max)

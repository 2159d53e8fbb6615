"""From the files of a private database to a primary, whatever the last run left behind."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket

import structlog

from gateway.store.mongod_directory import Address, MongodDirectory
from gateway.store.mongod_log import troubles
from gateway.store.mongod_process import MongodFailed, MongodProcess, MongodProgram, PortTaken
from gateway.store.replica_set import become_primary, move

_log = structlog.get_logger(__name__)

# Below the ports that systems hand out to outgoing connections: one of those could take the port during a restart,
# and a client that keeps knocking at such a port can even connect to itself.
_PORTS = range(20_000, 32_768)
_PORT_ATTEMPTS_MAX = 20
_LEFTOVER_POLL_SECONDS = 0.02
_LEFTOVER_SECONDS_MAX = 20.0


async def start_mongod(
    directory: MongodDirectory, program: MongodProgram, seconds_max: float, keep: Address | None = None
) -> tuple[MongodProcess, Address]:
    """Start the mongod of an owned directory and return once it is primary.

    It listens where it did in the last run, or on another port if that is taken, unless `keep` insists. Raises
    MongodFailed, also when it is not primary after `seconds_max`; whatever was started is stopped then.
    """
    try:
        async with asyncio.timeout(seconds_max):
            return await _start(directory, program, keep)
    except TimeoutError as error:
        raise MongodFailed(
            f"The private mongod was not ready after {seconds_max:g} seconds. See {program.log_path}\n"
            + troubles(program.log_path)
        ) from error


async def _start(
    directory: MongodDirectory, program: MongodProgram, keep: Address | None
) -> tuple[MongodProcess, Address]:
    await _end_leftover(directory)
    recorded = keep or directory.address()
    for _ in range(_PORT_ATTEMPTS_MAX):
        port = recorded.port if recorded else secrets.choice(_PORTS)
        try:
            if not _is_free(port):
                raise PortTaken(f"Port {port} of the private mongod is taken by another program.")
            return await _start_on(port, directory, program)
        except PortTaken:
            if keep:
                raise
            recorded = None
    raise PortTaken(f"No free port for the private mongod after {_PORT_ATTEMPTS_MAX} attempts.")


async def _start_on(port: int, directory: MongodDirectory, program: MongodProgram) -> tuple[MongodProcess, Address]:
    recorded = directory.address()
    if recorded is None or recorded.port != port:
        directory.forget_address()
        name = await _moved(port, directory, program) if directory.has_data else None
        recorded = Address(name or f"gateway-{secrets.token_hex(4)}", port)
    process = await MongodProcess.start(program, port, recorded.replica_set)
    try:
        await process.while_running(become_primary(recorded, process.pid))
        directory.record_address(recorded)
    except BaseException:
        await process.stop()
        raise
    return process, recorded


async def _moved(port: int, directory: MongodDirectory, program: MongodProgram) -> str | None:
    standalone = await MongodProcess.start(program, port)
    try:
        return await standalone.while_running(move(port, standalone.pid))
    finally:
        await standalone.stop()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As mongod does: connections of the last run that still linger do not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


async def _end_leftover(directory: MongodDirectory) -> None:
    """End the mongod of an owner that was killed: the kernel has asked it to end, which may take a second."""
    if (pid := directory.leftover_pid()) is None:
        return
    _log.warning("leftover_mongod_found", pid=pid)
    for ending in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, ending)
            async with asyncio.timeout(_LEFTOVER_SECONDS_MAX):
                while True:
                    if directory.leftover_pid() != pid:
                        return
                    await asyncio.sleep(_LEFTOVER_POLL_SECONDS)
        except ProcessLookupError:
            return
        except TimeoutError:
            _log.warning("leftover_mongod_did_not_end", pid=pid, signal=ending.name)
    raise MongodFailed(f"The mongod of an earlier run (process {pid}) does not end.")

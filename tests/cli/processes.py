"""Running the command line as a user does: real processes, their output and their end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil

START_SECONDS_MAX = 100
"""Two seconds of work, on a machine that does much else."""
READY = "Inventory gateway ready at "


@dataclass(frozen=True)
class Finished:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Serving:
    process: Process
    url: str

    def descendants(self) -> list[psutil.Process]:
        """The server processes and the mongod."""
        children: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return children

    async def logged(self, text: str) -> str:
        """Wait for a line on stderr that contains `text`."""
        assert self.process.stderr is not None
        async with asyncio.timeout(START_SECONDS_MAX):
            async for line in self.process.stderr:
                if text in line.decode():
                    return line.decode()
        raise AssertionError(f"'{text}' was never logged")

    async def stop(self) -> Finished:
        """Send SIGTERM; how the process ended, and what it printed after its ready line."""
        self.process.send_signal(signal.SIGTERM)
        return await finish(self.process)


async def command(*arguments: str, **settings: str) -> Finished:
    """Run a command to its end, with `settings` as GATEWAY_* variables."""
    return await finish(await start(*arguments, **settings))


async def start(*arguments: str, **settings: str) -> Process:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    given = {f"GATEWAY_{name.upper()}": value for name, value in settings.items()}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", *arguments, stdout=PIPE, stderr=PIPE, env={**inherited, **given}
    )


async def finish(process: Process) -> Finished:
    async with asyncio.timeout(START_SECONDS_MAX):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Finished(process.returncode, out.decode(), err.decode())


@asynccontextmanager
async def serving(*arguments: str, **settings: str) -> AsyncIterator[Serving]:
    """A server on a free port, ready when the body begins; ended with everything it started if the body did not."""
    process = await start("serve", "--port", "0", *arguments, **settings)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_SECONDS_MAX):
            line = (await process.stdout.readline()).decode()
        if not line.startswith(READY):
            raise AssertionError((await finish(process)).err)
        yield Serving(process, line.removeprefix(READY).strip())
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await finish(process)


@asynccontextmanager
async def working(**settings: str) -> AsyncIterator[Process]:
    """A worker process, ready when the body begins; ended if the body did not."""
    process = await start("worker", **settings)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_SECONDS_MAX):
            line = (await process.stdout.readline()).decode()
        if not line.startswith("Inventory gateway worker ready"):
            raise AssertionError((await finish(process)).err)
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await finish(process)


async def gone(processes: list[psutil.Process], seconds_max: float) -> bool:
    """Whether all of the processes end in time."""
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, timeout=seconds_max)
    return not alive

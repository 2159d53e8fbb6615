"""A server process as its supervisor sees it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping

from prometheus_client.multiprocess import mark_process_dead

from gateway.metrics import SHARED_DIR_VARIABLE

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 7.5

READY = b"r"


class WorkerProcess:
    """A running process. It ends by itself when the lifeline between the two is cut, whoever of us is killed."""

    def __init__(self, process: Process, lifeline: socket.socket, metrics_dir: str) -> None:
        self._process = process
        self._lifeline = lifeline
        self._metrics_dir = metrics_dir

    @classmethod
    async def start(cls, listener: socket.socket, environment: Mapping[str, str]) -> WorkerProcess:
        """Start a process and wait until it answers requests. Raises WorkerFailed."""
        lifeline, theirs = socket.socketpair()
        lifeline.setblocking(False)
        with theirs:
            fds = (listener.fileno(), theirs.fileno())
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "gateway.serving", *map(str, fds), pass_fds=fds, env=environment, stdin=DEVNULL
            )
        worker = cls(process, lifeline, environment[SHARED_DIR_VARIABLE])
        ready = b""
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(START_SECONDS_MAX):
                    ready = await asyncio.get_running_loop().sock_recv(lifeline, 1)
        finally:
            if ready != READY:
                await worker.stop()
        if ready != READY:
            raise WorkerFailed(worker)
        return worker

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode

    async def ends_before(self, stopping: asyncio.Event) -> bool:
        """Wait for the end of the process or for `stopping`; whether it was `stopping` that came first."""
        ended = asyncio.create_task(self._process.wait())
        stop = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait([ended, stop], return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
            stop.cancel()
        return stopping.is_set()

    async def stop(self) -> None:
        """Cut the lifeline, and wait until the process has ended; kill it when it takes too long."""
        self._lifeline.close()
        try:
            async with asyncio.timeout(STOP_SECONDS_MAX):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        mark_process_dead(self.pid, self._metrics_dir)  # type: ignore[no-untyped-call]


class WorkerFailed(Exception):
    """A server process ended, or hung, before it answered requests; its own log says why."""

    def __init__(self, worker: WorkerProcess) -> None:
        super().__init__(f"A server process could not start (exit code {worker.exit_code}).")
        self.worker = worker

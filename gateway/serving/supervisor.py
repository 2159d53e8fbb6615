"""Several server processes: started together, replaced when one dies, stopped together."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from collections.abc import Callable
from contextlib import suppress

import structlog

from gateway.metrics import SHARED_DIR_VARIABLE
from gateway.serving.worker import WorkerFailed, WorkerProcess
from gateway.settings import Settings

RESTART_SECONDS_FIRST = 0.1
RESTART_SECONDS_MAX = 10.0
STEADY_SECONDS = 60.0

_log = structlog.get_logger(__name__)


class Supervisor:
    """Runs one server process per listener."""

    def __init__(self, settings: Settings, mongodb_uri: str, listeners: list[socket.socket]) -> None:
        self._settings = settings
        self._mongodb_uri = mongodb_uri
        self._listeners = listeners
        self._starting = len(listeners)

    async def run(self, *, stopping: asyncio.Event, on_started: Callable[[], None]) -> None:
        """Keep the processes running until `stopping` is set; call `on_started` once all answer requests.

        Raises WorkerFailed (in an exception group) when one of them cannot start in the first place.
        """
        with tempfile.TemporaryDirectory(prefix="inventory-gateway-metrics-") as metrics_dir:
            environment = self._environment(metrics_dir)

            def on_worker_started() -> None:
                self._starting -= 1
                if not self._starting:
                    on_started()

            async with asyncio.TaskGroup() as tasks:
                for listener in self._listeners:
                    tasks.create_task(self._keep(listener, environment, stopping, on_worker_started))

    def _environment(self, metrics_dir: str) -> dict[str, str]:
        return {
            **os.environ,
            "GATEWAY_MONGODB_URI": self._mongodb_uri,
            "GATEWAY_HOST": self._settings.host,
            "GATEWAY_DATA_DIR": str(self._settings.data_dir),
            SHARED_DIR_VARIABLE: metrics_dir,
        }

    async def _keep(
        self,
        listener: socket.socket,
        environment: dict[str, str],
        stopping: asyncio.Event,
        on_worker_started: Callable[[], None],
    ) -> None:
        worker = await WorkerProcess.start(listener, environment)
        on_worker_started()
        try:
            while not await worker.ends_before(stopping):
                await worker.stop()
                worker = await _replacement(worker, listener, environment, stopping)
        finally:
            await worker.stop()


async def _replacement(
    dead: WorkerProcess, listener: socket.socket, environment: dict[str, str], stopping: asyncio.Event
) -> WorkerProcess:
    """A new process for one that died: at once after a steady life, else ever later."""
    pause = RESTART_SECONDS_FIRST
    while not stopping.is_set():
        _log.error("worker_died", pid=dead.pid, exit_code=dead.exit_code, restart_seconds=pause)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause)
        try:
            worker = await WorkerProcess.start(listener, environment)
            _log.warning("worker_replaced", pid=worker.pid)
            return worker
        except WorkerFailed as error:
            dead = error.worker
            pause = min(pause * 2, RESTART_SECONDS_MAX)
    return dead

"""What a server process runs that was started by a supervisor: `python -m gateway.serving LISTENER_FD LIFELINE_FD`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys

import structlog
import uvloop

from gateway.logs import configure_logging
from gateway.metrics import SHARED_DIR_VARIABLE
from gateway.serving.collector import relieve_collector
from gateway.serving.listeners import allow_many_connections
from gateway.serving.process import run_process
from gateway.serving.stopping import Stopping
from gateway.serving.worker import READY, STOP_SECONDS_MAX
from gateway.settings import Settings

_log = structlog.get_logger(__name__)


async def _work(settings: Settings, listener: socket.socket, lifeline: socket.socket, supervisor: int) -> None:
    """Serve until SIGTERM, or until the lifeline is cut because the supervisor stops or is gone."""
    assert settings.mongodb_uri is not None, "the supervisor names the database"
    stopping = Stopping()
    stopping.on_signals(signal.SIGTERM)

    def on_started() -> None:
        stopping.started()
        relieve_collector()
        with contextlib.suppress(ConnectionError):  # a cut lifeline is the watch's business
            lifeline.send(READY)

    async def watch() -> None:
        await asyncio.get_running_loop().sock_recv(lifeline, 1)
        stopping.request()
        # A supervisor kills what takes longer; one that is gone took the private database with it, and every farewell
        # to that takes as long as a database may take.
        asyncio.get_running_loop().call_later(STOP_SECONDS_MAX + 0.5, _give_up, supervisor)

    watcher = asyncio.create_task(watch(), name="lifeline")
    try:
        uri = settings.mongodb_uri.get_secret_value()
        await run_process(settings, uri, listener, stopping=stopping.event, on_started=on_started)
    finally:
        watcher.cancel()


def _give_up(supervisor: int) -> None:
    _clean_up_behind(supervisor)
    os._exit(1)


def _clean_up_behind(supervisor: int) -> None:
    """If it was killed, it could not clean up itself."""
    if os.getppid() != supervisor:
        shutil.rmtree(os.environ[SHARED_DIR_VARIABLE], ignore_errors=True)


def main(arguments: list[str]) -> None:
    supervisor = os.getppid()
    # Ctrl-C reaches the whole process group; the supervisor alone decides what follows from it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = Settings()
    configure_logging(settings.log_level, json_lines=settings.environment == "production")
    allow_many_connections()
    listener, lifeline = (socket.socket(fileno=int(argument)) for argument in arguments)
    listener.setblocking(False)
    lifeline.setblocking(False)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            uvloop.run(_work(settings, listener, lifeline, supervisor))
    except Exception:
        _log.exception("worker_failed")
        sys.exit(1)
    finally:
        _clean_up_behind(supervisor)


if __name__ == "__main__":
    main(sys.argv[1:])

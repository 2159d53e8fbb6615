"""`serve` from outside: it becomes ready, stops cleanly, and survives the death of its parts."""

from __future__ import annotations

import asyncio
import random
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE
from pathlib import Path

import httpx
import psutil
import pytest

from gateway.serving.listeners import AddressUnavailable, bind_listeners
from gateway.store.mongod_binary import find_mongod
from tests.cli.processes import command, finish, gone, serving, start

CTRL_C_WHILE_IMPORTING = """
import os, signal, sys

class CtrlC:
    def find_spec(self, name, *_):
        if name == "gateway.cli":
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, CtrlC())
from gateway.__main__ import main
main()
"""


async def get_anew(url: str) -> httpx.Response:
    """A request on a connection of its own."""
    async with httpx.AsyncClient(timeout=100) as http:
        return await http.get(url)


def free_port() -> int:
    """Below those that systems hand out: a connection of another test could take one of those meanwhile."""
    while True:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port := random.SystemRandom().randrange(20_000, 32_768)))
            except OSError:
                continue
            return port


async def test_without_a_uri_it_runs_its_own_database_and_leaves_no_process_behind(tmp_path: Path) -> None:
    data_dir = str(tmp_path / "data")
    async with serving("--data-dir", data_dir) as server:
        # Another command finds the running private database through the data directory.
        made = await command("keys", "create", "--name", "shop", "--scope", "admin", "--data-dir", data_dir)
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as http:
            assert (await http.get("/readyz")).text == "ready\n"
            assert (await http.get("/healthz")).status_code == 200
            query = {"query": 'mutation { locationCreate(input: {id: "WH-1"}) { userErrors { code } } }'}
            key = {"Authorization": f"Bearer {made.out.strip()}"}
            answer = await http.post("/graphql", json=query, headers=key)
            assert answer.json() == {"data": {"locationCreate": {"userErrors": []}}}
            assert (await http.post("/graphql", json=query)).status_code == 401
        started = server.descendants()
        assert [Path(process.exe()).name for process in started] == ["mongod"]
        began = time.monotonic()
        finished = await server.stop()
        assert time.monotonic() - began < 20
    assert finished.code == 0
    assert finished.out == "", "the ready line is all that stdout gets"
    assert "Starting a private MongoDB" in finished.err
    assert await gone(started, 0)


async def test_a_server_process_that_dies_is_replaced_and_ctrl_c_ends_all_politely(
    mongo_uri: str, database_name: str
) -> None:
    settings = {"mongodb_uri": mongo_uri, "mongodb_database": database_name}
    async with (
        serving("--workers", "2", **settings) as server,
        httpx.AsyncClient(base_url=server.url, timeout=30) as http,
    ):
        first, second = server.descendants()
        first.kill()
        # Each request has a connection of its own; one that the dead process would have taken waits for the new one.
        await server.logged("worker_died")
        answers = [await get_anew(f"{server.url}/readyz") for _ in range(8)]
        assert {answer.status_code for answer in answers} == {200}
        await server.logged("worker_replaced")
        now = {process.pid for process in server.descendants()}
        assert len(now) == 2 and second.pid in now and first.pid not in now
        exposition = (await http.get("/metrics")).text
        counted = [
            line for line in exposition.splitlines() if 'duration_seconds_count{method="GET",route="/readyz"' in line
        ]
        assert counted == ['gateway_http_request_duration_seconds_count{method="GET",route="/readyz",status="200"} 8.0']
        # A terminal sends Ctrl-C to every process of the group.
        for process in server.descendants():
            process.send_signal(signal.SIGINT)
        server.process.send_signal(signal.SIGINT)
        assert (await finish(server.process)).code == 0


async def test_a_killed_parent_leaves_neither_workers_nor_mongod(tmp_path: Path) -> None:
    async with serving("--workers", "2", "--data-dir", str(tmp_path / "data")) as server:
        started = server.descendants()
        assert len(started) == 3
        server.process.kill()
        # Reads what they still have to say until the last has ended; unread, it would fill the pipe and hold them up.
        assert (await finish(server.process)).code == -signal.SIGKILL
        assert await gone(started, 60)


async def test_it_can_be_stopped_before_it_is_ready(tmp_path: Path) -> None:
    process = await start("serve", "--port", "0", "--data-dir", str(tmp_path / "data"))
    assert process.stderr is not None
    assert b"Starting a private MongoDB" in await process.stderr.readline()
    started = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    await finish(process)
    assert await gone(started, 30)


async def test_ctrl_c_while_everything_is_imported_ends_it_quietly() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CTRL_C_WHILE_IMPORTING, stderr=PIPE, stdout=PIPE
    )
    finished = await finish(process)
    assert (finished.code, finished.out, finished.err) == (-signal.SIGINT, "", "")


async def test_an_address_in_use_is_one_sentence_and_exit_code_1() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        sentence = f"Cannot listen on 127.0.0.1:{port}: Address already in use."
        finished = await command("serve", "--port", str(port))
        assert (finished.code, finished.err) == (1, f"{sentence}\n")
        with pytest.raises(AddressUnavailable, match=sentence):
            bind_listeners("127.0.0.1", port, 2)


def test_two_gateways_with_several_processes_never_share_an_address() -> None:
    listeners = bind_listeners("127.0.0.1", 0, 2)
    try:
        listeners[0].listen()
        with pytest.raises(AddressUnavailable):
            bind_listeners("127.0.0.1", listeners[0].getsockname()[1], 2)
    finally:
        for listener in listeners:
            listener.close()


async def test_a_setting_that_makes_no_sense_is_named() -> None:
    finished = await command("serve", commit_batch_max="many")
    assert finished.code == 2
    assert finished.err.startswith("GATEWAY_COMMIT_BATCH_MAX: ")


async def test_a_secret_key_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    finished = await command("serve", "--data-dir", str(tmp_path), secret_key="hunter2")
    assert (finished.code, finished.out) == (1, "")
    assert finished.err.startswith("GATEWAY_SECRET_KEY is not a Fernet key.")


async def test_a_standalone_server_is_refused_with_what_to_do(tmp_path: Path) -> None:
    port = free_port()
    mongod = await asyncio.create_subprocess_exec(
        find_mongod(),
        "--dbpath",
        tmp_path,
        "--port",
        str(port),
        "--bind_ip",
        "127.0.0.1",
        "--nounixsocket",
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        finished = await command("serve", mongodb_uri=f"mongodb://127.0.0.1:{port}/")
    finally:
        mongod.terminate()
        await mongod.wait()
    assert finished.code == 1
    assert finished.err.startswith(f"The database at 127.0.0.1:{port} is a standalone server")
    assert "rs.initiate()" in finished.err


async def test_a_malformed_uri_is_refused_without_repeating_its_password() -> None:
    finished = await command("serve", mongodb_uri="mongodb+x://user:hunter2@db.example/")
    assert finished.code == 1
    assert "GATEWAY_MONGODB_URI" in finished.err
    assert "hunter2" not in finished.err

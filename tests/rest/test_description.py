"""The API description is true: requests made from it, good and bad, get the answers that it promises."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from gateway.app import create_app
from gateway.health import Health
from gateway.inventory.access import Scope
from tests.kernel import kernel, stock_up

EXAMPLES_PER_OPERATION = 8
RUN_SECONDS_MAX = 200

# However well-formed a request is: a cart that cannot be had is a 400 by design, and a key that was used before a 422.
CONFIG = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "404", "409", "422"]

[[operations]]
include-operation-id = "checkCart"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404"]
"""


@pytest.fixture
async def address(mongo_uri: str, database_name: str) -> AsyncIterator[tuple[str, str]]:
    """The address of a running gateway with some stock, and a key for it."""
    async with kernel(mongo_uri, database_name) as gateway:
        # The tester likes to call things by short names.
        await stock_up(gateway, {"0": {"0": 1_000_000}})
        key = await gateway.keys.create("tester", [Scope.INVENTORY_READ, Scope.INVENTORY_WRITE])
        async with serving(create_app(gateway, Health(gateway.database))) as port:
            yield f"http://127.0.0.1:{port}", key


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[int]:
    """The port on which the application answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # asyncio does it only where it has made the socket; else every answer waits 40 ms for its acknowledgement.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(
            app, lifespan="off", log_level="warning", timeout_graceful_shutdown=1, timeout_keep_alive=300
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await running


async def test_every_answer_is_as_the_description_says(address: tuple[str, str], tmp_path: Path) -> None:
    url, key = address
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)
    arguments = [
        *("--config-file", str(config), "run", f"{url}/v1/openapi.json", "--header", f"Authorization: Bearer {key}"),
        *(
            "--max-examples",
            str(EXAMPLES_PER_OPERATION),
            "--seed",
            "1",
            "--no-color",
            "--phases",
            "coverage,fuzzing,stateful",
        ),
    ]
    tester = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", *arguments),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(RUN_SECONDS_MAX):
            output, _ = await tester.communicate()
    finally:
        if tester.returncode is None:
            tester.kill()
            await tester.wait()
    assert tester.returncode == 0, output.decode()

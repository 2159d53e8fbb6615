"""`inventory-gateway worker`: it says how it fares where it was given an address, and nowhere else."""

from __future__ import annotations

import asyncio
import re
import signal
from pathlib import Path

import httpx
import psutil

from gateway.settings import Settings
from tests.cli.processes import START_SECONDS_MAX, finish, start, working


async def test_a_worker_with_a_port_answers_probes_and_metrics_only(mongo_uri: str, database_name: str) -> None:
    process = await start("worker", "--port", "0", mongodb_uri=mongo_uri, mongodb_database=database_name)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_SECONDS_MAX):
            line = (await process.stdout.readline()).decode()
        url = line.removeprefix("Inventory gateway worker ready at ").strip()
        async with httpx.AsyncClient(base_url=url, timeout=30) as http:
            assert (await http.get("/healthz")).text == "ok\n"
            assert (await http.get("/readyz")).text == "ready\n"
            assert "gateway_outbox_lag_seconds" in (await http.get("/metrics")).text
            assert (await http.post("/graphql", json={"query": "{ __typename }"})).status_code == 404
    finally:
        process.send_signal(signal.SIGTERM)
        ended = await finish(process)
    assert (ended.code, ended.err) == (0, "")


async def test_a_worker_without_a_port_listens_nowhere(mongo_uri: str, database_name: str) -> None:
    async with working(mongodb_uri=mongo_uri, mongodb_database=database_name) as process:
        open_sockets = psutil.Process(process.pid).net_connections("inet")
        assert [some for some in open_sockets if some.status == psutil.CONN_LISTEN] == []


def test_the_image_asks_serve_and_worker_for_their_health_where_they_answer() -> None:
    text = (Path(__file__).parents[2] / "Dockerfile").read_text()
    [port] = re.findall(r"http://127\.0\.0\.1:(\d+)/healthz", text)
    assert Settings.model_fields["port"].default == int(port)
    assert f"GATEWAY_WORKER_PORT={port}" in text

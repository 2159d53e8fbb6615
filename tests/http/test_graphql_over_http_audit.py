"""The public audit suite of GraphQL over HTTP: https://github.com/graphql/graphql-http"""

import asyncio
import json
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.http.conftest import StartServer

AUDITS_MIN = 61
SCRIPT = Path(__file__).with_name("audit.mjs")
NPM_SECONDS_MAX = 100
AUDIT_SECONDS_MAX = 100


async def run(*command: str, cwd: Path, seconds_max: float) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(seconds_max):
            out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode()
    return out


async def audit_folder(npm: str) -> Path:
    """Install the suite once per machine; a script imports packages from the folder it stands in."""
    folder = Path(tempfile.gettempdir()) / "inventory-gateway-graphql-audit"
    folder.mkdir(exist_ok=True)
    if not (folder / "node_modules" / "graphql-http").exists():
        packages = ("graphql-http@^1.22", "graphql@^16")
        await run(npm, "install", "--no-audit", "--no-fund", *packages, cwd=folder, seconds_max=NPM_SECONDS_MAX)
    shutil.copy(SCRIPT, folder)
    return folder


async def test_every_audit_of_graphql_over_http_is_passed(start_server: StartServer) -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("needs Node and npm")
    folder = await audit_folder(npm)
    # The suite asks for a type by introspection, which only development answers.
    server = await start_server(development=True)
    out = await run(node, SCRIPT.name, server.graphql, cwd=folder, seconds_max=AUDIT_SECONDS_MAX)
    outcomes = json.loads(out)
    failed = [outcome for outcome in outcomes if outcome["status"] != "ok"]
    assert not failed
    assert len(outcomes) >= AUDITS_MIN

"""The session against a hostile server: where it may connect, and how much it takes."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from connectors.addresses import is_permitted
from connectors.errors import Permanent, Retriable, Unreachable
from connectors.exchange import Request
from connectors.session import HttpSession
from tests.connectors.conftest import LOCAL

MEGABYTE = 1024 * 1024


async def large(request: web.Request) -> web.Response:
    return web.Response(body=b"x" * 2 * MEGABYTE)


async def bomb(request: web.Request) -> web.Response:
    packed = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(packed.compress(b"\0" * MEGABYTE) for _ in range(200)) + packed.flush()
    return web.Response(body=body, headers={"Content-Encoding": "gzip"})


async def packed(request: web.Request) -> web.Response:
    return web.Response(body=gzip.compress(b'{"a": 1}'), headers={"Content-Encoding": "gzip"})


async def elsewhere(request: web.Request) -> web.Response:
    return web.Response(
        status=302, headers={"Location": "http://169.254.169.254/latest/meta-data", "Set-Cookie": "a=1"}
    )


async def garbled(request: web.Request) -> web.Response:
    return web.Response(body=b"no gzip at all", headers={"Content-Encoding": "gzip"})


@pytest.fixture
async def server() -> AsyncIterator[str]:
    application = web.Application()
    for handler in (large, bomb, packed, elsewhere, garbled):
        application.add_routes([web.get(f"/{handler.__name__}", handler)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def local() -> AsyncIterator[HttpSession]:
    async with HttpSession(allowed_networks=LOCAL, body_bytes_max=MEGABYTE, total_seconds=30) as session:
        yield session


def get(url: str) -> Request:
    return Request(method="GET", url=url)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:10.0.0.1]"]
)
async def test_private_addresses_are_refused_at_once(host: str, server: str) -> None:
    port = server.rpartition(":")[2]
    async with HttpSession() as session:
        with pytest.raises(Permanent, match="private network"):
            await session.send(get(f"http://{host}:{port}/packed"))


@pytest.mark.parametrize(
    ("address", "permitted"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("192.168.1.10", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:192.168.1.10", False),
        ("64:ff9b::c0a8:10a", False),
        ("2002:c0a8:10a::1", False),
        ("64:ff9b:1::c0a8:10a", False),
        ("::ffff:0:192.168.1.10", False),
        ("::192.168.1.10", False),
        ("fec0::1", False),
    ],
)
def test_only_public_addresses_are_permitted(address: str, permitted: bool) -> None:
    assert is_permitted(address, []) is permitted


def test_an_allowed_network_is_permitted_and_its_neighbour_is_not() -> None:
    assert is_permitted("127.3.2.1", LOCAL)
    assert not is_permitted("10.0.0.1", LOCAL)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://shop.example/", "gopher://x", "shop.example", "http://"])
async def test_only_http_and_https_are_spoken(local: HttpSession, url: str) -> None:
    with pytest.raises(Permanent):
        await local.send(get(url))


async def test_a_line_break_in_a_credential_is_not_sent(local: HttpSession, server: str) -> None:
    with pytest.raises(Permanent, match="line break"):
        await local.send(Request(method="GET", url=f"{server}/packed", headers={"X-Token": "a\r\nHost: b"}))


async def test_a_redirect_is_an_answer_and_not_followed(local: HttpSession, server: str) -> None:
    assert (await local.send(get(f"{server}/elsewhere"))).status == 302


async def test_a_packed_answer_is_unpacked(local: HttpSession, server: str) -> None:
    assert (await local.send(get(f"{server}/packed"))).json() == {"a": 1}


@pytest.mark.parametrize("path", ["large", "bomb"])
async def test_an_answer_that_is_too_large_is_dropped(local: HttpSession, server: str, path: str) -> None:
    with pytest.raises(Retriable, match="larger than"):
        await local.send(get(f"{server}/{path}"))


async def test_a_garbled_answer_is_no_answer(local: HttpSession, server: str) -> None:
    with pytest.raises(Unreachable):
        await local.send(get(f"{server}/garbled"))


async def test_a_closed_port_and_an_unknown_name_are_unreachable(local: HttpSession) -> None:
    listener = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    closed, unknown = f"http://127.0.0.1:{port}/", "http://no-such-name.invalid/"
    for url, why in ((closed, "it refuses the connection"), (unknown, "its name is not known")):
        with pytest.raises(Unreachable, match=why):
            await local.send(get(url))


async def test_errors_do_not_repeat_the_query(local: HttpSession) -> None:
    with pytest.raises(Unreachable) as failed:
        await local.send(get("http://no-such-name.invalid/?consumer_secret=cs_hidden"))
    assert "cs_hidden" not in str(failed.value)

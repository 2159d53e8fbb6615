"""Servers whose certificate is from the company's own authority, over real TLS."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from connectors import CONNECTORS
from connectors.client import ChannelClient
from connectors.config import InvalidConfig, read_config
from connectors.errors import Unreachable
from connectors.session import HttpSession
from tests.connectors.cases.sap_business_one import CASE
from tests.connectors.conftest import LOCAL


@dataclass
class Certified:
    """A key, and its certificate for 127.0.0.1."""

    key: EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, name: str, issuer: "Certified | None" = None) -> "Certified":
        """Self-signed, unless there is an issuer."""
        key, now = generate_private_key(SECP256R1()), datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = (
            x509.CertificateBuilder(issuer.certificate.subject if issuer else subject, subject, key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca="authority" in name, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        )
        return cls(key, made.sign(issuer.key if issuer else key, hashes.SHA256()))

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def server(self, folder: Path) -> ssl.SSLContext:
        secret = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        (folder / "server.pem").write_text(secret + self.pem)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(folder / "server.pem")
        return context


AUTHORITY = Certified.make("own authority")
VOUCHED_FOR = Certified.make("service layer", AUTHORITY)
SELF_SIGNED = Certified.make("service layer")


async def login(request: web.Request) -> web.Response:
    answer = web.json_response({"SessionTimeout": 30})
    answer.set_cookie("B1SESSION", "session-1")
    return answer


async def nothing(request: web.Request) -> web.Response:
    return web.json_response({"value": []})


@asynccontextmanager
async def serving(certified: Certified, folder: Path) -> AsyncIterator[str]:
    application = web.Application()
    application.add_routes([web.post("/b1s/v2/Login", login), web.get("/b1s/v2/Items", nothing)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certified.server(folder)).start()
        yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def entered(url: str, **more: Any) -> dict[str, Any]:
    return {**CASE.entered, "base_url": url, **more}


async def items(settings: dict[str, Any]) -> int:
    connector = CONNECTORS["sap-business-one"]
    config = read_config(connector.config_type, settings)
    async with HttpSession(allowed_networks=LOCAL) as session:
        page = await ChannelClient(connector, config, session).run(connector.read_catalog(config, None))
    return len(page.entries)


@pytest.mark.parametrize(("server", "entry"), [(VOUCHED_FOR, AUTHORITY), (SELF_SIGNED, SELF_SIGNED)])
async def test_an_authority_of_ones_own_is_trusted_where_it_was_entered(
    tmp_path: Path, server: Certified, entry: Certified
) -> None:
    async with serving(server, tmp_path) as url:
        assert await items(entered(url, ca_pem=entry.pem)) == 0


@pytest.mark.parametrize("more", [{}, {"ca_pem": SELF_SIGNED.pem}], ids=["none", "another"])
async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, more: dict[str, str]) -> None:
    async with serving(VOUCHED_FOR, tmp_path) as url:
        with pytest.raises(Unreachable, match="its certificate is not trusted"):
            await items(entered(url, **more))


@pytest.mark.parametrize(
    "text", ["", "/etc/ssl/ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_what_is_no_certificate_is_refused_at_once(text: str) -> None:
    with pytest.raises(InvalidConfig, match="ca_pem"):
        read_config(CONNECTORS["sap-business-one"].config_type, entered("https://sap.example", ca_pem=text))

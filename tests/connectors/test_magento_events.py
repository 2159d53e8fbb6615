"""Adobe's I/O Events: what proves them, and where the keys for it come from."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from connectors.config import read_config
from connectors.errors import Permanent, Retriable, Throttled, Untrusted
from connectors.exchange import Notification, headers_of
from connectors.messages import OrderReference
from connectors.platforms.magento import Magento
from connectors.public_keys import KEPT_SECONDS, PACE, PublicKeys
from connectors.session import HttpSession
from connectors.simulated import SimulatedMagento
from connectors.simulated.magento import KEY
from tests.connectors.case import NOW
from tests.connectors.cases.magento import CASE
from tests.connectors.conftest import STOCK
from tests.connectors.quick_time import QuickTime

CONNECTOR = Magento()
CONFIG = read_config(CONNECTOR.config_type, {**CASE.entered, "recipient_client_id": "ca7b36f23be94dcb9d2ebb97f0276e3f"})
FIRST, SECOND = "/prod/keys/pub-key-a1.pem", "/prod/keys/pub-key-b2.pem"
BODY = (
    b'{"specversion":"1.0","id":"23f76cef-9f14-44b1-bbd0-29995789c98e","type":"com.adobe.commerce.observer'
    b'.sales_order_save_commit_after","recipientclientid":"ca7b36f23be94dcb9d2ebb97f0276e3f","data":{"key"'
    b':"31a86bbd","value":{"entity_id":1042}}}'
)
# Of `openssl genrsa 2048`; each signature is what `openssl dgst -sha256 -sign` makes of the body with it.
PUBLIC_KEY = b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEApJ9dCUdgDrKZMXOqSBVe
pOLryMfVbXRtJgZSyU+sEFl+mUCjX1fmJs7HPnnD6m+ceUVjrOXg1K4MNaCT7ZIl
3ZAgt4qUIyhgJnB+5GDgUbp1yufUOaKmlwC4/wzrv7fly7Z3x53nGjrO4iy89IQL
P7g2GMy2N1nSDw+0poToQHIZ6ixYerriFpmaIL1/wNOscHrmiPBLh5GnIdjE9Fci
pkwdN2W8PryY1OoM9jf1d3X4/RpBvTu9xO2/zYm2gXgeduAETg72edXIPIrUitSA
Y+QVkG/9FKLzT44LljzlaFBWxSLqUXYcPRbi3aKSFuhWlhYaxuRSiq2hAz1Ky/7k
aQIDAQAB
-----END PUBLIC KEY-----
"""
SIGNATURE = (
    "HHDZddiJMpzJDOQOIGTnmmxdyNa4yyB1+2PnflvI1ys8iPI6lylJNmJun+CsY9pIilzZhhvIInym94nm+4Xb8IJUoAV3VcXD6/D4"
    "OJNX1bAPO0qcybHF+SUvB2XC+5VsnOhrsCYIcxUmujrWPy6akdxTNIa2D+pVoy+5FzAy6tnqh9u8mpM3wVfijIRnRAqBy0Mz4OKU"
    "oWbWTk5XzgB6jOHvqrsdxkYvKaCLpYB5Px5YymMorf2SmXeYoWCvnJ7Rz8xxpEALj9uLlyqeMetF2LotnqbQKH89ngLOrPIDzy/9"
    "J/9wcg0g/GhbcP7efu8JEBImF2qaYiTs4b01z4X9SA=="
)
# The same with `-sha1`, and with `-sigopt rsa_padding_mode:pss`.
SIGNATURE_SHA1 = (
    "dMy9FrMFX8BauXqSz+Rj5dv+q+eiKJSvdkNk/wTOiO+NjBRKujkfC7sP+2t0PPJq0QOA+6SyYIAVvSoGhFgjtIW1aOcmNt/B57B5"
    "lO9oY709ozDf9nAAP1mKA0KECOGhjYWgQKXq56FmgAKPeaccrrWadUGDyPt3VUHYPBvWGtu6yIPockFwkWzdDdnJ6e8q8TVEMnCb"
    "iv7AYg34B2oGdDRXqkDFBpGya8meT8e76XkxYZ7kvwSdzp/O/+BJLQ1+UYn9hCiGuPTzQNR5/HLXZm3wj48OezL09NbBesPk82Lt"
    "N6ZiV+UGTChtPhVSUg76WEh2dXO8eXMGwnslwb4gCg=="
)
SIGNATURE_PSS = (
    "jkP6ulaEjaqQ5qIXP/YrKLHdKTuoNNZu/ZeosqtJm+S37HaHTstpg0vq2XysSjvFgmEOld+gHDx6Imm4y1LKcJxSyGRjOSEg+VdL"
    "NYT0GTR15LRfAPqyww9deMHmR29ND9zjP5+jqH2calvg1iq7Vra7Z7f7Mn2/w8IJrL/w0TmUD13gsHFf8x2F9wvKuciaHoW3+ewU"
    "5PSCO+sUEGcbM29NtQQvLfnq56jVBYCDaJaymOALBIOitW6wKRd6sqEZYrVEXpTuB2GEKNuqN6bz9BLyQbUSoIGnzImMvc6sCOlc"
    "OOOaciur9CZSQ3FsDgn2uW4IVcvrhfZlaD6RFigkFw=="
)


def event(
    first: str = "", second: str = "", *, body: bytes = BODY, paths: tuple[str, str] = (FIRST, SECOND)
) -> Notification:
    headers = {
        "X-Adobe-Digital-Signature-1": first,
        "X-Adobe-Digital-Signature-2": second,
        "X-Adobe-Public-Key1-Path": paths[0],
        "X-Adobe-Public-Key2-Path": paths[1],
    }
    keys = {path: PUBLIC_KEY for path in paths}
    return Notification(body=body, headers=headers_of(headers), received_at=NOW, public_keys=keys)


@pytest.mark.parametrize("genuine", [event(SIGNATURE), event("b2xk", SIGNATURE), event(SIGNATURE, "no base64!")])
def test_one_of_the_two_signatures_must_fit(genuine: Notification) -> None:
    (message,) = CONNECTOR.receive(CONFIG, genuine)
    assert isinstance(message, OrderReference) and message.order_id == "1042"


@pytest.mark.parametrize(
    "forged",
    [
        event(),
        event("no base64!", "b2xk"),
        event(SIGNATURE, body=BODY.replace(b"1042", b"1043")),
        event(SIGNATURE_SHA1),
        event(SIGNATURE_PSS),
        replace(event(SIGNATURE), public_keys={}),
        replace(event(SIGNATURE), public_keys={FIRST: b"no key"}),
        replace(event(SIGNATURE), public_keys={"": PUBLIC_KEY}),
        replace(event(), url="https://gw.example/webhooks/m?token=token-1"),
    ],
)
def test_nothing_else_is_believed(forged: Notification) -> None:
    with pytest.raises(Untrusted, match="does not fit"):
        CONNECTOR.verify(CONFIG, forged)


def test_an_event_for_somebody_else_is_genuine_and_refused_all_the_same() -> None:
    other = CONFIG.model_copy(update={"recipient_client_id": "another"})
    with pytest.raises(Untrusted, match="another recipient"):
        CONNECTOR.verify(other, event(SIGNATURE))


def test_only_adobes_own_keys_are_asked_for() -> None:
    base = "https://static.adobeioevents.com"
    assert CONNECTOR.key_addresses(CONFIG, event()) == {FIRST: base + FIRST, SECOND: base + SECOND}
    foreign = ("/prod/keys/../pub-key-a1.pem", "@evil.example/prod/keys/pub-key-a1.pem")
    assert CONNECTOR.key_addresses(CONFIG, event(paths=foreign)) == {}
    assert CONNECTOR.key_addresses(CASE.config(), event()) == {}, "without the client id the address is the proof"


def test_the_challenge_is_answered_with_itself() -> None:
    asked = Notification(body=b"", headers=headers_of(), received_at=NOW, url="https://gw.example/m?challenge=8ec8d794")
    reply = CONNECTOR.handshake(CONFIG, asked)
    assert reply is not None and (reply.status, reply.body, reply.content_type) == (200, b"8ec8d794", "text/plain")
    for url in ("https://gw.example/m", "https://gw.example/m?challenge=%3Cscript%3E"):
        assert CONNECTOR.handshake(CONFIG, replace(asked, url=url)) is None


@pytest.fixture
async def shop() -> AsyncIterator[SimulatedMagento]:
    async with SimulatedMagento(STOCK, signs_events=True) as shop:
        yield shop


async def test_a_key_is_fetched_once_a_day(shop: SimulatedMagento, session: HttpSession) -> None:
    time = QuickTime()
    keys = PublicKeys(session, time.clock)
    for _ in range(3):
        assert (await keys.of({"a": shop.url + KEY}))["a"].startswith(b"-----BEGIN PUBLIC KEY-----")
    assert len(shop.requests) == 1
    await time.sleep(KEPT_SECONDS + 1)
    await keys.of({"a": shop.url + KEY})
    assert len(shop.requests) == 2


async def test_one_key_of_two_is_enough_and_none_is_an_error(shop: SimulatedMagento, session: HttpSession) -> None:
    keys = PublicKeys(session)
    assert (await keys.of({"old": f"{shop.url}/gone.pem", "new": shop.url + KEY})).keys() == {"new"}
    assert await keys.of({}) == {}
    with pytest.raises(Permanent):
        await keys.of({"old": f"{shop.url}/gone.pem"})
    shop.keys_missing = True
    with pytest.raises(Retriable):
        await PublicKeys(session).of({"new": shop.url + KEY})


async def test_strangers_cannot_have_keys_fetched_without_end(shop: SimulatedMagento, session: HttpSession) -> None:
    keys = PublicKeys(session, QuickTime().clock)
    await keys.of({"a": shop.url + KEY})
    for number in range(1, int(PACE.burst)):
        with pytest.raises(Permanent):
            await keys.of({"a": f"{shop.url}/prod/keys/pub-key-{number}.pem"})
    with pytest.raises(Throttled):
        await keys.of({"a": f"{shop.url}/prod/keys/pub-key-more.pem"})
    assert len(shop.requests) == PACE.burst
    assert await keys.of({"a": shop.url + KEY}), "a known key is not asked for"

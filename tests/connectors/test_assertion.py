"""Signed assertions, checked with another library than the one that makes them."""

import base64
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from connectors.assertion import ASSERTION_TYPE, JwtAssertion, assertion_algorithm
from connectors.auth import Token
from connectors.errors import AuthExpired, Permanent
from connectors.exchange import Request
from tests.connectors.case import answer, drive

TOKEN_URL = "https://1234567.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"
NOW = 1_795_183_500.9


def pem(key: Any) -> str:
    form, no_password = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    text: bytes = key.private_bytes(serialization.Encoding.PEM, form, no_password)
    return text.decode()


def public_pem(key: Any) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    text: bytes = key.public_key().public_bytes(serialization.Encoding.PEM, form)
    return text.decode()


def auth(key: str) -> JwtAssertion:
    return JwtAssertion(
        token_url=TOKEN_URL,
        client_id="client",
        key_id="certificate",
        private_key_pem=key,
        scope="rest_webservices",
        clock=lambda: NOW,
    )


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def assertion(key: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Header, claims, what was signed, and the signature."""
    (request,), token = drive(auth(key).grant(None), [answer({"access_token": "t", "expires_in": "3600"})])
    assert (token.value, token.lifetime_seconds) == ("t", 3600)
    form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    assert (request.url, form["grant_type"]) == (TOKEN_URL, "client_credentials")
    assert form["client_assertion_type"] == ASSERTION_TYPE
    signed, _, signature = form["client_assertion"].rpartition(".")
    header, _, claims = signed.partition(".")
    return orjson.loads(decoded(header)), orjson.loads(decoded(claims)), signed.encode(), decoded(signature)


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=3072)


def test_an_rsa_assertion_is_signed_with_pss(rsa_key: rsa.RSAPrivateKey) -> None:
    header, claims, signed, signature = assertion(pem(rsa_key))
    assert header == {"typ": "JWT", "alg": "PS256", "kid": "certificate"}
    assert claims == {
        "iss": "client",
        "scope": "rest_webservices",
        "aud": TOKEN_URL,
        "iat": 1_795_183_500,
        "exp": 1_795_183_800,
    }
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    rsa_key.public_key().verify(signature, signed, pss, hashes.SHA256())


@pytest.mark.parametrize(
    ("curve", "algorithm", "digest"),
    [
        (ec.SECP256R1(), "ES256", hashes.SHA256()),
        (ec.SECP384R1(), "ES384", hashes.SHA384()),
        (ec.SECP521R1(), "ES512", hashes.SHA512()),
    ],
)
def test_an_elliptic_assertion_is_signed_as_its_curve_asks(
    curve: ec.EllipticCurve, algorithm: str, digest: hashes.HashAlgorithm
) -> None:
    key = ec.generate_private_key(curve)
    header, _, signed, signature = assertion(pem(key))
    assert header["alg"] == algorithm
    half = len(signature) // 2
    both = utils.encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
    key.public_key().verify(both, signed, ec.ECDSA(digest))


def test_keys_that_cannot_sign_are_refused_without_being_shown() -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    refused = [
        (pem(small), "fewer than 3072"),
        (public_pem(ec.generate_private_key(ec.SECP256R1())), "public key"),
        (pem(ec.generate_private_key(ec.SECP256K1())), "curve secp256k1"),
        ("a secret that is no key", "neither"),
    ]
    for key, reason in refused:
        with pytest.raises(ValueError, match=reason) as error:
            assertion_algorithm(key)
        assert "a secret" not in str(error.value)


def test_a_granted_token_goes_into_the_header_and_a_refusal_names_its_code() -> None:
    key = pem(ec.generate_private_key(ec.SECP256R1()))
    call = Request(method="GET", url="https://x.example/")
    assert auth(key).sign(call, Token("t")).headers == {"Authorization": "Bearer t"}
    assert key not in repr(auth(key))
    with pytest.raises(AuthExpired, match="invalid_grant"):
        drive(auth(key).grant(None), [answer({"error": "invalid_grant"}, 400)])
    with pytest.raises(Permanent, match="scope"):
        auth(key).scoped("other")

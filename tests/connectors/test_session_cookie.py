import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from connectors.auth import Token
from connectors.errors import AuthExpired, Retriable
from connectors.exchange import Request, Response
from connectors.session_cookie import SessionCookie
from tests.connectors.case import answer, drive

SCHEME = SessionCookie(
    login_url="https://erp.example/Login",
    credentials={"UserName": "gw", "Password": "hush hush"},
    cookies=("SESSION", "ROUTE"),
    timeout_field="Timeout",
)


def session(*cookies: str, body: bytes = b'{"Timeout": 30}') -> Response:
    headers = CIMultiDict([("Set-Cookie", cookie) for cookie in cookies])
    return Response(status=200, headers=CIMultiDictProxy(headers), body=body)


def test_a_login_is_carried_by_its_cookies() -> None:
    granted = session("SESSION=8f0e;HttpOnly;", "ROUTE=.node1; path=/b1s", "TRACKING=1")
    (login,), token = drive(SCHEME.grant(None), [granted])
    assert (login.method, login.url) == ("POST", "https://erp.example/Login")
    assert token == Token("SESSION=8f0e; ROUTE=.node1", 1800)
    signed = SCHEME.sign(Request(method="GET", url="https://erp.example/Items"), token)
    assert signed.headers["Cookie"] == "SESSION=8f0e; ROUTE=.node1"


def test_what_was_not_given_is_left_out() -> None:
    _, token = drive(SCHEME.grant(None), [session("SESSION=8f0e", body=b"{}")])
    assert token == Token("SESSION=8f0e", None)


def test_a_wrong_password_is_final_and_a_fault_is_not() -> None:
    with pytest.raises(AuthExpired):
        drive(SCHEME.grant(None), [answer({}, 401)])
    for passing in (answer({}, 503), session("ROUTE=.node1")):
        with pytest.raises(Retriable):
            drive(SCHEME.grant(None), [passing])


def test_the_password_does_not_print() -> None:
    assert "hush hush" not in repr(SCHEME)

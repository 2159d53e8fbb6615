import pytest

from gateway.transport.media_types import ACCEPT_CHARACTERS_MAX, ResponseType, is_json, negotiate

GRAPHQL, JSON, EVENTS, HTML = ResponseType

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("APPLICATION/JSON", JSON),
        ("application/graphql-response+json", GRAPHQL),
        ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", GRAPHQL),
        ("application/json, application/graphql-response+json", GRAPHQL),
        ("application/json, application/graphql-response+json;q=0.9", JSON),
        ("application/graphql-response+json;q=0.5, */*", JSON),
        ("application/graphql-response+json;q=0, application/json", JSON),
        ("*/*, application/json;q=0", GRAPHQL),
        ("text/event-stream", EVENTS),
        ("text/event-stream, application/json;q=0.5", EVENTS),
        (BROWSER, JSON),
        ("text/html", None),
        ("application/jsonx", None),
        ("xapplication/json", None),
        ("application/json+graphql-response", None),
        ("application/json; charset=iso-8859-1", None),
        ("application/json;q=nan", None),
        ("application/json;q=2", None),
        ("application/json; charset*=utf-8''%ff", JSON),
        ("application/json; a*0=b; a*=c", JSON),
        (",;,", None),
        ("*/*," + " " * ACCEPT_CHARACTERS_MAX, None),
    ],
)
def test_the_answer_has_the_type_the_client_prefers(accept: str, chosen: ResponseType | None) -> None:
    assert negotiate(accept, html=False) is chosen


def test_a_page_is_only_for_those_who_ask_for_one() -> None:
    assert negotiate(BROWSER, html=True) is HTML
    assert negotiate("*/*", html=True) is JSON
    assert negotiate("application/json", html=True) is JSON


@pytest.mark.parametrize(
    ("content_type", "accepted"),
    [
        ("application/json", True),
        ("Application/JSON; Charset=UTF-8", True),
        ('application/json;charset="utf-8"', True),
        ("application/json; charset=utf-16", False),
        ("application/json; charset*=utf-8''%ff", True),
        ("application/json; a*0=b; a*=c", True),
        (f"application/json; a*{'9' * 5_000}=b", True),
        ("application/jsonx", False),
        ("application/x-www-form-urlencoded", False),
        ("text/plain; application/json", False),
        ("text/plain", False),
        ("", False),
    ],
)
def test_a_request_body_is_json_in_utf8(content_type: str, accepted: bool) -> None:
    assert is_json(content_type) is accepted

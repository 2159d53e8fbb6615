"""No secret reaches the log, wherever in an event it is."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.redaction import redacted_event

SECRET = "hunter2hunter2"


def redacted(**event: object) -> dict[str, Any]:
    return redacted_event(None, "info", event)


@pytest.mark.parametrize(
    "name", ["password", "api_key", "apiKey", "Authorization", "access_token", "clientSecret", "set-cookie"]
)
def test_a_value_whose_name_says_secret_is_hidden(name: str) -> None:
    assert redacted(**{name: SECRET}) == {name: "***"}
    assert redacted(config={"shop": [{name: [SECRET]}]}) == {"config": {"shop": [{name: "***"}]}}


@pytest.mark.parametrize(
    "text",
    [
        f"igw_{SECRET}",
        f"mongodb://root:{SECRET}@db.example:27017/",
        f"Authorization: Bearer {SECRET}",
        f"basic {SECRET}",
        f"POST /webhooks/odoo?token={SECRET}&db=x HTTP/1.1",
        f"https://queue.example/?X-Amz-Signature={SECRET}",
        f"https://shop.example/?page=2&key.of-key_2={SECRET}",
        f"?{'key' * 400_000} https://shop.example/?Secret={SECRET}",
    ],
)
def test_a_secret_inside_a_text_is_hidden(text: str) -> None:
    assert SECRET not in str(redacted(event=text, exception=f"ValueError: {text}", error=ValueError(text)))


def test_everything_else_is_left_as_it_is() -> None:
    event = {"event": "applied", "sku": "SKU-1", "tokens": 12, "levels": {"WH-1": [1, 2.5, None, True]}}
    assert redacted(**event) == event


def test_a_structure_that_contains_itself_ends() -> None:
    circle: dict[str, Any] = {}
    circle["circle"] = circle
    assert "..." in str(redacted(**circle))

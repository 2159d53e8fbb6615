"""The page about the platforms says what the connectors declare, of every one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors import CONNECTORS, registry
from connectors.base import Connector
from connectors.documentation import documented
from tests.connectors.kiosk import kiosk

PAGE = Path(__file__).parents[2] / "docs" / "platforms.md"
KNOWN = registry([*CONNECTORS.values(), kiosk()])


@pytest.fixture(params=sorted(KNOWN))
def connector(request: pytest.FixtureRequest) -> Connector[Any]:
    return KNOWN[request.param]


def test_the_page_is_what_the_connectors_declare() -> None:
    written = "run `python -m connectors.documentation > docs/platforms.md` to refresh it"
    assert PAGE.read_text() == documented(CONNECTORS.values()), written


def test_every_platform_says_what_an_operator_does_there_and_enters_here(connector: Connector[Any]) -> None:
    assert connector.setup
    assert [step for step in connector.setup if not step.endswith(".")] == []
    fields = connector.config_type.model_fields.items()
    assert [name for name, field in fields if not field.description] == []


def test_a_platform_is_in_the_table_and_has_its_section() -> None:
    page = documented([kiosk()])
    assert "| [Kiosk](#kiosk) | webhooks, signed | set | no | 50 | 10 at once, then 2 a second |" in page
    assert "\n## Kiosk\n\n`kiosk`: " in page
    assert "\n1. Open the kiosk's settings page, and note its token.\n" in page
    assert "| `url` | required | The kiosk's address. |" in page
    assert "| `previous_token` | secret | The one before the last change" in page
    assert "\nA listing is known by `slot`.\n" in page

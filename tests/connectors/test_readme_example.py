"""The worked example of the connectors' README is code, and works."""

import hashlib
import hmac
import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.base import Connector
from connectors.config import read_config
from connectors.exchange import Notification, headers_of
from connectors.messages import OrderEvent
from connectors.updates import Confirmed, Rejected, StockUpdate
from tests.connectors.case import NOW, answer, drive

README = Path(__file__).parents[2] / "connectors" / "README.md"


@pytest.fixture
def kiosk() -> Connector[Any]:
    block = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert block is not None
    names: dict[str, Any] = {"__name__": "kiosk"}
    exec(block[1], names)
    connector: Connector[Any] = names["Kiosk"]()
    return connector


def test_the_example_takes_a_sale_and_offers_stock(kiosk: Connector[Any]) -> None:
    config = read_config(kiosk.config_type, {"url": "https://kiosk.example", "token": "t0ken"})
    body = orjson.dumps({"id": 7, "sku": "MUG", "units": 2, "voided": False, "at": "2026-11-20T14:00:00Z"})
    signature = hmac.new(b"t0ken", body, hashlib.sha256).hexdigest()
    headers = headers_of({"X-Kiosk-Topic": "sale", "X-Kiosk-Signature": signature})
    (event,) = kiosk.receive(config, Notification(body=body, headers=headers, received_at=NOW))
    assert isinstance(event, OrderEvent) and event.lines is not None and event.lines[0].fulfilled == 2

    updates = [
        StockUpdate(platform_ids={"slot": slot}, sku="MUG", quantity=3, idempotency_key=slot) for slot in ("1", "2")
    ]
    (request,), outcomes = drive(kiosk.write_stock(config, updates), [answer({"1": 3})])
    assert orjson.loads(request.body) == {"1": 3, "2": 3}
    assert outcomes == [Confirmed(3), Rejected("slot", "No such slot.")]

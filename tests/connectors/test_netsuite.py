"""NetSuite: how single rows, notifications and answers are read, and what our script sends."""

import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

import connectors
from connectors.config import InvalidConfig, read_config
from connectors.errors import Permanent
from connectors.exchange import Notification, headers_of
from connectors.messages import OrderEvent, OrderReference, OrderStage
from connectors.updates import Confirmed, Deferred, Rejected
from tests.connectors.case import answer, drive
from tests.connectors.cases.netsuite import CASE, error, update

SCRIPT = Path(connectors.__file__).parent / "scripts" / "netsuite" / "inventory_gateway.js"
# What NetSuite gives a script, as far as ours uses it.
HARNESS = """
const nodeCrypto = require('crypto');
let script;
global.define = (names, build) => {
  const https = { post: (request) => process.stdout.write(JSON.stringify(request)) };
  const crypto = {
    HashAlg: { SHA256: 'SHA256' },
    createSecretKey: ({ secret }) => ({ secret }),
    createHmac: ({ algorithm, key }) => {
      if (key.secret !== 'custsecret_inventory_gateway') throw new Error('unknown secret');
      const hmac = nodeCrypto.createHmac(algorithm.toLowerCase(), 'newest script secret');
      return {
        update: ({ input }) => hmac.update(input, 'utf8'),
        digest: () => hmac.digest('hex').toUpperCase(),
      };
    },
  };
  const encode = { Encoding: { UTF_8: 'UTF_8', HEX: 'HEX' } };
  const runtime = {
    accountId: '1234567_SB1',
    getCurrentScript: () => ({ getParameter: () => 'https://gateway.example/webhooks/netsuite' }),
  };
  script = build(https, crypto, encode, runtime, { error: (entry) => process.stderr.write(JSON.stringify(entry)) });
};
require(process.argv[1]);
const record = (type, id, values) => ({ type, id, getValue: ({ fieldId }) => values[fieldId] });
script.afterSubmit(eval(process.argv[2]));
"""


def rows(*found: dict[str, str], more: bool = False) -> Any:
    items = [{"links": [], **row} for row in found]
    return answer({"count": len(items), "hasMore": more, "offset": 0, "totalResults": len(items), "items": items})


def line(**changed: str) -> dict[str, str]:
    row = {
        "id": "48211",
        "tranid": "SO1042",
        "status": "B",
        "modified": "2026-11-20T06:04:03",
        "line": "1",
        "item": "912",
        "counted": "912",
        "sku": "SHIRT : SHIRT-RED-M",
        "quantity": "-2",
        "isclosed": "F",
        "place": "3",
    }
    return row | changed


def read(*lines: dict[str, str], returns: tuple[dict[str, str], ...] = (), **entered: Any) -> OrderEvent:
    config = read_config(CASE.connector.config_type, {**CASE.entered, **entered})
    head = rows({"id": "48211", "type": "SalesOrd", "modified": "2026-11-20T06:04:03"})
    _, event = drive(CASE.connector.read_order(config, "48211"), [head, rows(*lines), rows(*returns)])
    assert event is not None
    return event


def units(event: OrderEvent) -> list[tuple[int, int, int, int]]:
    return [(one.ordered, one.allocated, one.fulfilled, one.released) for one in event.lines or ()]


def test_an_order_is_read_with_its_sku_place_and_time_in_utc() -> None:
    event = read(line())
    assert (event.order_id, event.name, event.status) == ("48211", "SO1042", "pending fulfillment")
    assert event.occurred_at == datetime(2026, 11, 20, 14, 4, 3, tzinfo=UTC)
    assert event.lines is not None
    assert (event.lines[0].sku, event.lines[0].location_id, event.lines[0].line_id) == ("SHIRT-RED-M", "3", "1")


@pytest.mark.parametrize(
    ("changed", "stage", "expected"),
    [
        ({"status": "A"}, OrderStage.PENDING, (2, 0, 0, 2)),
        ({"status": "B"}, OrderStage.OPEN, (2, 2, 0, 0)),
        ({"status": "C"}, OrderStage.CANCELLED, (2, 0, 0, 2)),
        ({"status": "SalesOrd:D", "quantityshiprecv": "1"}, OrderStage.OPEN, (2, 1, 1, 0)),
        ({"status": "F", "quantityshiprecv": "2"}, OrderStage.FULFILLED, (2, 0, 2, 0)),
        ({"status": "H", "quantityshiprecv": "1"}, OrderStage.FULFILLED, (2, 0, 1, 1)),
        ({"status": "B", "isclosed": "T"}, OrderStage.OPEN, (2, 0, 0, 2)),
        ({"status": "Q"}, OrderStage.OPEN, (2, 2, 0, 0)),
        ({"quantity": "-1.5"}, OrderStage.OPEN, (2, 2, 0, 0)),
    ],
)
def test_a_status_says_what_is_held(
    changed: dict[str, str], stage: OrderStage, expected: tuple[int, int, int, int]
) -> None:
    event = read(line(**changed))
    assert (event.stage, units(event)) == (stage, [expected])


def test_returned_units_are_released_where_they_came_in() -> None:
    came_back = {
        "createdfrom": "48211",
        "item": "912",
        "quantityshiprecv": "1",
        "location": "4",
        "modified": "2026-11-20T08:00:00",
    }
    shipped = line(status="F", quantityshiprecv="2")
    event = read(shipped, returns=(came_back,))
    assert units(event) == [(2, 0, 2, 1)] and event.lines is not None and event.lines[0].return_location_id == "4"
    assert event.occurred_at == datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
    assert units(read(shipped, returns=(came_back,), returns_restock=False)) == [(2, 0, 2, 0)]
    # What was never shipped is where it always was.
    event = read(line(status="H", quantity="-3", quantityshiprecv="2"), returns=(came_back,))
    assert units(event) == [(3, 0, 2, 2)] and event.lines is not None and event.lines[0].return_location_id is None


def test_units_that_come_back_are_shared_among_the_lines_of_an_item() -> None:
    came_back = {"createdfrom": "48211", "item": "912", "quantityshiprecv": "3", "modified": "2026-11-20T08:00:00"}
    lines = [line(status="F", quantityshiprecv="2", line=number) for number in "12"]
    assert units(read(*lines, returns=(came_back,))) == [(2, 0, 2, 2), (2, 0, 2, 1)]


def test_a_service_is_no_line_and_a_counted_item_without_a_sku_is_one() -> None:
    service = {name: text for name, text in line(line="2", item="99").items() if name not in ("counted", "sku")}
    nameless = {name: text for name, text in line(line="3").items() if name != "sku"}
    lines = read(line(), service, nameless).lines or ()
    assert [(one.line_id, one.sku) for one in lines] == [("1", "SHIRT-RED-M"), ("3", None)]


def test_an_order_without_stocked_items_has_no_lines_left() -> None:
    head_only = {name: text for name, text in line().items() if name in ("id", "tranid", "status", "modified")}
    assert read(head_only).lines == ()


@pytest.mark.parametrize(
    ("record", "happened", "expected"),
    [
        ("salesorder", "edit", "48277"),
        ("returnauthorization", "approve", "48277"),
        ("itemreceipt", "create", "48211"),
        ("itemfulfillment", "delete", "48211"),
    ],
)
def test_what_was_saved_leads_to_the_order_to_read(record: str, happened: str, expected: str) -> None:
    body = orjson.dumps({"record": record, "happened": happened, "id": "48277", "createdfrom": "48211"})
    (reference,) = CASE.connector.receive(CASE.config(), CASE.notification(body=body))
    assert isinstance(reference, OrderReference) and reference.order_id == expected


def test_a_fulfilment_of_nothing_says_nothing() -> None:
    body = orjson.dumps({"record": "itemfulfillment", "happened": "ship", "id": "48277", "createdfrom": None})
    assert CASE.connector.receive(CASE.config(), CASE.notification(body=body)) == []


def test_an_id_that_is_no_number_never_gets_into_a_statement() -> None:
    body = orjson.dumps({"record": "salesorder", "happened": "edit", "id": "1) OR (1=1", "createdfrom": None})
    with pytest.raises(Permanent):
        CASE.connector.receive(CASE.config(), CASE.notification(body=body))
    with pytest.raises(ValueError, match="invalid literal"):
        drive(CASE.connector.read_order(CASE.config(), "1) OR (1=1"), [])


def test_a_write_without_a_known_change_posts_the_difference_to_what_is_there() -> None:
    absolute = [replace(one, delta=None) for one in CASE.updates]
    there = rows({"item": "912", "location": "3", "quantityavailable": "40.9"}, {"item": "913", "location": "3"})
    flow = CASE.connector.write_stock(CASE.config(), absolute)
    (_, post), outcomes = drive(flow, [there, answer(b"", 204)])
    assert orjson.loads(post.body)["inventory"]["items"][0]["adjustQtyBy"] == 2
    # The second one shows nothing and shall show nothing; the third one is not kept there.
    assert outcomes[:2] == [Confirmed(42), Confirmed(0)]
    assert isinstance(outcomes[2], Rejected) and outcomes[2].code == "not_stocked"


def test_an_adjustment_that_is_there_already_is_confirmed() -> None:
    flow = CASE.connector.write_stock(CASE.config(), CASE.updates[:1])
    (_, look), outcomes = drive(flow, [error(400, "USER_ERROR", "This entity already exists."), answer({"id": "1"})])
    assert look.url.endswith(f"/inventoryAdjustment/eid:{orjson.loads(_.body)['externalId']}")
    assert outcomes == [Confirmed(42)]


def test_a_wrong_account_concerns_the_whole_channel() -> None:
    flow = CASE.connector.write_stock(CASE.config(), CASE.updates)
    missing = error(404, "NONEXISTENT_ID", "no such record")
    with pytest.raises(Permanent, match="account"):
        drive(flow, [error(400, "USER_ERROR", "Invalid Field Value 58 for account", "account"), missing])


def test_a_job_that_takes_long_is_found_again_by_the_same_key() -> None:
    updates = [update(str(number), 5, 1) for number in range(1, 9)]
    accepted = answer(b"", 202, Location="https://x/services/rest/async/v1/job/77")
    working = answer({"id": "77", "completed": False})
    requests, outcomes = drive(CASE.connector.write_stock(CASE.config(), updates), [accepted, *[working] * 4])
    assert all(isinstance(outcome, Deferred) for outcome in outcomes)
    known = replace(error(400, "IDEMPOTENCY_ERROR", "used"), headers=accepted.headers)
    written = rows(*({"externalid": one["externalId"]} for one in orjson.loads(requests[0].body)["items"]))
    again, outcomes = drive(
        CASE.connector.write_stock(CASE.config(), updates),
        [known, answer({"id": "77", "completed": True}), written],
    )
    name = "X-NetSuite-Idempotency-Key"
    assert again[0].headers[name] == requests[0].headers[name]
    assert outcomes == [Confirmed(5)] * 8


@pytest.mark.parametrize(
    ("name", "value"), [("private_key_pem", "not a key"), ("time_zone", "Moon/Base"), ("account_id", "evil.example/x")]
)
def test_settings_that_cannot_work_are_refused_at_once(name: str, value: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        read_config(CASE.connector.config_type, {**CASE.entered, name: value})
    assert [problem.field for problem in refused.value.problems] == [(name,)]


@pytest.mark.skipif(shutil.which("node") is None, reason="Node runs the script")
@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ("({ type: 'create', newRecord: record('salesorder', 48211, {}), oldRecord: null })", "48211"),
        (
            "({ type: 'xedit', newRecord: record('itemfulfillment', 48277, {}), "
            "oldRecord: record('itemfulfillment', 48277, { createdfrom: '48211' }) })",
            "48211",
        ),
    ],
)
def test_what_our_script_sends_is_accepted(context: str, expected: str) -> None:
    ran = subprocess.run(
        ["node", "-e", HARNESS, str(SCRIPT), context], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stderr == ""
    sent = orjson.loads(ran.stdout)
    assert sent["url"] == "https://gateway.example/webhooks/netsuite"
    notification = Notification(
        body=sent["body"].encode(), headers=headers_of(sent["headers"]), received_at=datetime.now(UTC)
    )
    (reference,) = CASE.connector.receive(CASE.config(), notification)
    assert isinstance(reference, OrderReference) and reference.order_id == expected
    assert CASE.connector.delivery_key(notification).startswith("1234567_SB1:")


def test_the_hour_that_its_clock_shows_twice_is_asked_for_twice() -> None:
    """In Los Angeles 02:00 is followed by 01:00 again, at nine o'clock UTC."""
    since = datetime.fromisoformat("2026-11-01T08:57:00Z")
    (request,), _ = drive(
        CASE.connector.read_orders(CASE.config(), None, since), [answer({"items": [], "hasMore": False})]
    )
    assert "t.lastmodifieddate >= TO_DATE('2026-11-01 00:57:00'" in orjson.loads(request.body)["q"]

"""What the cartridge for Salesforce B2C Commerce sends, run by Node with what the platform gives a cartridge."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

import connectors
from connectors.errors import Untrusted
from connectors.exchange import Notification, headers_of
from connectors.messages import MessageKind, OrderReference
from tests.connectors.cases.salesforce_commerce_cloud import CASE, event

CARTRIDGE = Path(connectors.__file__).parent / "scripts" / "salesforce_commerce_cloud" / "int_inventory_gateway"
CONFIG = CASE.config()
# What B2C Commerce gives a cartridge, as far as ours uses it. Bytes are written in capitals, to show that ours are not.
HARNESS = """
const nodeCrypto = require('crypto');
const path = require('path');
const Module = require('module');
const [root, action, answer] = process.argv.slice(1);
const said = { calls: [], log: [] };
function Mac(name) {
  if (name !== 'HmacSHA256') throw new Error('unknown: ' + name);
  this.digest = (input, key) => nodeCrypto.createHmac('sha256', key).update(input, 'utf8').digest();
}
Mac.HMAC_SHA_256 = 'HmacSHA256';
const createService = (id, callback) => ({
  call: () => {
    const headers = {};
    const call = { id, headers, method: null, authentication: 'BASIC' };
    const svc = {
      configuration: { credential: { password: 'newest hook secret' } },
      setRequestMethod: (method) => { call.method = method; },
      setAuthentication: (kind) => { call.authentication = kind; },
      addHeader: (name, value) => { headers[name] = String(value); },
    };
    call.body = callback.createRequest(svc);
    said.calls.push(call);
    if (answer === 'throws') throw new Error('no such service');
    if (answer !== 'ok') return { ok: false, status: 'SERVICE_UNAVAILABLE', errorMessage: null };
    return { ok: true, object: callback.parseResponse(svc, { statusCode: 202 }) };
  },
});
const routes = {};
const log = (message, ...rest) => said.log.push([message, ...rest.map(String)]);
const given = {
  'dw/crypto/Encoding': { toHex: (bytes) => bytes.toString('hex').toUpperCase() },
  'dw/crypto/Mac': Mac,
  'dw/svc/LocalServiceRegistry': { createService },
  'dw/system/Logger': { getLogger: () => ({ warn: log }) },
  'dw/system/Site': { current: { ID: 'RefArch' } },
  server: { extend: () => {}, append: (name, step) => { routes[name] = step; }, exports: () => routes },
};
const load = Module._load;
Module._load = function (name, ...rest) {
  if (name in given) return given[name];
  return load.call(this, name.startsWith('*/') ? path.join(root, name.slice(2)) : name, ...rest);
};
const hooks = path.resolve(root, require(path.join(root, 'package.json')).hooks);
const scriptOf = (name) => {
  const hook = require(hooks).hooks.find((one) => one.name === name);
  return require(path.resolve(path.dirname(hooks), hook.script))[name.split('.').pop()];
};
const controller = require(path.join(root, 'cartridge/controllers/CheckoutServices.js'));
const place = (viewData) => controller.PlaceOrder({}, { getViewData: () => viewData }, () => { said.next = true; });
eval(action);
process.stdout.write(JSON.stringify(said));
"""
HOOK = "scriptOf('dw.ocapi.shop.order.modifyPOSTResponse')({ orderNo: '00001042' }, {})"
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node runs the cartridge")


def ran(action: str, answer: str = "ok") -> Any:
    command = ["node", "-e", HARNESS, str(CARTRIDGE), action, answer]
    return orjson.loads(subprocess.run(command, capture_output=True, timeout=60, check=True).stdout)


def notification(call: Any) -> Notification:
    return Notification(body=call["body"].encode(), headers=headers_of(call["headers"]), received_at=datetime.now(UTC))


@needs_node
@pytest.mark.parametrize("action", [HOOK, "place({ orderID: '00001042', error: false })"], ids=["hook", "storefront"])
def test_a_new_order_is_told_and_accepted(action: str) -> None:
    said = ran(action)
    (call,) = said["calls"]
    assert (call["id"], call["method"], said["log"]) == ("inventory.gateway.RefArch", "POST", [])
    (reference,) = CASE.connector.receive(CONFIG, notification(call))
    assert isinstance(reference, OrderReference)
    assert (reference.order_id, reference.kind) == ("00001042", MessageKind.ORDER_CREATED)
    assert CASE.connector.delivery_key(notification(call)).startswith("RefArch:00001042:order.created:")


@needs_node
def test_the_secret_signs_and_is_not_sent() -> None:
    (call,) = ran(HOOK)["calls"]
    assert call["authentication"] == "NONE"
    assert "newest hook secret" not in str(call)


@needs_node
def test_an_order_that_was_not_placed_is_not_told() -> None:
    for view in ("{ error: true, orderID: '00001042' }", "{ error: false }"):
        said = ran(f"place({view})")
        assert said["calls"] == [] and said["next"], "the checkout goes on"


@needs_node
@pytest.mark.parametrize("answer", ["throws", "fails"])
def test_a_gateway_that_does_not_answer_stops_no_checkout(answer: str) -> None:
    said = ran("place({ orderID: '00001042', error: false })", answer)
    assert said["next"] and [line[:2] for line in said["log"]] == [["{0} was not told of: {1}", "00001042"]]


@needs_node
def test_jobs_can_tell_of_changes() -> None:
    (call,) = ran("require('*/cartridge/scripts/inventoryGateway').tell('00001042', 'order.changed')")["calls"]
    (reference,) = CASE.connector.receive(CONFIG, notification(call))
    assert isinstance(reference, OrderReference) and reference.kind is MessageKind.ORDER_UPDATED


# printf '%s' '1795183500.{"event":"order.created","orderNo":"00001042","siteId":"RefArch"}' |
#     openssl dgst -sha256 -hmac 'shared with the cartridge'
SIGNATURE = "e2372ea7c90cbf6b4b3ce18047d4e5d22060d18da0b0c9ad191c76f26a6a7088"


def test_a_signature_is_the_one_that_openssl_makes() -> None:
    entered = {**CASE.entered, "hook_secret": "shared with the cartridge"}
    config = CASE.connector.config_type.model_validate(entered)
    for digest in (SIGNATURE, SIGNATURE.replace("7", "8")):
        headers = {"X-Gateway-Timestamp": "1795183500", "X-Gateway-Signature": f"sha256={digest}"}
        at = datetime.fromtimestamp(1_795_183_600, UTC)
        told = Notification(body=event(), headers=headers_of(headers), received_at=at)
        if digest == SIGNATURE:
            assert len(CASE.connector.receive(config, told)) == 1
        else:
            with pytest.raises(Untrusted):
                CASE.connector.receive(config, told)


def test_another_sites_orders_are_none_of_this_channels() -> None:
    assert CASE.connector.receive(CONFIG, CASE.notification(body=event(site="Outlet"))) == []

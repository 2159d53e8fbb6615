"""Everything that Omnichannel Inventory counts, from exports: a job and a file of JSON lines for each location.

https://developer.salesforce.com/docs/commerce/commerce-api/references/impex?meta=Summary

A line with a location is followed by the records there; the last line is a token for changes, which is not used.
"""

from collections.abc import Iterator
from uuid import UUID

import orjson

from connectors.catalog import ChannelStock, Page
from connectors.errors import Permanent
from connectors.exchange import Flow, Wait
from connectors.platforms.salesforce_commerce_cloud.config import SalesforceConfig
from connectors.platforms.salesforce_commerce_cloud.omnichannel import level_of

PATH = "/availability-records/exports"
LOOKS_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""The pauses between looks at a job; one that takes longer is looked at again by the next page."""
_ENDED = frozenset(("FAILED", "STOPPED", "EXPIRED"))


def read(config: SalesforceConfig, cursor: str | None) -> Flow[Page[ChannelStock]]:
    """One location after the other; a job that is not done yet is a page without entries."""
    position, _, export_id = (cursor or "0").partition(" ")
    place = config.location_ids[int(position)]
    api = config.inventory_api("impex")
    if not export_id:
        begun = yield api.send("POST", PATH, {"objects": {"locations": [place]}}, repeatable=True)
        export_id = begun.json()["exportId"]
    export = f"{PATH}/{UUID(export_id)}"
    for seconds in LOOKS_SECONDS:
        status = (yield from api.read(f"{export}/status"))["status"]
        if status in _ENDED:
            raise Permanent(f"Omnichannel Inventory gave up the export of {place}: {status}")
        if status == "COMPLETED":
            following = int(position) + 1
            body = (yield api.get(f"{export}/file-content")).body
            return Page.of(_levels(body, place), following if following < len(config.location_ids) else None)
        yield Wait(seconds)
    return Page.of((), f"{position} {export_id}")


def _levels(body: bytes, place: str) -> Iterator[ChannelStock]:
    for line in body.splitlines():
        entry = orjson.loads(line) if line.strip() else {}
        if "sku" in entry:
            yield level_of(entry, place)

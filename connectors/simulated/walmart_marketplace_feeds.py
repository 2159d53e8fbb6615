"""A simulated Walmart's feeds: taken at once, worked off after a few looks."""

from email import message_from_bytes
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from connectors.simulated.held import CountsOnHand
from connectors.simulated.walmart_marketplace_models import FeedDocument, FeedItem

LOOKS_UNTIL_DONE = 2

Record = dict[str, Any]


class Feeds:
    """`ends_as` is what becomes of the next ones."""

    def __init__(self, shop: CountsOnHand) -> None:
        self.ends_as = "PROCESSED"
        self._shop = shop
        self._feeds: dict[str, Record] = {}
        self._content: dict[str, bytes] = {}
        self._looks: dict[str, int] = {}

    async def take(self, request: web.Request) -> web.StreamResponse:
        head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
        form = message_from_bytes(head + await request.read())
        files = [part for part in form.walk() if part.get_param("name", header="Content-Disposition") == "file"]
        if request.query.get("feedType") != "MP_INVENTORY" or len(files) != 1:
            return web.json_response({"errors": [{"code": "INVALID_REQUEST_PARAM.GMP_FEED_API"}]}, status=400)
        feed_id = f"F129C19240844B97A3C6AD8F{self._shop.new_id():08}@AU8BAQA"
        self._feeds[feed_id] = {"feedId": feed_id, "feedType": "MP_INVENTORY", "feedStatus": "RECEIVED"}
        self._looks[feed_id] = 0
        content = files[0].get_payload(decode=True)
        self._content[feed_id] = content if isinstance(content, bytes) else b""
        return web.json_response({"feedId": feed_id})

    async def show_all(self, request: web.Request) -> web.StreamResponse:
        """Time goes on with every look."""
        feeds = [self._look(feed_id) for feed_id in self._feeds]
        return web.json_response({"totalResults": len(feeds), "offset": 0, "limit": 50, "results": {"feed": feeds}})

    async def show(self, request: web.Request) -> web.StreamResponse:
        feed = self._look(request.match_info["id"])
        shown = feed.get("details", ()) if request.query.get("includeDetails") == "true" else ()
        return web.json_response({**feed, "itemDetails": {"itemIngestionStatus": list(shown)}})

    def _look(self, feed_id: str) -> Record:
        feed = self._feeds[feed_id]
        self._looks[feed_id] += 1
        if feed["feedStatus"] == "RECEIVED":
            feed["feedStatus"] = "INPROGRESS"
        elif feed["feedStatus"] == "INPROGRESS" and self._looks[feed_id] >= LOOKS_UNTIL_DONE:
            feed["feedStatus"] = self.ends_as
            if self.ends_as == "PROCESSED":
                feed["details"] = self._work_off(feed_id)
        return feed

    def _work_off(self, feed_id: str) -> tuple[Record, ...]:
        try:
            items = FeedDocument.model_validate_json(self._content[feed_id]).inventory
        except ValidationError:
            self._feeds[feed_id]["feedStatus"] = "ERROR"
            return ()
        return tuple(self._write(number, item) for number, item in enumerate(items))

    def _write(self, number: int, item: FeedItem) -> Record:
        result: Record = {"martId": 0, "sku": item.sku, "index": number, "ingestionStatus": "SUCCESS"}
        if not all(self._shop.shelf.has(item.sku, node.shipNode) for node in item.shipNodes):
            error = {"type": "DATA_ERROR", "code": "ERR_INT_DATA_01020010", "description": "The SKU is not set up."}
            return {**result, "ingestionStatus": "DATA_ERROR", "ingestionErrors": {"ingestionError": [error]}}
        for node in item.shipNodes:
            self._shop.count(item.sku, node.shipNode, node.quantity.amount)
        return result

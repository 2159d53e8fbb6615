"""A simulated Amazon's feeds: taken at once, worked off after a while, reported in a compressed document."""

import gzip
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import ValidationError

from connectors.simulated.amazon_seller_central_models import FeedContent, FeedOrder
from connectors.simulated.shelf import Shelf

LOOKS_UNTIL_DONE = 3


@dataclass(slots=True)
class Feeds:
    """`documents` by id, both those uploaded and the reports."""

    shelf: Shelf
    documents: dict[str, bytes] = field(default_factory=dict)
    ends_as: str = "DONE"
    _feeds: dict[str, dict[str, Any]] = field(default_factory=dict)
    _looks: dict[str, int] = field(default_factory=dict)

    def take(self, order: FeedOrder, feed_id: str, created: str) -> None:
        self._feeds[feed_id] = {
            "feedId": feed_id,
            "feedType": order.feedType,
            "marketplaceIds": order.marketplaceIds,
            "createdTime": created,
            "processingStatus": "IN_QUEUE",
        }
        self._looks[feed_id] = 0
        self.documents[f"input-of-{feed_id}"] = self.documents[order.inputFeedDocumentId]

    def look(self, feed_id: str) -> dict[str, Any]:
        feed = self._feeds[feed_id]
        self._looks[feed_id] += 1
        if self._looks[feed_id] < LOOKS_UNTIL_DONE:
            feed["processingStatus"] = "IN_PROGRESS"
        elif feed["processingStatus"] == "IN_PROGRESS":
            feed["processingStatus"] = self.ends_as
            if self.ends_as == "DONE":
                feed["resultFeedDocumentId"] = f"report-of-{feed_id}"
                report = self._work_off(self.documents[f"input-of-{feed_id}"])
                self.documents[feed["resultFeedDocumentId"]] = gzip.compress(orjson.dumps(report))
        return feed

    def search(self, statuses: Container[str]) -> list[dict[str, Any]]:
        """Those in one of these statuses; time goes on for them as with every look."""
        found = [feed_id for feed_id, feed in self._feeds.items() if feed["processingStatus"] in statuses]
        return [feed for feed in map(self.look, found) if feed["processingStatus"] in statuses]

    def _work_off(self, document: bytes) -> dict[str, Any]:
        issues: list[dict[str, Any]] = []
        try:
            content = FeedContent.model_validate_json(document)
        except ValidationError as wrong:
            content, text = None, str(wrong.errors()[0]["loc"])
            issues.append({"messageId": 0, "code": "4000001", "severity": "ERROR", "message": text})
        messages = content.messages if content else []
        for message in messages:
            if self.shelf.has(message.sku, None):
                self.shelf.put(message.sku, None, message.quantity)
            else:
                text = "The SKU does not match any ASIN."
                issues.append({"messageId": message.messageId, "code": "8541", "severity": "ERROR", "message": text})
        summary = {"errors": len(issues), "warnings": 0, "messagesProcessed": len(messages)}
        return {"header": {"sellerId": "A3EXAMPLE1", "version": "2.0"}, "summary": summary, "issues": issues}

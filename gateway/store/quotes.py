"""Quotes as MongoDB documents, and the operator's policy for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError, PyMongoError

from gateway.inventory.quotes import QUOTES, Quote, QuotedLine
from gateway.inventory.requested_lines import RequestedLine
from gateway.planning.quoting import QuotePolicy, QuoteRule
from gateway.store.driver import Database, Document, as_storage_error, is_duplicate_key

KEPT = timedelta(days=90)
"""After its end a quote is kept for so long; what was reserved by it stays."""

QUOTE_INDEXES = [
    IndexModel([("expiresAt", ASCENDING)], expireAfterSeconds=int(KEPT.total_seconds())),
    IndexModel([("createdAt", DESCENDING), ("_id", DESCENDING)]),
]

_POLICY = "quotes"


def quote_document(quote: Quote) -> Document:
    return {
        "client": quote.client,
        "lines": [_line_document(line) for line in quote.lines],
        "policyRevision": quote.policy_revision,
        "fingerprint": quote.fingerprint,
        "expiresAt": quote.expires_at,
        "createdAt": quote.created_at,
        "updatedAt": quote.updated_at,
        "reservationId": quote.reservation_id,
    }


def read_quote(document: dict[str, Any]) -> Quote:
    return Quote(
        id=document["_id"],
        client=document["client"],
        lines=tuple(_read_line(line) for line in document["lines"]),
        policy_revision=document["policyRevision"],
        fingerprint=document["fingerprint"],
        expires_at=document["expiresAt"],
        created_at=document["createdAt"],
        updated_at=document["updatedAt"],
        reservation_id=document["reservationId"],
        revision=document["revision"],
    )


def _line_document(line: QuotedLine) -> Document:
    asked = line.asked
    return {
        "sku": asked.sku,
        "asked": asked.quantity,
        "locationIds": list(asked.location_ids),
        "channelId": asked.channel_id,
        "quantity": line.quantity,
        "discountPercent": str(line.discount_percent),
        "unitPrice": _text(line.unit_price),
        "quotedPrice": _text(line.quoted_price),
        "rule": line.rule,
        "why": list(line.why),
    }


def _read_line(line: dict[str, Any]) -> QuotedLine:
    return QuotedLine(
        RequestedLine(line["sku"], line["asked"], tuple(line["locationIds"]), line["channelId"]),
        line["quantity"],
        Decimal(line["discountPercent"]),
        _decimal(line["unitPrice"]),
        _decimal(line["quotedPrice"]),
        line["rule"],
        tuple(line["why"]),
    )


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


class QuoteStore:
    """New quotes and the policy; the kernel accepts quotes."""

    def __init__(self, database: Database) -> None:
        self._quotes = database[QUOTES]
        self._planning = database["planning"]

    async def get(self, quote_id: str) -> Quote | None:
        try:
            document = await self._quotes.find_one({"_id": quote_id})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return None if document is None else read_quote(document)

    async def insert(self, quote: Quote) -> bool:
        """False where there is one with its id."""
        try:
            await self._quotes.insert_one({**quote_document(quote), "_id": quote.id, "revision": 1})
        except DuplicateKeyError:
            return False
        except PyMongoError as error:
            raise as_storage_error(error) from error
        return True

    async def policy(self) -> QuotePolicy:
        """The policy in force; one without rules until somebody writes one."""
        try:
            document = await self._planning.find_one({"_id": _POLICY})
        except PyMongoError as error:
            raise as_storage_error(error) from error
        if document is None:
            return QuotePolicy()
        rules = tuple(_read_rule(rule) for rule in document["rules"])
        return QuotePolicy(rules, document["validSeconds"], document["revision"], document["updatedAt"])

    async def replace_policy(self, policy: QuotePolicy) -> QuotePolicy | None:
        """Store it in place of its own revision, which rises; None where that is not the newest any more."""
        after = replace(policy, revision=policy.revision + 1)
        document = {
            "rules": [_rule_document(rule) for rule in policy.rules],
            "validSeconds": policy.valid_seconds,
            "revision": after.revision,
            "updatedAt": policy.updated_at,
        }
        known = {"_id": _POLICY, "revision": policy.revision}
        try:
            # A revision that is not the newest is not found, and cannot be inserted beside it either.
            answer = await self._planning.replace_one(known, document, upsert=policy.revision == 0)
        except PyMongoError as error:
            if is_duplicate_key(error):
                return None
            raise as_storage_error(error) from error
        return after if answer.matched_count or answer.upserted_id is not None else None


def _rule_document(rule: QuoteRule) -> Document:
    return {
        "name": rule.name,
        "skus": sorted(rule.skus),
        "tags": sorted(rule.tags),
        "daysOfCoverFrom": rule.days_of_cover_from,
        "daysOfCoverTo": rule.days_of_cover_to,
        "availableFrom": rule.available_from,
        "availableTo": rule.available_to,
        "discountPercent": str(rule.discount_percent),
        "quantityMax": rule.quantity_max,
        "sharePercentMax": rule.share_percent_max,
    }


def _read_rule(document: dict[str, Any]) -> QuoteRule:
    return QuoteRule(
        document["name"],
        frozenset(document["skus"]),
        frozenset(document["tags"]),
        document["daysOfCoverFrom"],
        document["daysOfCoverTo"],
        document["availableFrom"],
        document["availableTo"],
        Decimal(document["discountPercent"]),
        document["quantityMax"],
        document["sharePercentMax"],
    )

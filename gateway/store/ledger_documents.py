"""Ledger entries as MongoDB documents, and back. Short names: the ledger is the one collection that only grows."""

from __future__ import annotations

from gateway.inventory.ledger import Cause, ItemMark, Kind, LedgerEntry, OwedLine, PostedLine
from gateway.inventory.quantities import Bucket
from gateway.inventory.quotas import Draw, Draws
from gateway.store.driver import Document


def entry_document(entry: LedgerEntry) -> Document:
    document: Document = {
        "_id": entry.key,
        "seq": entry.seq,
        "at": entry.at,
        "kind": entry.kind.value,
        "lines": [
            {
                "itemId": line.item_id,
                "sku": line.sku,
                "locationId": line.location_id,
                "bucket": line.bucket.value,
                "delta": line.delta,
                "after": line.after,
            }
            for line in entry.lines
        ],
        "items": [
            {
                "id": mark.item_id,
                "sku": mark.sku,
                "version": mark.version,
                "totalAvailable": mark.total_available,
            }
            for mark in entry.items
        ],
        "actor": entry.cause.actor,
        "request": entry.request,
        "fingerprint": entry.fingerprint,
    }
    cause = entry.cause
    # Absent rather than null, so that their partial indexes hold only the entries that have them.
    optional = {"reason": cause.reason, "reference": cause.reference, "channelId": cause.channel_id}
    document.update((name, value) for name, value in optional.items() if value is not None)
    if entry.draws:
        document["draws"] = draw_documents(entry.draws)
    if entry.owed:
        document["owed"] = [
            {"itemId": line.item_id, "locationId": line.location_id, "delta": line.delta} for line in entry.owed
        ]
    return document


def read_entry(document: Document) -> LedgerEntry:
    return LedgerEntry(
        key=document["_id"],
        seq=document["seq"],
        kind=Kind(document["kind"]),
        lines=tuple(
            PostedLine(
                line["itemId"],
                line["sku"],
                line["locationId"],
                Bucket(line["bucket"]),
                line["delta"],
                line["after"],
            )
            for line in document["lines"]
        ),
        items=tuple(
            ItemMark(mark["id"], mark["sku"], mark["version"], mark["totalAvailable"]) for mark in document["items"]
        ),
        cause=Cause(document["actor"], document.get("reason"), document.get("reference"), document.get("channelId")),
        request=document["request"],
        fingerprint=bytes(document["fingerprint"]),
        draws=read_draws(document),
        owed=read_owed(document),
    )


def draw_documents(draws: Draws) -> list[Document]:
    return [{"quotaId": draw.quota_id, "units": draw.units} for draw in draws]


def read_owed(document: Document) -> tuple[OwedLine, ...]:
    """What is under `owed`; most entries have none."""
    return tuple(OwedLine(line["itemId"], line["locationId"], line["delta"]) for line in document.get("owed", ()))


def read_draws(document: Document) -> Draws:
    """What is under `draws`; documents from before there were quotas have none."""
    return tuple(Draw(draw["quotaId"], draw["units"]) for draw in document.get("draws", ()))

"""Listings as MongoDB documents, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.inventory.channels import Confirmed, Intent, Learned, Listing, ListingError, Place
from gateway.store.driver import Document


def listing_document(listing: Listing) -> Document:
    """A listing that has just been made; what happens to it later is written field by field."""
    terms = id_terms(listing.ids)
    return {
        "_id": listing.id,
        "channelId": listing.channel_id,
        "itemId": listing.item_id,
        "sku": listing.sku,
        # Pairs: a platform's names are no field names of ours. The terms are what its order lines are looked up by.
        "ids": [list(pair) for pair in listing.ids.items()],
        "idTerms": terms,
        "externalId": "&".join(terms),
        "syncedVersion": listing.synced_version,
        "syncedPolicy": listing.synced_policy,
        "confirmed": confirmed_document(listing.confirmed),
        "fence": 0,
        "createdAt": listing.created_at,
    }


def id_terms(ids: Mapping[str, str]) -> list[str]:
    """One text per platform id, sorted."""
    return sorted(f"{name}={value}" for name, value in ids.items())


def confirmed_document(confirmed: Mapping[Place, Confirmed]) -> list[Document]:
    return [
        {"place": place, "quantity": c.quantity, "seq": c.seq, "settlesAt": c.settles_at}
        for place, c in confirmed.items()
    ]


def learned_document(learned: Mapping[Place, Learned]) -> list[Document]:
    return [{"place": place, "units": some.units, "quantile": some.quantile} for place, some in learned.items()]


def intent_document(intent: Intent) -> Document:
    return {
        "batch": intent.batch,
        "position": intent.position,
        "place": intent.place,
        "quantity": intent.quantity,
        "changeFrom": intent.change_from,
        "delta": intent.delta,
        "unseen": intent.unseen,
        "version": intent.version,
        "seq": intent.seq,
        "policy": intent.policy,
        "at": intent.at,
        "settlesAt": intent.settles_at,
        "resyncs": intent.resyncs,
    }


def read_listing(document: dict[str, Any]) -> Listing:
    error = document.get("error")
    return Listing(
        channel_id=document["channelId"],
        item_id=document["itemId"],
        sku=document["sku"],
        ids={name: value for name, value in document["ids"]},
        created_at=document["createdAt"],
        synced_version=document["syncedVersion"],
        synced_policy=document["syncedPolicy"],
        confirmed={c["place"]: Confirmed(c["quantity"], c["seq"], c["settlesAt"]) for c in document["confirmed"]},
        confirmed_at=document.get("confirmedAt"),
        error=None if error is None else ListingError(error["reason"], error["at"]),
        intents=tuple(_read_intent(intent) for intent in document.get("intents", ())),
        attempts=document.get("attempts", 0),
        last_error=document.get("lastError"),
        resyncs=document.get("resyncs", 0),
        learned={at["place"]: Learned(at["units"], at["quantile"]) for at in document.get("learned", ())},
    )


def _read_intent(document: dict[str, Any]) -> Intent:
    return Intent(
        batch=document["batch"],
        position=document["position"],
        place=document["place"],
        quantity=document["quantity"],
        change_from=document["changeFrom"],
        delta=document["delta"],
        unseen=document["unseen"],
        version=document["version"],
        seq=document["seq"],
        policy=document["policy"],
        at=document["at"],
        settles_at=document["settlesAt"],
        resyncs=document.get("resyncs", 0),
    )

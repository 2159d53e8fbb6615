"""Items as MongoDB documents, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateway.inventory.quotas import Quota
from gateway.inventory.stock import Item, ItemStatus, Level
from gateway.store.driver import Document


def item_document(item: Item) -> Document:
    return {
        "_id": item.id,
        "sku": item.sku,
        "name": item.name,
        "version": item.version,
        "revision": item.revision,
        "seq": item.seq,
        "status": item.status.value,
        "backorderLimit": item.backorder_limit,
        "levels": {location_id: level_document(level) for location_id, level in item.levels.items()},
        "createdAt": item.created_at,
        "updatedAt": item.updated_at,
        "quotas": quota_documents(item.quotas),
        "tags": list(item.tags),
        "safetyStock": dict(item.safety_stock),
    }


def quota_documents(quotas: Mapping[str, Quota]) -> Document:
    """By id."""
    return {
        quota.id: {
            "channelId": quota.channel_id,
            "locationId": quota.location_id,
            "quantity": quota.quantity,
            "used": quota.used,
        }
        for quota in quotas.values()
    }


def level_document(level: Level) -> Document:
    return {
        "available": level.available,
        "allocated": level.allocated,
        "incoming": level.incoming,
        "unavailable": level.unavailable,
        "updatedAt": level.updated_at,
    }


def read_item(document: Document) -> Item:
    levels = document["levels"]
    return Item(
        id=document["_id"],
        sku=document["sku"],
        name=document["name"],
        version=document["version"],
        revision=document["revision"],
        seq=document["seq"],
        status=ItemStatus(document["status"]),
        backorder_limit=document["backorderLimit"],
        levels={location_id: _read_level(level) for location_id, level in levels.items()},
        created_at=document["createdAt"],
        updated_at=document["updatedAt"],
        # Items from before there were these have none.
        quotas={
            quota_id: Quota(quota_id, quota["channelId"], quota["locationId"], quota["quantity"], quota["used"])
            for quota_id, quota in document.get("quotas", {}).items()
        },
        tags=tuple(document.get("tags", ())),
        safety_stock={at: units for at, units in document.get("safetyStock", {}).items() if units},
    )


def _read_level(level: dict[str, Any]) -> Level:
    # A bucket is written when it is first posted to, so an absent one holds zero.
    updated_at: datetime | None = level.get("updatedAt")
    return Level(
        level.get("available", 0),
        level.get("allocated", 0),
        level.get("incoming", 0),
        level.get("unavailable", 0),
        updated_at,
    )

"""Where something is, as part of MongoDB documents, and back."""

from __future__ import annotations

from typing import Any

from gateway.inventory.geography import Point, Whereabouts
from gateway.store.driver import Document


def whereabouts_document(whereabouts: Whereabouts) -> Document:
    """What is not known is absent."""
    return whereabouts.canonical()


def read_whereabouts(document: dict[str, Any]) -> Whereabouts:
    """What is not known, as of everything from before places were stored, may be absent."""
    latitude, longitude = document.get("latitude"), document.get("longitude")
    point = None if latitude is None or longitude is None else Point(latitude, longitude)
    return Whereabouts(point, document.get("zone"))

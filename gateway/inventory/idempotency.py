"""Whether two requests with one key are the same request, and if not, where they differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import blake2b

from gateway.inventory.ledger import Json

DIFFERING_PATHS_MAX = 20

_canonical_text = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def fingerprint(request: Json) -> bytes:
    """Digest of a canonical request. Lists of lines must already be mappings, so their order cannot matter."""
    return blake2b(_canonical_text(request).encode("utf-8"), digest_size=16).digest()


def differing_paths(first: Json, second: Json) -> tuple[str, ...]:
    """Dotted paths at which two canonical requests differ, sorted, at most `DIFFERING_PATHS_MAX`."""
    paths = sorted(set(_differences(first, second, "")))
    return tuple(paths[:DIFFERING_PATHS_MAX])


def _differences(first: object, second: object, path: str) -> Iterator[str]:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for name in first.keys() | second.keys():
            inner = f"{path}.{name}" if path else str(name)
            yield from _differences(first.get(name), second.get(name), inner)
    elif first != second:
        yield path

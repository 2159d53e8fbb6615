"""Keeping secrets out of the log, whatever a caller or a library puts into an event."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "***"
DEPTH_MAX = 6

_SECRET_NAME = re.compile(r"authorization|cookie|secret|passw|token|api_?key|credential|private_?key", re.IGNORECASE)
_SECRET_TEXTS = (
    # An API key of ours, what stands in an address, and the usual authorization schemes.
    (re.compile(r"\bigw_[A-Za-z0-9_-]+"), "igw_" + HIDDEN),
    (re.compile(r"://[^/\s@]+@"), f"://{HIDDEN}@"),
    # The name is searched once and then passed over, so that a long text takes no longer than its length.
    (re.compile(r"([?&](?=[\w.-]*?(?:token|key|secret|passw|sig))[\w.-]+=)[^&#\s\"']+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
)


def redacted_event(_logger: Any, _method: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """A structlog processor: the event with its secrets blanked out, tracebacks included."""
    return _redacted_mapping(event, DEPTH_MAX)


def redacted_text(text: str) -> str:
    """The text without API keys, passwords in addresses and authorization headers."""
    for pattern, replacement in _SECRET_TEXTS:
        text = pattern.sub(replacement, text)
    return text


def _redacted_mapping(values: Mapping[Any, Any], depth: int) -> dict[Any, Any]:
    return {name: HIDDEN if _is_secret(name, value) else _redacted(value, depth - 1) for name, value in values.items()}


def _is_secret(name: object, value: object) -> bool:
    """Numbers stay: a count of tokens is no token."""
    return isinstance(name, str) and not isinstance(value, int | float | None) and _SECRET_NAME.search(name) is not None


def _redacted(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return redacted_text(value)
    if isinstance(value, Mapping | list | tuple) and depth <= 0:
        return "..."
    if isinstance(value, Mapping):
        return _redacted_mapping(value, depth)
    if isinstance(value, list | tuple):
        return [_redacted(part, depth - 1) for part in value]
    if isinstance(value, bool | int | float | None):
        return value
    # Everything else would be rendered by its repr, which may quote a secret.
    return redacted_text(str(value) if isinstance(value, Exception) else repr(value))

"""Media types of requests and responses, compared exactly.

https://graphql.github.io/graphql-over-http/draft/#sec-Media-Types and
https://www.rfc-editor.org/rfc/rfc9110#name-accept
"""

from enum import StrEnum
from functools import lru_cache


class ResponseType(StrEnum):
    """What the endpoint can answer with. The order is the order of preference."""

    GRAPHQL = "application/graphql-response+json"
    JSON = "application/json"
    EVENTS = "text/event-stream"
    HTML = "text/html"


# Longer headers are not worth parsing, and would make the cache below hold them.
ACCEPT_CHARACTERS_MAX = 1_000


def is_json(content_type: str) -> bool:
    """Whether a Content-Type says JSON in UTF-8, which is what a missing charset means."""
    if content_type == "application/json":
        return True  # nearly every request
    media_type, parameters = _parsed(content_type)
    return media_type == "application/json" and parameters.get("charset", "utf-8").lower() == "utf-8"


def negotiate(accept: str, *, html: bool) -> ResponseType | None:
    """Return the type to answer with, or None when nothing acceptable can be produced."""
    if len(accept) > ACCEPT_CHARACTERS_MAX:
        return None
    return _negotiated(accept, html)


@lru_cache(maxsize=256)
def _negotiated(accept: str, html: bool) -> ResponseType | None:
    # A client that names no type is one from before application/graphql-response+json existed.
    if not accept.strip():
        return ResponseType.JSON
    ranges = _ranges(accept)
    best: tuple[float, int, int] | None = None
    chosen: ResponseType | None = None
    for position, offered in enumerate(ResponseType):
        if offered is ResponseType.HTML and not html:
            continue
        specificity, quality = _match(offered, ranges)
        if quality == 0:
            continue
        # By a wildcard the older, more widely understood type is meant.
        preference = 1 if specificity < 2 and offered is ResponseType.JSON else -position
        rank = (quality, specificity, preference)
        if best is None or rank > best:
            best, chosen = rank, offered
    return chosen


def _match(offered: ResponseType, ranges: list[tuple[str, float]]) -> tuple[int, float]:
    """Specificity (2 exact, 1 a range of subtypes, 0 anything) and quality of the most specific match."""
    main, _, _ = offered.partition("/")
    for specificity, wanted in ((2, offered.value), (1, f"{main}/*"), (0, "*/*")):
        qualities = [quality for media_type, quality in ranges if media_type == wanted]
        if qualities:
            return specificity, max(qualities)
    return 0, 0.0


def _ranges(accept: str) -> list[tuple[str, float]]:
    ranges = []
    for part in accept.split(","):
        media_type, parameters = _parsed(part)
        # What is asked for in another charset cannot be produced.
        if parameters.get("charset", "utf-8").lower() == "utf-8":
            ranges.append((media_type, _quality(parameters.get("q", "1"))))
    return ranges


def _quality(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0


def _parsed(value: str) -> tuple[str, dict[str, str]]:
    # Not by the standard library's parser of mail headers, which fails for some of what anybody may send.
    media_type, *parameters = value.split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    return media_type.strip().lower(), {name.strip().lower(): text.strip().strip('"') for name, _, text in pairs}

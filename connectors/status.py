"""What HTTP itself says about an answer. Platforms that say more refine it in `Connector.classify`."""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from connectors.errors import AuthExpired, ConnectorError, Permanent, Retriable, Throttled
from connectors.exchange import Response

RETRY_AFTER_SECONDS_MAX = 3600.0


def retry_after_seconds(response: Response, now: datetime | None = None) -> float | None:
    """The `Retry-After` header in seconds, in either of its forms (number or date), at most an hour; None if absent."""
    stated = response.headers.get("Retry-After", "").strip()
    try:
        seconds = float(stated)
    except ValueError:
        seconds = _seconds_until(stated, now or datetime.now(UTC))
    return min(max(seconds, 0.0), RETRY_AFTER_SECONDS_MAX) if math.isfinite(seconds) else None


def _seconds_until(date: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return math.nan
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()


def error_for_status(response: Response, platform: str) -> ConnectorError | None:
    """None for 2xx. 408, 425, 429 and 5xx pass with time, everything else needs a person."""
    status = response.status
    after = retry_after_seconds(response)
    if 200 <= status < 300:
        return None
    if status == 401:
        return AuthExpired(f"{platform} does not accept the credentials (401)")
    if status == 403:
        return Permanent(f"{platform} refuses this to our credentials (403): check their permissions")
    if status == 404:
        return Permanent(f"{platform} has nothing there (404): check the address")
    if status == 429 or (status == 503 and after is not None):
        return Throttled(f"{platform} asks us to slow down ({status})", after_seconds=after)
    if status >= 500 or status in (408, 425):
        return Retriable(f"{platform} has a problem ({status})", after_seconds=after)
    if 300 <= status < 400:
        return Permanent(f"{platform} redirects elsewhere ({status}): check the address")
    return Permanent(f"{platform} refuses the call ({status})")

"""https://developer.intuit.com/app/developer/qbo/docs/develop/webhooks: CloudEvents, and the body before them.

One notification may hold events of all companies that the app is connected to.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import orjson

from connectors.exchange import Notification
from connectors.platforms.quickbooks_commerce.config import Record


class Told(NamedTuple):
    company: str
    entity: str
    """In small letters."""
    number: str
    at: datetime


def events_in(notification: Notification) -> Iterator[Told]:
    body = orjson.loads(notification.body)
    return _before_cloud_events(body) if isinstance(body, dict) else _cloud_events(body)


def _cloud_events(events: Sequence[Record]) -> Iterator[Told]:
    if not events:
        raise ValueError("no event")
    for event in events:
        entity = event["type"].removeprefix("qbo.").partition(".")[0]
        at = datetime.fromisoformat(event["time"])
        yield Told(event["intuitaccountid"], entity, event["intuitentityid"], at)


def _before_cloud_events(body: Record) -> Iterator[Told]:
    for company in body["eventNotifications"]:
        for event in company["dataChangeEvent"]["entities"]:
            at = datetime.fromisoformat(event["lastUpdated"])
            yield Told(company["realmId"], event["name"].lower(), event["id"], at)

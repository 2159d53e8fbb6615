"""`python -m connectors.documentation > docs/platforms.md` writes what the connectors declare down for operators."""

import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from connectors import CONNECTORS
from connectors.abilities import CountedQuantity, StockWrites
from connectors.base import Connector
from connectors.own_signature import OWN_SIGNATURE
from connectors.pacing import Pace

HEAD = """\
# Platforms

Written by `python -m connectors.documentation > docs/platforms.md` from what the connectors declare.

| platform | orders in | stock out | per location | at a time | calls |
| --- | --- | --- | --- | --- | --- |
"""
EXPLAINED = """
*Orders in.* Where webhooks are sent again until they arrive, orders are asked for every quarter of an hour besides
(`GATEWAY_ORDER_GAP_SECONDS`), elsewhere twice a minute (`GATEWAY_ORDER_POLL_SECONDS`), or as often as is said here.

*Stock out.* *Compared*: written only while the platform shows what we believe, and a sale in between is kept.
*Changes*: it is told by how much, once. *Looked at, then set*: a sale in the moment between shows too much until it
is reported. *Set*: so does every sale that is not reported yet, so the channel needs a buffer. *On hand*: the
platform's count still holds what its own open orders are about to take.

*At a time* is how many listings one write tells of. *Calls*, or the points that the platform counts them in, are what
the gateway allows itself until the platform says otherwise.

## Connecting one

1. Do at the platform what its section says.
2. `channelCreate` with the fields of its section as `config`. The channel's webhook address is
   `https://<gateway>/webhooks/<channel id>`, whose end you choose: so a platform can be told of it first.
3. `channelTest` looks whether address, credentials and permissions are right, and says what is not.
4. `channelSubscribe` registers the webhooks, and answers what is left to do by hand.
5. `listingDiscover` reads the catalogue and makes the listings.
"""
WRITES = {
    StockWrites.COMPARE_AND_SET: "compared",
    StockWrites.IDEMPOTENT_DELTA: "changes",
    StockWrites.LOOK_AND_SET: "looked at, then set",
    StockWrites.ABSOLUTE: "set",
}


def documented(connectors: Iterable[Connector[Any]]) -> str:
    """The whole page, in Markdown."""
    ordered = sorted(connectors, key=lambda connector: connector.title.lower())
    table = "".join(f"| {' | '.join(_row(connector))} |\n" for connector in ordered)
    return HEAD + table + EXPLAINED + "".join(map(_section, ordered))


def _row(connector: Connector[Any]) -> list[str]:
    stock = connector.stock
    counted = ", on hand" if stock.counted is CountedQuantity.ON_HAND else ""
    return [
        f"[{connector.title}](#{_anchor(connector.title)})",
        _orders_in(connector),
        WRITES[stock.writes] + counted,
        "yes" if stock.per_location else "no",
        f"{stock.updates_max:,}",
        _pace(connector.pace),
    ]


def _orders_in(connector: Connector[Any]) -> str:
    minutes = connector.poll_seconds_min / 60
    asked = f"asked for every {minutes:g} minutes" if minutes else "asked for"
    if connector.signature is None:
        return asked
    sent = "a sender of our own" if connector.signature is OWN_SIGNATURE else "webhooks"
    queue = "queue, or " if type(connector).queue is not Connector.queue else ""
    again = "" if connector.sends_again and not minutes else f", {asked} as well"
    return f"{queue}{sent}, {connector.signature.proof}{again}"


def _pace(pace: Pace) -> str:
    return f"{pace.burst:,g} at once, then {round(pace.per_second, 2):g} a second"


def _anchor(title: str) -> str:
    """As GitHub and others make it of a heading."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _section(connector: Connector[Any]) -> str:
    module = inspect.getmodule(type(connector))
    about = " ".join(((module and module.__doc__) or connector.title).split())
    ids = [f"`{name}`" for name in connector.listing_ids.required]
    ids += [f"`{name}` (where there is one)" for name in connector.listing_ids.optional]
    lines = [
        f"\n## {connector.title}\n\n`{connector.name}`: {about.partition('. ')[0].rstrip('.')}.\n",
        *(f"{number}. {_plain(step)}" for number, step in enumerate(connector.setup, 1)),
        f"\nA listing is known by {', '.join(ids)}.\n",
        "| field | | meaning |\n| --- | --- | --- |",
        *(_field(name, field) for name, field in connector.config_type.model_fields.items()),
    ]
    return "\n".join(lines) + "\n"


def _field(name: str, field: FieldInfo) -> str:
    parts = list(_parts(field.annotation))
    marks = ["required"] if field.is_required() else []
    marks += ["secret"] if SecretStr in parts else []
    choices = [f"`{choice}`" for part in parts if get_origin(part) is Literal for choice in get_args(part)]
    stated = [_plain(field.description or "")]
    stated += [f"One of {', '.join(choices)}."] if choices else []
    stated += [] if field.is_required() or field.default in (None, ()) else [f"Default: `{field.default}`."]
    return f"| `{name}` | {', '.join(marks)} | {' '.join(stated)} |"


def _plain(text: str) -> str:
    """Nothing in it means anything to Markdown."""
    return re.sub(r"[*|\\]", r"\\\g<0>", text).replace("<", "&lt;")


def _parts(annotation: Any) -> Iterator[Any]:
    """The type and all that it is made of."""
    yield annotation
    if get_origin(annotation) is not Literal:
        for part in get_args(annotation):
            yield from _parts(part)


if __name__ == "__main__":
    sys.stdout.write(documented(CONNECTORS.values()))

"""Alerts as they are raised."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import Private

from gateway.inventory.access import Scope
from gateway.inventory.alerts import Alert, AlertKind
from gateway.inventory.identifiers import check_count
from gateway.inventory.news import AlertNews
from schema.alerts import AlertType
from schema.context import Info
from schema.errors import reading
from schema.positions import cursor_of, position_of, time_of


@strawberry.type(description="An alert was opened, perhaps again.")
class AlertRaised:
    news: Private[AlertNews]
    raised: Private[Alert]

    @strawberry.field(description="Where to go on after a break: give it as `after`.")
    def cursor(self) -> str:
        return cursor_of(self.news.raised_at)

    @strawberry.field(description="When it was opened.")
    def raised_at(self) -> datetime:
        return self.news.raised_at

    @strawberry.field(description="The alert as it is now: somebody may have been faster.")
    def alert(self) -> AlertType:
        return AlertType(alert=self.raised)


@strawberry.type
class AlertSubscription:
    @strawberry.subscription(
        description="Alerts that are opened, also again; after a break, those opened meanwhile come first. Needs "
        "`inventory:read`."
    )
    async def alert_raised(
        self,
        info: Info,
        kinds: Annotated[
            list[AlertKind] | None, strawberry.argument(description="Only of these kinds; null: all.")
        ] = None,
        after: Annotated[
            str | None,
            strawberry.argument(description="The `cursor` of the last alert that was seen: go on from there."),
        ] = None,
    ) -> AsyncGenerator[AlertRaised, None]:
        services = info.context.services
        with reading(info.context.principal, Scope.INVENTORY_READ):
            if kinds is not None:
                check_count(kinds, ("kinds",), len(AlertKind))
            seen_at = time_of(position_of(after))
        async with aclosing(services.alert_watching.raised(seen_at)) as raised:
            async for news in raised:
                alert = await services.alert_view.by_id(news.alert_id)
                if alert is not None and (kinds is None or alert.kind in kinds):
                    yield AlertRaised(news=news, raised=alert)

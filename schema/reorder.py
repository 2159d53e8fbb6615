"""The reorder plan: what to order from whom, and what to move first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from gateway.inventory.access import Scope
from gateway.inventory.inbound import InboundOrder
from gateway.inventory.transfers import StockTransfer
from gateway.operations.reorder import Accepted
from gateway.planning.suggestions import PlanState, SuggestionFilter, SuggestionKind
from schema.context import Info
from schema.documents import KeyedPayload, taken
from schema.errors import UserError, reading
from schema.inbound import InboundType
from schema.paging import FIRST_DEFAULT, After, Connection, First, check_first, connection, read_cursor
from schema.requested_lines import Input
from schema.suggestions import ReorderSuggestionType
from schema.transfers import TransferType


@strawberry.type(name="ReorderRun", description="The plan in force.")
class ReorderRunType:
    planned_at: datetime | None = strawberry.field(description="When it was begun; null before the first.")
    finished_at: datetime | None = strawberry.field(description="When it was done.")
    items: int = strawberry.field(description="Items that were looked at.")
    suggestions: int = strawberry.field(description="Suggestions that were made.")
    requested_at: datetime | None = strawberry.field(
        description="When somebody asked for a new one that has not come yet; null otherwise."
    )

    @classmethod
    def of(cls, state: PlanState) -> ReorderRunType:
        run = state.run
        return cls(
            planned_at=run.planned_at if run else None,
            finished_at=run.finished_at if run else None,
            items=run.items if run else 0,
            suggestions=run.suggestions if run else 0,
            requested_at=state.requested_at if state.is_requested else None,
        )


@strawberry.input(description="Which suggestions to list; what is left out matches everything.")
class ReorderFilterInput:
    kind: SuggestionKind | None = strawberry.field(default=None, description="Purchases or transfers.")
    supplier: str | None = strawberry.field(default=None, description="From this supplier.")
    location_id: str | None = strawberry.field(default=None, description="For this location.")


@strawberry.input(description="Which suggestion to accept.")
class ReorderAcceptInput:
    suggestion_id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.type(description="What became of a suggestion.")
class ReorderAcceptPayload(KeyedPayload):
    inbound: InboundType | None = strawberry.field(default=None, description="The purchase that was entered.")
    transfer: TransferType | None = strawberry.field(default=None, description="The transfer that was drafted.")


@strawberry.type(description="What became of the request.")
class ReorderPlanRequestPayload:
    run: ReorderRunType | None = strawberry.field(default=None, description="The plan in force until the new one is.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty where it was not.")


@strawberry.type
class ReorderQuery:
    @strawberry.field(
        description="What the plan in force suggests: purchases by supplier and location, then transfers. Needs "
        "`inventory:read`."
    )
    async def reorder_plan(
        self,
        info: Info,
        first: First = FIRST_DEFAULT,
        after: After = None,
        filter: Annotated[ReorderFilterInput | None, strawberry.argument(description="Which ones.")] = None,
    ) -> Connection[ReorderSuggestionType]:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            limit, place = check_first(first), read_cursor(after, str)
            wanted = filter or ReorderFilterInput()
            criteria = SuggestionFilter(wanted.kind, wanted.supplier, wanted.location_id)
            behind = None if place is None else str(place[0])
            found = await info.context.services.reorder.page(criteria, behind, limit + 1)
            return connection(
                found,
                limit,
                lambda suggestion: ReorderSuggestionType(suggestion=suggestion),
                lambda suggestion: (suggestion.place,),
                after,
            )

    @strawberry.field(description="When was planned what is in force. Needs `inventory:read`.")
    async def reorder_run(self, info: Info) -> ReorderRunType:
        with reading(info.context.principal, Scope.INVENTORY_READ):
            return ReorderRunType.of(await info.context.services.reorder.state())


@strawberry.type
class ReorderMutation:
    @strawberry.mutation(
        description="Enter the purchase, or draft the transfer, that is suggested: once, however often and by whom it "
        "is accepted. Needs `inventory:write`."
    )
    async def reorder_accept(self, info: Info, input: Annotated[ReorderAcceptInput, Input]) -> ReorderAcceptPayload:
        return await taken(
            info,
            info.context.services.reorder.accept(input.suggestion_id),
            _accepted,
            lambda errors: ReorderAcceptPayload(user_errors=errors),
        )

    @strawberry.mutation(description="Have everything planned anew, in the background. Needs `inventory:write`.")
    async def reorder_plan_request(self, info: Info) -> ReorderPlanRequestPayload:
        return await taken(
            info,
            info.context.services.reorder.request(),
            lambda state: ReorderPlanRequestPayload(run=ReorderRunType.of(state), user_errors=[]),
            lambda errors: ReorderPlanRequestPayload(user_errors=errors),
        )


def _accepted(accepted: Accepted) -> ReorderAcceptPayload:
    document = accepted.document
    return ReorderAcceptPayload(
        inbound=InboundType(inbound=document) if isinstance(document, InboundOrder) else None,
        transfer=TransferType(transfer=document) if isinstance(document, StockTransfer) else None,
        replayed=accepted.replayed,
        user_errors=[],
    )

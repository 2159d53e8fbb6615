"""The reorder plan as people use it: read, made anew on request, and accepted suggestion by suggestion."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.inventory.errors import Code, Conflict, InvalidInput, InventoryError, NotFound
from gateway.inventory.identifiers import check_sku, check_slug, check_text
from gateway.inventory.inbound import InboundOrder
from gateway.inventory.receiving import ExpectedLine
from gateway.inventory.stock import Item
from gateway.inventory.transferring import PlannedLine
from gateway.inventory.transfers import StockTransfer
from gateway.operations.calls import Call
from gateway.operations.clock import Clock
from gateway.operations.inbound import InboundOperations
from gateway.operations.reclaiming import SYSTEM
from gateway.operations.reorder_planning import PlannedItem, ReorderPlanning
from gateway.operations.transfers import TransferOperations
from gateway.planning.acceptance import still_fits
from gateway.planning.suggestions import PlanState, Suggestion, SuggestionFilter, SuggestionKind, SuggestionState
from gateway.planning.supply_terms import SUPPLIER_LENGTH_MAX

REASON = "reorder plan"


class Suggestions(Protocol):
    async def state(self) -> PlanState: ...

    async def request(self, at: datetime) -> None: ...

    async def page(self, run_id: str, wanted: SuggestionFilter, after: str | None, limit: int) -> list[Suggestion]: ...

    async def get(self, suggestion_id: str) -> Suggestion | None: ...

    async def accept(self, suggestion_id: str, document_id: str, at: datetime) -> None: ...

    async def reopen(self, suggestion_id: str) -> None: ...


class ItemLookup(Protocol):
    async def items(self, skus: Collection[str]) -> Mapping[str, Item]: ...


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was made of a suggestion."""

    suggestion: Suggestion
    document: InboundOrder | StockTransfer
    replayed: bool


class ReorderOperations:
    """Nothing is ordered before a person, or a program, accepts it."""

    def __init__(
        self,
        suggestions: Suggestions,
        planning: ReorderPlanning,
        items: ItemLookup,
        inbound: InboundOperations,
        transfers: TransferOperations,
        clock: Clock,
    ) -> None:
        self._suggestions = suggestions
        self._planning = planning
        self._items = items
        self._inbound = inbound
        self._transfers = transfers
        self._clock = clock

    async def state(self) -> PlanState:
        return await self._suggestions.state()

    async def page(self, wanted: SuggestionFilter, after: str | None, limit: int) -> list[Suggestion]:
        """Of the plan in force, by supplier and location, behind the place `after`. Raises InvalidInput."""
        if wanted.supplier is not None:
            check_text(wanted.supplier, ("filter", "supplier"), SUPPLIER_LENGTH_MAX)
        if wanted.location_id is not None:
            check_slug(wanted.location_id, ("filter", "locationId"))
        run = (await self._suggestions.state()).run
        return [] if run is None else await self._suggestions.page(run.id, wanted, after, limit)

    async def request(self) -> PlanState:
        """Have a plan made anew, in the background."""
        await self._suggestions.request(self._clock())
        return await self._suggestions.state()

    async def explain(self, sku: str) -> PlannedItem:
        """What an item needs, as of now, with every term. Raises NotFound."""
        check_sku(sku, ("sku",))
        item = (await self._items.items([sku])).get(sku)
        if item is None:
            raise NotFound(Code.ITEM_NOT_FOUND, f"There is no item with SKU '{sku}'.", ("sku",))
        [planned] = await self._planning.of([item], await self._planning.drafts())
        return planned

    async def accept(self, suggestion_id: str) -> Accepted:
        """Enter the purchase, or draft the transfer, that is suggested: once, however often and by whom it is asked.

        Raises NotFound, Conflict(SUGGESTION_STALE) where supply has been ordered or has left since the plan, and what
        the purchase or transfer is refused for.
        """
        check_slug(suggestion_id, ("suggestionId",))
        suggestion = await self._get(suggestion_id)
        # One key for everybody: the ledger sees to it that it happens once.
        call = Call(SYSTEM, f"reorder/{suggestion.id}", REASON)
        if suggestion.state is SuggestionState.OPEN and await self._is_to_be_made(suggestion):
            await self._suggestions.accept(suggestion.id, call.new_id, self._clock())
        try:
            if suggestion.heading.kind is SuggestionKind.PURCHASE:
                return await self._purchase(call, suggestion)
            return await self._transfer(call, suggestion)
        except InventoryError as error:
            if not error.retryable:
                await self._suggestions.reopen(suggestion.id)
            raise

    async def _get(self, suggestion_id: str) -> Suggestion:
        suggestion = await self._suggestions.get(suggestion_id)
        if suggestion is None:
            message = "There is no such suggestion in the plan in force."
            raise NotFound(Code.SUGGESTION_NOT_FOUND, message, ("suggestionId",))
        return suggestion

    async def _is_to_be_made(self, suggestion: Suggestion) -> bool:
        """Whether nobody has accepted it meanwhile. Raises Conflict where what was planned with is no longer so."""
        stale = await self._stale_sku(suggestion)
        if stale is None:
            return True
        # What makes it stale may be what was just made of it.
        if (await self._get(suggestion.id)).state is SuggestionState.ACCEPTED:
            return False
        message = f"The stock or supply of '{stale}' is no longer as planned; have a plan made anew."
        raise Conflict(Code.SUGGESTION_STALE, message, ("suggestionId",))

    async def _stale_sku(self, suggestion: Suggestion) -> str | None:
        """The first that was ordered or drafted otherwise since the plan, or of which too little is left to move."""
        # Before the items: a draft that is shipped meanwhile may count twice, but is never overlooked.
        drafts = await self._planning.drafts()
        items = await self._items.items([line.sku for line in suggestion.lines])
        found = await self._planning.of(list(items.values()), drafts)
        places = {one.item.sku: one.plan.places for one in found}
        for line in suggestion.lines:
            if not still_fits(suggestion.heading, line, places.get(line.sku, {})):
                return line.sku
        return None

    async def _purchase(self, call: Call, suggestion: Suggestion) -> Accepted:
        at, supplier = suggestion.heading.location_id, suggestion.heading.supplier
        if supplier is None:
            message = "Nobody is known to supply this; set supply terms and have a plan made anew."
            raise InvalidInput(Code.INVALID_INPUT, message, ("suggestionId",))
        lines = [ExpectedLine(line.sku, at, line.quantity, line.expected_at) for line in suggestion.lines]
        changed = await self._inbound.create(call, supplier, lines)
        return Accepted(suggestion, changed.document, changed.replayed)

    async def _transfer(self, call: Call, suggestion: Suggestion) -> Accepted:
        heading = suggestion.heading
        lines = [PlannedLine(line.sku, line.quantity) for line in suggestion.lines]
        changed = await self._transfers.create(call, heading.origin_id or "", heading.location_id, lines)
        return Accepted(suggestion, changed.document, changed.replayed)

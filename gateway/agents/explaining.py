"""The tools by which agents have numbers explained: by the operations that explain them to everybody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.agents.explained_buffer import BufferAnswer, BufferForm
from gateway.agents.explained_number import ExplainForm, ExplanationAnswer
from gateway.agents.explained_promise import PromisableAnswer, PromisableForm
from gateway.agents.explained_reorder_point import ReorderPointAnswer, ReorderPointForm
from gateway.agents.explained_velocity import VelocityAnswer, VelocityForm
from gateway.agents.tool import Tool
from gateway.inventory.access import Principal, Scope
from gateway.operations.buffers import BufferOperations
from gateway.operations.history import HistoryOperations
from gateway.operations.promises import PromiseOperations
from gateway.operations.reorder import ReorderOperations
from gateway.operations.velocity import VelocityOperations
from gateway.planning.projection import HORIZON_DAYS


@dataclass(frozen=True, slots=True)
class Explaining:
    """What the tools ask."""

    history: HistoryOperations
    velocity: VelocityOperations
    reorder: ReorderOperations
    buffers: BufferOperations
    promises: PromiseOperations

    async def number(self, principal: Principal, form: ExplainForm) -> ExplanationAnswer:
        return ExplanationAnswer.of(await self.history.explain(form.sku, form.location_id))

    async def demand(self, principal: Principal, form: VelocityForm) -> VelocityAnswer:
        return VelocityAnswer.of(form.sku, await self.velocity.of(form.sku, form.location_id, form.channel_id))

    async def reorder_point(self, principal: Principal, form: ReorderPointForm) -> ReorderPointAnswer:
        return ReorderPointAnswer.of(await self.reorder.explain(form.sku), form.location_id)

    async def buffer(self, principal: Principal, form: BufferForm) -> BufferAnswer:
        return BufferAnswer.of(form, await self.buffers.effective(form.sku, form.channel_id))

    async def promise(self, principal: Principal, form: PromisableForm) -> PromisableAnswer:
        found = await self.promises.available_to_promise(form.sku, HORIZON_DAYS, form.places, form.channel_id)
        return PromisableAnswer.of(found)

    def tools(self) -> Sequence[Tool[Any]]:
        return [
            Tool(
                "explain_number",
                "Explain a number",
                "Why the quantities of a SKU at a location are what they are: who holds what until when, what is on "
                "its way, and the newest movements with who made them.",
                Scope.INVENTORY_READ,
                ExplainForm,
                ExplanationAnswer,
                self.number,
            ),
            Tool(
                "explain_velocity",
                "Explain how fast something sells",
                "The demand of a SKU per day, from a location or anywhere, through a sales channel or all, with the "
                "days and units that it is computed from.",
                Scope.INVENTORY_READ,
                VelocityForm,
                VelocityAnswer,
                self.demand,
            ),
            Tool(
                "explain_reorder_point",
                "Explain a reorder point",
                "When a SKU is to be reordered for a location and how much of it: demand, lead time, service level, "
                "safety stock, and what is there and on its way.",
                Scope.INVENTORY_READ,
                ReorderPointForm,
                ReorderPointAnswer,
                self.reorder_point,
            ),
            Tool(
                "explain_buffer",
                "Explain a buffer",
                "Why a sales channel is offered so many units of a SKU: what is withheld at each of its places, by "
                "which rules, and what may sell before the channel hears of it.",
                Scope.INVENTORY_READ,
                BufferForm,
                BufferAnswer,
                self.buffer,
            ),
            Tool(
                "explain_promise",
                "Explain what can be promised",
                "How many units of a SKU can be promised from which day on, and why: what is there, what is on its "
                "way, from when on it counts and how likely it is there by then.",
                Scope.INVENTORY_READ,
                PromisableForm,
                PromisableAnswer,
                self.promise,
            ),
        ]

"""What a tool for software agents is: a name, words that explain it, a form to fill in, and the work that it does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from mcp_types import Tool as ToolDescription
from mcp_types import ToolAnnotations
from pydantic import Field

from gateway.inventory.access import Principal, Scope
from gateway.operations.calls import Call
from gateway.rest.answers import Answer
from gateway.rest.bodies import Body
from gateway.rest.texts import Text

B = TypeVar("B", bound=Body)


class KeyedBody(Body):
    """The form of a tool that changes something."""

    request_key: Text = Field(
        max_length=255,
        description="A new key for each change that you intend; the same one again when you repeat a call whose "
        "answer you did not get. A repetition is applied once and gets the first answer.",
    )
    reason: Text | None = Field(default=None, description="Why, for the ledger that people read.")

    def call(self, principal: Principal) -> Call:
        return Call(principal.client, self.request_key, self.reason)


@dataclass(frozen=True, slots=True)
class Tool(Generic[B]):
    """`work` is given who asks and the form; it may raise an InventoryError, which the agent is told."""

    name: str
    title: str
    description: str
    scope: Scope
    form: type[B]
    answer: type[Answer]
    work: Callable[[Principal, B], Awaitable[Answer]]

    @property
    def changes(self) -> bool:
        return issubclass(self.form, KeyedBody)

    def is_for(self, principal: Principal) -> bool:
        """Who may read the stock may know what of it is available."""
        reads = self.scope is Scope.AVAILABILITY_READ and principal.may(Scope.INVENTORY_READ)
        return reads or principal.may(self.scope)

    def description_for_clients(self) -> ToolDescription:
        annotations = ToolAnnotations(
            read_only_hint=not self.changes,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=False,
        )
        return ToolDescription(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=_schema(self.form, "validation"),
            output_schema=_schema(self.answer, "serialization"),
            annotations=annotations,
        )


def _schema(model: type[Body] | type[Answer], mode: Any) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True, mode=mode)

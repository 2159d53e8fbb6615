"""Documents that announce stock (transfers, purchases): creating one, and taking each of its steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from gateway.inventory.commands import Command
from gateway.inventory.decision import Outcome
from gateway.inventory.errors import Code, NotFound, Overtaken
from gateway.inventory.identifiers import check_slug
from gateway.inventory.ledger import Cause, LedgerEntry
from gateway.inventory.records import Record, RecordKey
from gateway.operations.calls import Call
from gateway.operations.stock import StockOperations

TRIES = 5
"""How often a command is prepared before other writers are said to be always first."""


class Document(Record, Protocol):
    """A record whose steps move the stock of its items."""

    @property
    def key(self) -> RecordKey: ...

    @property
    def reference(self) -> str | None: ...

    @property
    def item_ids(self) -> tuple[str, ...]: ...


D = TypeVar("D", bound=Document)
D_co = TypeVar("D_co", bound=Document, covariant=True)


class DocumentRepository(Protocol[D_co]):
    """Where documents of one kind are read."""

    async def by_id(self, document_id: str) -> D_co | None: ...


@dataclass(frozen=True, slots=True)
class Changed(Generic[D]):
    """A document after a request, and the request's ledger entry. After a replay it is the document as of now."""

    document: D
    entry: LedgerEntry
    replayed: bool


Step = Callable[[str, str, Cause, str, tuple[str, ...]], Command]
"""Makes a command of scope, idempotency key, cause, the document's id and the ids of its items."""


class Documents(Generic[D]):
    """Applies commands to documents of one kind."""

    def __init__(
        self, kind: type[D], stock: StockOperations, repository: DocumentRepository[D], missing: Code, field: str
    ) -> None:
        """`missing` and `field` say that there is no such document."""
        self._kind = kind
        self._stock = stock
        self._repository = repository
        self._missing = missing
        self._field = field

    async def create(self, command: Command, document_id: str) -> Changed[D]:
        """Apply the command that creates the document. Raises its InventoryError when it is refused."""
        outcome = await self._stock.apply(command)
        document = self._stored(outcome) or await self.get(document_id)
        return Changed(document, outcome.entry, outcome.replayed)

    async def take(self, call: Call, document_id: str, step: Step) -> Changed[D]:
        """Take one step of a document's life. Raises its InventoryError when it is refused."""
        document = await self.get(document_id)
        cause = call.cause(document.reference)
        command = step(call.client, call.idempotency_key, cause, document_id, document.item_ids)
        return await self.create(command, document_id)

    async def prepared(self, document_id: str, prepare: Callable[[D], Command]) -> Changed[D]:
        """Apply a command that is made of the document as it was read, and made anew where others came first."""
        for _ in range(TRIES):
            try:
                return await self.create(prepare(await self.get(document_id)), document_id)
            except Overtaken:
                continue
        raise Overtaken

    async def get(self, document_id: str) -> D:
        """Raises NotFound where there is no such document."""
        check_slug(document_id, (self._field,))
        document = await self._repository.by_id(document_id)
        if document is None:
            message = f"There is no {self._field.removesuffix('Id')} '{document_id}'."
            raise NotFound(self._missing, message, (self._field,))
        return document

    def _stored(self, outcome: Outcome) -> D | None:
        for record in outcome.records.values():
            if isinstance(record, self._kind):
                return record
        return None

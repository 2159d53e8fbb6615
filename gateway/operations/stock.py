"""The stock operations: each builds commands and hands them to the committer."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.inventory.commands import Command
from gateway.inventory.decision import Atomicity, Outcome, Result, Submission
from gateway.inventory.errors import InventoryError
from gateway.inventory.identifiers import check_count
from gateway.operations.committer import Committer

SUBMISSION_COMMANDS_MAX = 250


class StockOperations:
    """Apply one command, or many with the atomicity that the caller chooses."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer

    async def apply(self, command: Command) -> Outcome:
        """Apply one command. Raises its InventoryError when it is refused."""
        [result] = await self._committer.submit(Submission((command,)))
        if isinstance(result, InventoryError):
            raise result
        return result

    async def apply_many(self, commands: Sequence[Command], atomicity: Atomicity) -> list[Result]:
        """Apply up to 250 commands; one outcome or refusal per command, in order."""
        check_count(commands, ("inputs",), SUBMISSION_COMMANDS_MAX)
        return await self._committer.submit(Submission(tuple(commands), atomicity))

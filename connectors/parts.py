"""Writes that a platform takes or refuses as a whole: the line at fault is found, the others are written without it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connectors.exchange import Flow
from connectors.updates import Deferred, Rejected, StockUpdate, UpdateOutcome

CALLS_MAX = 40


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing of the part was written. `line` is the position at fault in it, None where the platform did not say."""

    code: str
    reason: str
    line: int | None = None


SendPart = Callable[[Sequence[StockUpdate]], Flow[Sequence[UpdateOutcome] | Refusal]]


def write_in_parts(updates: Sequence[StockUpdate], send: SendPart) -> Flow[list[UpdateOutcome]]:
    """One outcome per update. A named line is taken out; where none is named, halves are sent until it is found.

    The same updates and answers lead to the same parts, so a key made of the lines' keys fits on a repetition too.
    """
    outcomes: dict[int, UpdateOutcome] = {}
    parts = [list(range(len(updates)))] if updates else []
    for _ in range(CALLS_MAX):
        if not parts:
            break
        part = parts.pop()
        answer = yield from send([updates[position] for position in part])
        if not isinstance(answer, Refusal):
            outcomes |= dict(zip(part, answer, strict=True))
            continue
        line = 0 if len(part) == 1 else answer.line
        if line is not None and 0 <= line < len(part):
            outcomes[part.pop(line)] = Rejected(answer.code, answer.reason)
            parts += [part] if part else []
        else:
            middle = len(part) // 2
            parts += [part[:middle], part[middle:]]
    for position in (position for part in parts for position in part):
        outcomes[position] = Deferred("the batch was refused because of other lines; this one is tried again", 0)
    return [outcomes[position] for position in range(len(updates))]

"""What the benchmark of hostile channels has measured, phase by phase, and what follows from it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from connectors.simulated.misbehaviour import Misbehaviour


@dataclass(frozen=True, slots=True)
class Phase:
    """Milliseconds from request to answer, and from request to arrival at every shop; megabytes at the end."""

    kind: Misbehaviour | None
    answers: list[float]
    arrivals: list[float]
    megabytes: float
    exact: bool


def percentile(milliseconds: Sequence[float], share: float = 0.99) -> float:
    return sorted(milliseconds)[min(int(len(milliseconds) * share), len(milliseconds) - 1)]


def report(phases: list[Phase]) -> Table:
    warm, *rest = phases
    pairs = list(zip(rest[::2], rest[1::2], strict=True))
    table = Table(title="p99 ms of well channels and API, beside a shop that is well / misbehaves (medians of pairs)")
    for column in ("the odd shop", "to the channels", "change", "API", "change", "memory MB", "exact"):
        table.add_column(column, justify="left" if column == "the odd shop" else "right")
    for kind in dict.fromkeys(bad.kind for _, bad in pairs):
        table.add_row(str(kind), *_row([pair for pair in pairs if pair[1].kind is kind], warm))
    table.add_row("any of them, pooled", *_pooled(pairs, warm))
    return table


def _row(pairs: list[tuple[Phase, Phase]], warm: Phase) -> list[str]:
    cells = []
    for figures in (
        [(percentile(good.arrivals), percentile(bad.arrivals)) for good, bad in pairs],
        [(percentile(good.answers), percentile(bad.answers)) for good, bad in pairs],
    ):
        good, bad = (statistics.median(side) for side in zip(*figures, strict=True))
        change = statistics.median(b / a for a, b in figures) - 1
        cells += [f"{good:.0f} / {bad:.0f}", f"{change:+.0%}"]
    return [*cells, *_memory(pairs, warm)]


def _pooled(pairs: list[tuple[Phase, Phase]], warm: Phase) -> list[str]:
    cells = []
    for name in ("arrivals", "answers"):
        good, bad = (
            percentile([late for phase in side for late in getattr(phase, name)]) for side in zip(*pairs, strict=True)
        )
        cells += [f"{good:.0f} / {bad:.0f}", f"{bad / good - 1:+.0%}"]
    return [*cells, *_memory(pairs, warm)]


def _memory(pairs: list[tuple[Phase, Phase]], warm: Phase) -> list[str]:
    most = max(phase.megabytes for pair in pairs for phase in pair)
    return [f"{most - warm.megabytes:+.0f}", "yes" if all(phase.exact for pair in pairs for phase in pair) else "NO"]

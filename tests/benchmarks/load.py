"""Closed-loop load: a fixed number of callers, each sending its next request when the last one is answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: answers per second, and the sorted latencies in seconds."""

    per_second: float
    latencies: list[float]

    def percentile(self, share: float) -> float:
        """The latency, in milliseconds, that this share of the answers did not exceed."""
        return self.latencies[min(int(len(self.latencies) * share), len(self.latencies) - 1)] * 1000


async def run(call: Callable[[int], Awaitable[object]], *, callers: int, requests: int, seconds_max: float) -> Measured:
    """Send up to `requests` requests numbered from 0, and start none after `seconds_max`."""
    started = time.perf_counter()
    numbers = iter(range(requests))
    latencies: list[float] = []

    async def caller() -> None:
        for number in numbers:
            before = time.perf_counter()
            if before - started > seconds_max:
                return
            await call(number)
            latencies.append(time.perf_counter() - before)

    await asyncio.gather(*(caller() for _ in range(callers)))
    return Measured(len(latencies) / (time.perf_counter() - started), sorted(latencies))


def medians(runs: list[Measured]) -> Measured:
    """The run whose rate is the median."""
    middle = median([run.per_second for run in runs])
    return min(runs, key=lambda run: abs(run.per_second - middle))

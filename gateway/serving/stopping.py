"""How a process is told to stop."""

from __future__ import annotations

import asyncio
import signal


class Stopping:
    """The first request to stop is polite, if there is anything to finish; the next one cancels the main task."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self._main = asyncio.current_task()
        self._started = False

    def started(self) -> None:
        """From now on there are requests to finish."""
        self._started = True

    def request(self) -> None:
        if self._started and not self.event.is_set():
            self.event.set()
        elif self._main is not None:
            self.event.set()
            self._main.cancel()

    def on_signals(self, *signals: signal.Signals) -> None:
        loop = asyncio.get_running_loop()
        for number in signals:
            loop.add_signal_handler(number, self.request)

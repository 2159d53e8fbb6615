"""Time that passes as fast as it is waited for."""


class QuickTime:
    """Its methods are the `clock` and `sleep` of a `ChannelClient`."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

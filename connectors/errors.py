"""Everything a connector can fail with.

ConnectorError
├── Retriable            the same call may succeed later without anything being changed
│   ├── Unreachable      no complete answer: whether the call was applied is unknown
│   └── Throttled        the platform's allowance is used up
├── Permanent            the same call will fail again until a person or the code changes something
│   └── AuthExpired      the credentials are not accepted (any more)
└── Untrusted            a notification that is not proven to come from the platform
"""


class ConnectorError(Exception):
    """`reason` is written for the operator and never contains a credential."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Retriable(ConnectorError):
    """`after_seconds` is the platform's own wish, `None` where it stated none."""

    def __init__(self, reason: str, *, after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds


class Unreachable(Retriable):
    """Nothing, or not everything, came back: timeout, refused or dropped connection, a name that does not resolve."""


class Throttled(Retriable):
    """Not a sign of ill health: the channel has only to wait."""


class Permanent(ConnectorError):
    """Raised out of a flow, it concerns the whole channel; what concerns one line is a `Rejected` outcome."""


class AuthExpired(Permanent):
    """The platform refused the credentials, also freshly renewed ones."""


class Untrusted(ConnectorError):
    """Bad, missing or too old a signature. Nothing may be stored or done because of such a notification."""

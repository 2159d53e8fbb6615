"""What one caller may cost the process. Every number that bounds the transport is here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The defaults suit operations of up to a few hundred lines; lists belong in variables."""

    # Request
    body_bytes_max: int = 1_048_576
    body_seconds_max: float = 10.0
    request_seconds_max: float = 30.0

    # Document. Parsing costs about 6 microseconds per token, so the dearest refusal takes about 20 ms.
    document_characters_max: int = 65_536
    document_tokens_max: int = 3_000
    document_comments_max: int = 500
    depth_max: int = 16  # the introspection query of the usual tools needs 15
    aliases_max: int = 250
    directives_max: int = 50
    operations_max: int = 10
    fragments_max: int = 50
    selections_max: int = 2_000  # with every fragment in place, once per use
    # Pairs of selections with one response name: validation compares each pair.
    merged_pairs_max: int = 2_000
    # Fields that may be answered, lists counted by the length that was asked for.
    cost_max: int = 50_000

    # Cache of parsed and validated documents; one token takes about 350 bytes.
    cached_tokens_max: int = 50_000

    # Subscriptions
    connection_init_seconds_max: float = 10.0
    subscriptions_per_connection_max: int = 100
    subscriptions_per_process_max: int = 10_000
    send_seconds_max: float = 10.0
    heartbeat_seconds: float = 15.0

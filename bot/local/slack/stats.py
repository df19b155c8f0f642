"""What happened, counted: for `GET /local/stats`, the benchmarks and the chaos tests."""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import asdict, dataclass, field

from tools.contracts.common import JsonObject

KEPT_ENVELOPES = 50_000


@dataclass
class EnvelopeRecord:
    """One delivery attempt. Times are Unix seconds."""

    envelope_id: str
    kind: str
    event_id: str
    event_type: str
    attempt: int
    sent_at: float
    acked_at: float | None = None
    connection: str = ""

    @property
    def ack_ms(self) -> float | None:
        return None if self.acked_at is None else (self.acked_at - self.sent_at) * 1000


@dataclass
class MethodCount:
    calls: int = 0
    ok: int = 0
    ratelimited: int = 0
    errors: dict[str, int] = field(default_factory=dict[str, int])

    def failed(self, error: str) -> None:
        self.errors[error] = self.errors.get(error, 0) + 1


class Stats:
    """Counters since start or the last reset."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.methods: dict[str, MethodCount] = {}
        self.envelopes: deque[EnvelopeRecord] = deque(maxlen=KEPT_ENVELOPES)
        self.events_given_up = 0
        """Events that Slack stopped redelivering."""

    def method(self, name: str) -> MethodCount:
        return self.methods.setdefault(name, MethodCount())

    def shown(self, *, envelopes: int) -> JsonObject:
        """Counts, ack latencies in milliseconds, and the newest `envelopes` records."""
        acks = sorted(ms for record in self.envelopes if (ms := record.ack_ms) is not None)
        cuts = statistics.quantiles(acks, n=100, method="inclusive") if len(acks) > 1 else acks * 99
        newest = list(self.envelopes)[-envelopes:] if envelopes else []
        return {
            "methods": {name: asdict(count) for name, count in sorted(self.methods.items())},
            "ratelimited": sum(count.ratelimited for count in self.methods.values()),
            "envelopes_sent": len(self.envelopes),
            "envelopes_acked": len(acks),
            "redelivered": sum(record.attempt > 0 for record in self.envelopes),
            "events_given_up": self.events_given_up,
            "ack_ms": {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "max": acks[-1]} if acks else None,
            "envelopes": [asdict(record) for record in newest],
        }

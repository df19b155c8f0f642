"""A circuit breaker for each model, with a half-open state: one that keeps failing is left alone for a while."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelClient, ModelError, ModelErrorKind
from agents.orchestrator.errors import ProviderRefusal

State = Literal["closed", "open", "half_open"]
"""Asked as usual; not asked; asked once, to see."""

_COUNTS: frozenset[ModelErrorKind] = frozenset({"timeout", "rate_limited", "auth", "unavailable"})
"""A bad answer and a question that is too long say nothing of the next question."""

_MOST_CIRCUITS = 1000


class NotAsked(ModelError):
    """Nothing was sent: the member failed lately, and is left alone for a while."""

    def __init__(self, member: Member, *, failures: int) -> None:
        times = "once" if failures == 1 else f"{failures} times in a row"
        self.because = f"it failed {times} and is left alone for now"
        super().__init__("unavailable", f"{member.name} was not asked: {self.because}.")


@dataclass(frozen=True)
class BreakerRules:
    failures: int = 3
    """In a row, after which a member is left alone."""
    pause_seconds: float = 15
    """How long, the first time. Doubles each time that the one question afterwards fails, too."""
    longest_seconds: float = 300
    """Also of what a provider's Retry-After may ask for."""


@dataclass
class Circuit:
    """How one member is doing."""

    rules: BreakerRules
    now: Callable[[], float]
    failures: int = 0
    _pause: float = 0
    _until: float = 0
    _trying: bool = False

    @property
    def state(self) -> State:
        if self._until == 0:
            return "closed"
        return "half_open" if self.now() >= self._until else "open"

    def refusal(self, member: Member) -> NotAsked | None:
        """Why it is not asked now; None: it may be. Half-open, one question goes through and the others wait for it."""
        if self.state == "closed":
            return None
        if self.state == "half_open" and not self._trying:
            self._trying = True
            return None
        return NotAsked(member, failures=self.failures)

    def answered(self) -> None:
        self.failures, self._pause, self._until, self._trying = 0, 0, 0, False

    def failed(self, error: ModelError) -> None:
        if error.kind == "unable":
            self.let_go()  # nothing was asked
            return
        if error.kind not in _COUNTS:
            # It is there, whatever it said.
            self.answered()
            return
        self.failures += 1
        asked_for = error.retry_after_seconds if isinstance(error, ProviderRefusal) else None
        if self.failures < self.rules.failures and not self._trying and asked_for is None:
            return
        doubled = self._pause * 2 if self._trying else self._pause
        self._pause = min(max(doubled, self.rules.pause_seconds), self.rules.longest_seconds)
        # A provider that says when to come back is not asked before, and need not be left alone for longer.
        seconds = self._pause if asked_for is None else min(asked_for, self.rules.longest_seconds)
        self._until = self.now() + seconds
        self._trying = False

    def let_go(self) -> None:
        """The question was cancelled: it tells nothing, and the next one may go through in its place."""
        self._trying = False


@dataclass(frozen=True)
class BreakingClient:
    """Wraps the client that retries. Of this process: each worker finds out for itself.

    A circuit belongs to a member, an org and a key: one person's that is refused leaves the others alone.
    """

    inner: ModelClient
    rules: BreakerRules = BreakerRules()
    now: Callable[[], float] = time.monotonic
    _circuits: dict[tuple[str, str, str, str], Circuit] = field(
        default_factory=dict[tuple[str, str, str, str], Circuit], init=False, repr=False
    )

    def circuit(self, member: Member, *, org: str) -> Circuit:
        key = (org, member.name, member.model, hashlib.sha256((member.api_key or "").encode()).hexdigest())
        if key not in self._circuits and len(self._circuits) >= _MOST_CIRCUITS:
            self._circuits.pop(next(iter(self._circuits)))
        return self._circuits.setdefault(key, Circuit(self.rules, self.now))

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        """Raises :class:`NotAsked` at once while the member is left alone."""
        circuit = self.circuit(member, org=request.org)
        if (refusal := circuit.refusal(member)) is not None:
            raise refusal
        try:
            reply = await self.inner.chat(member, request)
        except ModelError as error:
            circuit.failed(error)
            raise
        except BaseException:
            circuit.let_go()
            raise
        circuit.answered()
        return reply

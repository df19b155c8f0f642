"""The door by which alerts come in: what arrives of one alert within a moment is one signal, and each is acknowledged
only when the signal that carries it is durable.

The first of an alert goes at once. What follows within :attr:`AlertDoor.pace` waits for the end of it and goes
together, so that a storm of messages is a trickle of signals; a caller waits for no longer than that and the hand-over.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

from bot.alerts.names import alert_id
from bot.intake import HAND_OVER, HandOverFailed
from bot.redaction import marked, redact_named, redacted
from bot.secret_rules import SecretKind
from bot.telemetry.intake import IntakeMetrics
from bot.workflows.alerts.life import AlertWorkflow
from bot.workflows.messages.alerts import AlertBatch, AlertSeen, AlertStart, TriageRules
from bot.workflows.options import STORM_TASK
from tools.contracts.alert_notice import MOST_LABEL_VALUE, MOST_TEXT, MOST_TITLE, AlertNotice
from tools.contracts.signing import sign

PACE = 0.5
"""Seconds between two signals to one alert: of the three in which Slack wants to hear, with two for Temporal."""

SHARE = 20
"""So many times as long as the last signal took is the next one put off, where the sender has the patience: what is
slow must not be asked more often for it."""

AT_ONCE = 8
"""Signals being handed over at a time."""

MOST_SEEN = 500
"""Of one batch."""

MOST_PACED = 20_000
"""Alerts of which the door remembers when it last let one through."""

_TS = re.compile(r"\d{1,11}\.\d{1,6}", re.ASCII)


@dataclass
class _Pile:
    """What waits to go together."""

    org: str
    channel: str
    notice: AlertNotice
    """The newest. Secrets are taken out when it goes: of what waits only one is sent."""
    seen: list[AlertSeen] = field(default_factory=list[AlertSeen])
    gone: asyncio.Future[None] = field(default_factory=asyncio.Future[None])


@dataclass
class AlertDoor:
    """Holds only what nobody was told is safe: a batch stays until it is durable, or its callers hear it is not."""

    temporal: Client
    task_queue: str
    key: bytes
    rules: TriageRules
    now: Callable[[], datetime]
    pace: float = PACE
    most_pace: float = PACE
    """Up to which the pace grows while Temporal is slow. Slack has no patience for more."""
    patience: timedelta = HAND_OVER
    """For one hand-over."""
    metrics: IntakeMetrics = field(default_factory=lambda: IntakeMetrics(CollectorRegistry()))
    _piles: dict[str, _Pile] = field(default_factory=dict[str, _Pile], init=False)
    _let_through: dict[str, float] = field(default_factory=dict[str, float], init=False)
    _turn: dict[str, asyncio.Lock] = field(default_factory=dict[str, asyncio.Lock], init=False)
    _last: float = field(default=0.0, init=False)
    """How long the last signal took, in seconds."""
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE), init=False)
    _going: set[asyncio.Task[None]] = field(default_factory=set["asyncio.Task[None]"], init=False)

    async def take(self, notice: AlertNotice, seen: AlertSeen, *, org: str, channel: str) -> None:
        """Returns when it is durable. Raises :class:`HandOverFailed`: then it must not be acknowledged."""
        name = alert_id(org, channel, notice.fingerprint)
        pile = self._piles.get(name)
        if pile is None or len(pile.seen) >= MOST_SEEN:
            pile = self._piles[name] = _Pile(org, channel, notice)
            going = asyncio.create_task(self._send(name, pile))
            self._going.add(going)
            going.add_done_callback(self._going.discard)
        pile.seen.append(seen)
        pile.notice = notice
        # One caller that gives up must not take the others' hand-over with it.
        await asyncio.shield(pile.gone)

    async def _send(self, name: str, pile: _Pile) -> None:
        try:
            await asyncio.sleep(self._until_next(name))
            async with self._turn.setdefault(name, asyncio.Lock()), self._slots:
                if self._piles.get(name) is pile:
                    del self._piles[name]
                self._note(name)
                with self.metrics.handing_over("alert"):
                    await self._signal(name, pile)
        except BaseException as error:
            if not pile.gone.done():
                failed = error if isinstance(error, HandOverFailed) else HandOverFailed(f"It was given up: {error!r}")
                pile.gone.set_exception(failed)
                pile.gone.exception()  # whoever waited may be gone
            if not isinstance(error, HandOverFailed):
                raise
        else:
            pile.gone.set_result(None)

    def _until_next(self, name: str) -> float:
        last = self._let_through.get(name)
        pace = min(max(self.pace, SHARE * self._last), self.most_pace)
        return 0 if last is None else max(0.0, last + pace - asyncio.get_running_loop().time())

    def _note(self, name: str) -> None:
        if len(self._let_through) >= MOST_PACED:
            self._let_through.clear()
            self._turn = {key: lock for key, lock in self._turn.items() if lock.locked()}
        self._let_through[name] = asyncio.get_running_loop().time()

    async def _signal(self, name: str, pile: _Pile) -> None:
        notice, found = without_secrets(pile.notice)
        batch = AlertBatch(
            org=pile.org,
            channel=pile.channel,
            fingerprint=pile.notice.fingerprint,
            seen=pile.seen,
            notice=notice.model_dump(mode="json"),
            redacted=list(found),
            rules=self.rules,
        )
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self.patience.total_seconds()):
                await self.temporal.start_workflow(
                    AlertWorkflow.run,
                    AlertStart(pile.org, pile.channel, pile.notice.fingerprint),
                    id=name,
                    task_queue=self.task_queue,
                    task_timeout=STORM_TASK,
                    start_signal="receive",
                    start_signal_args=[sign(batch, self.key)],
                    # One that was over for long has ended; the next time is another life of it.
                    id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                    rpc_timeout=self.patience,
                )
        except (RPCError, RuntimeError) as error:
            raise HandOverFailed(f"Temporal did not take it: {error}") from error
        except TimeoutError as error:
            late = f"Temporal did not take it within {self.patience.total_seconds():g} s"
            raise HandOverFailed(late) from error
        finally:
            self._last = asyncio.get_running_loop().time() - began


def seen_in_slack(notice: AlertNotice, ts: str, *, now: datetime) -> AlertSeen:
    """`ts`: of the message, which names it and says when it was posted."""
    return AlertSeen(ts, notice.status, notice.severity, seconds_of(ts, now=now), message_ts=ts)


def seconds_of(ts: str, *, now: datetime) -> float:
    """Since 1970, of what Slack names a message or an event by; what is of another form is now."""
    return float(ts) if _TS.fullmatch(ts) else now.astimezone(UTC).timestamp()


def without_secrets(notice: AlertNotice) -> tuple[AlertNotice, list[SecretKind]]:
    """Who made it has taken them out before anything was cut; what leaves here is looked through whoever made it.

    Cut again: what stands for a secret may be longer than it.
    """
    cleaned = notice.model_copy(
        update={
            "title": redacted(notice.title)[:MOST_TITLE],
            "text": redacted(notice.text)[:MOST_TEXT],
            "labels": {
                name: redact_named(name, value).text[:MOST_LABEL_VALUE] for name, value in notice.labels.items()
            },
        }
    )
    return cleaned, marked("\n".join([cleaned.title, cleaned.text, *cleaned.labels.values()]))

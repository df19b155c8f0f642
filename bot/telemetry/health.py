"""Whether the parts that this process works with answer. Asked when somebody looks, and kept for a few seconds."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Gauge

from bot.probes import NoAnswer
from bot.redaction import redact

KEEP_SECONDS = 5.0
"""Probes come every few seconds, from several sides: one question answers them all."""

PATIENCE_SECONDS = 6.0
"""With a part, whatever its own limit."""

_log = logging.getLogger("gavel.health")


@dataclass(frozen=True)
class Vital:
    """A part that is looked at."""

    name: str
    ask: Callable[[], Awaitable[object]]
    """Returns when it answers. Raises :class:`NoAnswer`."""
    needed: bool = True
    """False: work goes on without it, so that it is told and no reason to be taken out of service."""
    keep_seconds: float = KEEP_SECONDS


@dataclass
class _Known:
    answers: bool = True
    at: float | None = None
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True)
class Looked:
    """What was found. It holds no addresses and no reasons: those are in the log."""

    ready: bool
    parts: dict[str, bool]
    """Part → whether it answers."""


class HealthMetrics:
    """The same, as gauges: for alerts, which a probe of one process is not."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._ready = Gauge("gavel_ready", "1: this process serves, and its needed parts answer.", registry=registry)
        self._parts = Gauge("gavel_part_answers", "1: the part answers this process.", ["part"], registry=registry)

    def tell(self, looked: Looked) -> None:
        self._ready.set(looked.ready)
        for name, answers in looked.parts.items():
            self._parts.labels(name).set(answers)


class Readiness:
    """Not ready until `serving`. Shared by everyone who asks."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._vitals: Sequence[Vital] = ()
        self._known: dict[str, _Known] = {}
        self._serving = False

    def serving(self, vitals: Sequence[Vital]) -> None:
        """From here on work is taken, as long as these answer."""
        self._vitals, self._serving = vitals, True
        self._known = {vital.name: _Known() for vital in vitals}

    def leaving(self) -> None:
        """Nothing new is taken any more."""
        self._serving = False

    async def look(self) -> Looked:
        """All parts at once; never raises for what it finds."""
        vitals = self._vitals
        answers = await asyncio.gather(*(self._answers(vital) for vital in vitals))
        parts = {vital.name: found for vital, found in zip(vitals, answers, strict=True)}
        missing = any(vital.needed and not parts[vital.name] for vital in vitals)
        return Looked(ready=self._serving and not missing, parts=parts)

    async def _answers(self, vital: Vital) -> bool:
        known = self._known[vital.name]
        async with known.asking:
            if known.at is not None and self._clock() - known.at < vital.keep_seconds:
                return known.answers
            why = await _asked(vital)
            if (why is None) != known.answers:
                _told(vital, why)
            known.answers, known.at = why is None, self._clock()
            return known.answers


async def _asked(vital: Vital) -> str | None:
    """Why it does not answer; None: it does."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await vital.ask()
    except NoAnswer as error:
        return str(error)
    except TimeoutError:
        return f"no answer within {PATIENCE_SECONDS:g} s"
    except Exception as error:
        return redact(f"{type(error).__name__}: {error}").text[:300]
    return None


def _told(vital: Vital, why: str | None) -> None:
    """A change is told once, and so is its end."""
    if why is None:
        _log.info("%s answers again.", vital.name)
    elif vital.needed:
        _log.warning("%s does not answer (%s). This process says that it is not ready.", vital.name, why)
    else:
        _log.warning("%s does not answer (%s). Work goes on without it.", vital.name, why)

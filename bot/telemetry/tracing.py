"""Traces: off unless OpenTelemetry's own variables say where they go, and then nothing of it is imported."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

from bot.settings_errors import SettingsError

if TYPE_CHECKING:
    from temporalio.client import Interceptor

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

Attribute = str | int | bool


class Tracing(Protocol):
    """What is traced: a span around a piece of work, and Temporal's part in between."""

    @property
    def interceptors(self) -> Sequence[Interceptor]:
        """For Temporal's clients, and by them for their workers: one trace from the event to the last activity."""
        ...

    @property
    def on(self) -> bool: ...

    def span(self, name: str, **attributes: Attribute) -> AbstractContextManager[None]:
        """Around a piece of work. `name` and the attributes' values are ours: never what a person or a model wrote."""
        ...


class NoTracing:
    """Traces nothing. Implements :class:`Tracing`."""

    interceptors: Sequence[Interceptor] = ()
    on = False

    def span(self, name: str, **attributes: Attribute) -> AbstractContextManager[None]:
        return nullcontext()


NO_TRACING = NoTracing()


def tracing_wanted(environ: Mapping[str, str]) -> bool:
    """Whether an endpoint is named, and no other variable says that nothing is to be sent there."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if environ.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() not in {"", "otlp"}:
        return False
    return any(environ.get(name, "").strip() for name in ENDPOINTS)


@asynccontextmanager
async def open_tracing(environ: Mapping[str, str]) -> AsyncGenerator[Tracing]:
    """While it lasts, spans are sent. Raises :class:`SettingsError` where they are wanted and cannot be."""
    if not tracing_wanted(environ):
        yield NO_TRACING
        return
    try:
        from bot.telemetry.otel import OtelTracing
    except ImportError:
        raise SettingsError([f"{_named(environ)} is set, and {_MISSING}"]) from None
    tracing = OtelTracing.open(environ)
    try:
        yield tracing
    finally:
        await tracing.close()


_MISSING = "what sends traces is not installed: install gavel[otel], or unset it"


def _named(environ: Mapping[str, str]) -> str:
    return next(name for name in ENDPOINTS if environ.get(name, "").strip())


def trace_ids(environ: Mapping[str, str]) -> Callable[[], Mapping[str, str]] | None:
    """For log entries: the ids of the span that an entry is written in. None: nothing is traced."""
    if not tracing_wanted(environ):
        return None
    try:
        from bot.telemetry.otel import current_ids
    except ImportError:
        return None  # `open_tracing` says so
    return current_ids

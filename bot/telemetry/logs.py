"""Logs: structured, redacted, on stderr. JSON for machines, readable lines on a terminal.

The standard library's logging, which every library here uses, goes through the same processors.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, TextIO, TypeGuard

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.types import Processor

LogLevel = Literal["debug", "info", "warning", "error"]

QUIET = ("aiosqlite", "alembic", "asyncio", "httpx", "httpx2", "httpcore", "LiteLLM", "slack_bolt", "slack_sdk")
"""Libraries that tell at `info` (or `debug`) what only their authors need: heard from `warning` on."""

UNHEARD = ("client", "mcp")
"""Loggers of the MCP SDK: at `warning` and `error` they repeat what a server said, with a traceback for each message. A
server could fill the disk. What went wrong with one is told with the call that failed."""


def configure_logging(
    level: LogLevel,
    *,
    redact: Callable[[str], str],
    stream: TextIO | None = None,
    ids: Callable[[], Mapping[str, str]] | None = None,
) -> None:
    """Route everything to `stream` (stderr when None), each text through `redact`. Call once, at the start.

    `redact` sees every string of an entry, tracebacks included, and returns what may be written. `ids`: what else each
    entry names, such as the trace it belongs to.
    """
    out = sys.stderr if stream is None else stream
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        *([] if ids is None else [_Ids(ids)]),
        Redaction(redact),
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=True) if out.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        # Not cached: a logger made at import must follow a later call.
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        ProcessorFormatter(foreign_pre_chain=shared, processors=[ProcessorFormatter.remove_processors_meta, renderer])
    )
    handler.addFilter(_is_told)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel("DEBUG" if level == "debug" else "WARNING")
    for name in UNHEARD:
        logging.getLogger(name).setLevel("DEBUG" if level == "debug" else "CRITICAL")
    logging.captureWarnings(capture=True)


def _is_told(record: logging.LogRecord) -> bool:
    """SQLAlchemy takes it for an error when a process that ends is cancelled while it closes a connection."""
    kind = record.exc_info[0] if record.exc_info else None
    ended = kind is not None and issubclass(kind, asyncio.CancelledError)
    return not (ended and record.name.startswith("sqlalchemy.pool"))


def about(*, org: str | None = None, task: str | None = None) -> AbstractContextManager[None]:
    """While it lasts, every entry of this asyncio task (and of those it starts) names the org and the task."""
    given = {"org": org, "task": task}
    return structlog.contextvars.bound_contextvars(**{key: value for key, value in given.items() if value is not None})


class _Ids:
    """A structlog processor: adds what is asked for at each entry."""

    def __init__(self, ids: Callable[[], Mapping[str, str]]) -> None:
        self._ids = ids

    def __call__(self, _logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        entry.update(self._ids())
        return entry


class Redaction:
    """A structlog processor: applies one function to every string of an entry, however deep."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact

    def __call__(self, _logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: value if key.startswith("_") else self._clean(value) for key, value in entry.items()}

    def _clean(self, value: object) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self._redact(value)
        if _is_mapping(value):
            return {self._redact(str(key)): self._clean(inner) for key, inner in value.items()}
        if _is_sequence(value):
            return [self._clean(inner) for inner in value]
        # Anything else would be rendered by its repr, after redaction: take its repr now.
        return self._redact(repr(value))


def _is_mapping(value: object) -> TypeGuard[Mapping[object, object]]:
    return isinstance(value, Mapping)


def _is_sequence(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, list | tuple | set | frozenset)

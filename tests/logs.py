"""What a test's own code logs. Servers of other tests of its process may run on beside it, and log what they like."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from structlog import DropEvent
from structlog.testing import capture_logs
from structlog.typing import EventDict, WrappedLogger

_HERE: ContextVar[object] = ContextVar("here", default=None)


@contextmanager
def logged_here() -> Generator[list[EventDict]]:
    """What is logged meanwhile by this task, by those that it starts and in the threads that they wait for.

    Of what was running before (a server, its listeners) nothing: :func:`structlog.testing.capture_logs` has that.
    """
    mark = object()

    def ours(_logger: WrappedLogger, _method: str, entry: EventDict) -> Mapping[str, object]:
        if _HERE.get() is not mark:
            raise DropEvent
        return entry

    token = _HERE.set(mark)
    try:
        with capture_logs(processors=[ours]) as logs:
            yield logs
    finally:
        _HERE.reset(token)

"""Logs are structured, redacted, and hold what the standard library's loggers say too."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bot.telemetry import about, configure_logging


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    stream = io.StringIO()
    configure_logging("info", redact=lambda text: text.replace("hunter2", "[redacted]"), stream=stream)
    yield stream
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    root.handlers[:] = before[0]
    root.setLevel(before[1])


def entries(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_entry_is_one_json_object_with_time_level_and_logger(out: io.StringIO) -> None:
    structlog.get_logger("gavel.test").info("plan judged", verdict="refused", phases=3)
    (entry,) = entries(out)
    assert entry["event"] == "plan judged"
    assert (entry["verdict"], entry["phases"], entry["level"], entry["logger"]) == (
        "refused",
        3,
        "info",
        "gavel.test",
    )
    assert entry["timestamp"].endswith("Z")


def test_the_standard_library_is_routed_in_and_redacted(out: io.StringIO) -> None:
    logging.getLogger("some.library").warning("password is %s", "hunter2")
    (entry,) = entries(out)
    assert entry["event"] == "password is [redacted]"


def test_every_string_is_redacted_however_deep_and_in_tracebacks(out: io.StringIO) -> None:
    log = structlog.get_logger()
    try:
        int("token hunter2")
    except ValueError:
        log.exception("failed", request={"headers": [("x", "hunter2")], "hunter2": {1, 2}}, thing=ValueError("hunter2"))
    assert "hunter2" not in out.getvalue()
    (entry,) = entries(out)
    assert "'token [redacted]'" in entry["exception"]


def test_org_and_task_are_named_while_they_are_worked_on(out: io.StringIO) -> None:
    with about(org="T1", task="t-1"):
        logging.getLogger("x").error("inside")
    logging.getLogger("x").error("outside")
    inside, outside = entries(out)
    assert (inside["org"], inside["task"]) == ("T1", "t-1")
    assert "task" not in outside


def test_the_level_is_kept_and_chatty_libraries_are_quiet(out: io.StringIO) -> None:
    logging.getLogger("x").debug("no")
    logging.getLogger("httpx").info("no")
    logging.getLogger("httpx").warning("yes")
    assert [entry["event"] for entry in entries(out)] == ["yes"]


def test_a_connection_whose_closing_was_cancelled_is_no_error(out: io.StringIO) -> None:
    for error in (asyncio.CancelledError(), OSError("disk")):
        logging.getLogger("sqlalchemy.pool.impl.QueuePool").error("Exception closing connection", exc_info=error)
    logging.getLogger("other").error("Cancelled", exc_info=asyncio.CancelledError())
    assert [(entry["logger"], entry["exception"].split(":")[0]) for entry in entries(out)] == [
        ("sqlalchemy.pool.impl.QueuePool", "OSError"),
        ("other", "asyncio.exceptions.CancelledError"),
    ]


def test_warnings_are_logged(out: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old API", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    assert "old API" in out.getvalue()


def test_a_terminal_gets_readable_lines() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    stream = Terminal()
    try:
        configure_logging("info", redact=lambda text: text, stream=stream)
        structlog.get_logger("x").info("hello", n=1)
    finally:
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()
        root.handlers[:] = before[0]
        root.setLevel(before[1])
    assert "hello" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_an_mcp_server_cannot_fill_the_log(out: io.StringIO) -> None:
    for logger in ("client", "mcp.client.streamable_http"):
        logging.getLogger(logger).error("it said %s", "x" * 1000)
    assert out.getvalue() == ""

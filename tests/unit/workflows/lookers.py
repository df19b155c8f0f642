"""What a workflow could ask of a helper, and must not."""

from __future__ import annotations

import random
import time
import uuid
from datetime import UTC, datetime


def a_clock() -> str:
    return f"{datetime.now(UTC)}"


def another_clock() -> str:
    return f"{time.time()}"


def chance() -> str:
    return f"{random.random()}"  # noqa: S311


def an_id() -> str:
    return f"{uuid.uuid4()}"


def a_file() -> str:
    with open(__file__, encoding="utf-8") as file:
        return file.read()


BY_NAME = {"a clock": a_clock, "another clock": another_clock, "chance": chance, "an id": an_id, "a file": a_file}

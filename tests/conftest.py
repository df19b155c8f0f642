"""How `make test` shares the tests out among processes. Without `-n` none of this has any effect."""

from __future__ import annotations

import os
from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

MOST_PROCESSES = 8

SHARED = ("unit/tools", "unit/policies", "unit/stack", "unit/cli")
"""Rooms whose files have next to nothing in common, or so many tests that two processes should have them."""

OWN_TOWNS = (
    *("test_kills", "test_kill_of_the_main_job", "test_whole_task", "test_step_up", "test_execution_guards"),
    *("test_waiting", "test_cost_of_a_task", "test_coming_and_going", "test_redis_away"),
)
"""Files of tests/whole that do not use the `square`."""


class ByRoom(LoadScopeScheduling):
    """A room's tests go to one process, one after the other: they share its servers, which take seconds to start.

    Rooms are begun in the order of `testpaths`: the long ones first, so that nobody waits for one at the end.
    """

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return room_of(nodeid.partition("::")[0])


def room_of(file: str) -> str:
    """The room of a test file, a path from the root."""
    path = PurePosixPath(file)
    parent = path.parent.as_posix().removeprefix("tests/")
    if parent in SHARED or (parent == "whole" and path.stem in OWN_TOWNS):
        return file
    return parent


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByRoom:
    return ByRoom(config, log)


def pytest_xdist_auto_num_workers() -> int:
    """One more than cores: much of their time the tests wait for servers. Still more, and the waits run out of time."""
    return min((os.cpu_count() or 1) + 1, MOST_PROCESSES)

"""What holds for every test, and how `make test` (`pytest -n`) shares them out among processes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

from tests import postgres

# An example's wall-clock time says how busy the machine is. What hangs is ended by pytest's `timeout`.
settings.register_profile("gavel", deadline=None)
settings.load_profile("gavel")

MOST_PROCESSES = 8

BY_FILE = ("whole", "unit/tools", "unit/policies", "unit/stack", "unit/cli")
"""Rooms whose files have little in common, or so many tests that several processes should have them."""

THE_SQUARE = ("acknowledging", "bad_input", "filters", "http_mode", "outages", "questions", "secrets", "starting_once")
"""Files of tests/whole that share the `square`. One that is not named here gets another one, and takes longer."""


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
    if parent == "whole" and path.stem.removeprefix("test_") in THE_SQUARE:
        return "whole/square"
    if parent in BY_FILE:
        return file
    return parent


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByRoom:
    return ByRoom(config, log)


def pytest_xdist_auto_num_workers() -> int:
    """One for each core: each starts servers besides, and with more of them the waits run out of time."""
    return min(os.cpu_count() or 1, MOST_PROCESSES)


@pytest.fixture(scope="session")
def postgres_url() -> Generator[str]:
    """A PostgreSQL on which databases may be made: `GAVEL_TEST_POSTGRES_URL`, else one of this process, started when a
    test first wants it. Not asynchronous, so that other fixtures can ask for it while they run.
    """
    configured = os.environ.get("GAVEL_TEST_POSTGRES_URL")
    if configured:
        yield configured
        return
    reason = postgres.missing()
    if reason is not None:
        # Where everything must have been installed, what was not tested has not passed.
        assert not os.environ.get("CI"), reason
        pytest.skip(reason)
    with postgres.postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_shelf(postgres_url: str) -> Generator[postgres.Shelf]:
    shelf = postgres.Shelf(postgres_url)
    yield shelf
    # In a thread: this one has a loop of its tests.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(shelf.clear_away())).result()


@pytest.fixture(params=["sqlite", "postgresql"])
def sql_server(request: pytest.FixtureRequest) -> str:
    """Which of the two a test's database is on."""
    return str(request.param)

"""One server for the session; every test leaves it without faults."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.unit.rehearsal.process import Rehearsal, rehearsal_process


@pytest.fixture(scope="session")
async def rehearsal_server() -> AsyncGenerator[Rehearsal, None]:
    async with rehearsal_process() as running:
        yield running


@pytest.fixture
async def rehearsal(rehearsal_server: Rehearsal) -> AsyncGenerator[Rehearsal, None]:
    yield rehearsal_server
    await rehearsal_server.heal()

"""A short run of `make chaos`: every kind of fault once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.faults import catalogue
from tests.chaos.run import run


@pytest.mark.timeout(900)
async def test_whatever_fails_nothing_is_lost_doubled_or_done_without_a_decision(tmp_path: Path) -> None:
    faults = len(catalogue())
    report = await run(tmp_path, seed=26, faults=faults, at_once=4)
    assert report.breaches == []
    assert report.broken == []
    # A fault of a server that is itself away cannot be made.
    assert report.total > 0.8 * faults
    assert report.deaths
    assert report.outcomes.get("completed", 0) > 0

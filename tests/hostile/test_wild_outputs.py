"""The first half of 10,000 generated model outputs: malformed or hostile. None raises past the agent, none executes.

The other half is in `test_unsafe_plans`: schema-valid plans with one unsafe mutation.
"""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.bundle import load_bundle
from policies.regorus_engine import RegorusEngine
from tests.hostile.relaxed import relaxed, told
from tests.hostile.shapes import NAMES, spoiled
from tests.hostile.wild import Answer, Range, WildPart

BATCH = 20
"""Outputs that one example holds: a council, its second chances and its votes read most of them."""

QUOTAS: dict[str, int] = {"understand": 1400, "investigate": 1500, "report": 1200, "vote": 900}
"""Purpose of a model call → malformed or hostile answers to it. 5,000 altogether."""

WILD: dict[str, WildPart | None] = {"understand": None, "investigate": "calls", "report": "reports", "vote": "votes"}
"""Where each is let loose: on layer 1, or on a part of the agent's work."""


@pytest.mark.timeout(600)
def test_five_thousand_malformed_or_hostile_answers_end_in_the_agent() -> None:
    """Layer 1's drafts, tool calls, members' reports and votes. A run ends in an outcome, or in a `ModelError`."""
    field = Range(RegorusEngine(load_bundle()))
    with asyncio.Runner() as runner:
        for purpose, quota in QUOTAS.items():
            while field.read(purpose) < quota:
                _let_loose(field, runner, WILD[purpose])
    told("model outputs read", field.counted)
    told("runs by how they ended", field.ended)
    assert field.counted.total() >= 5000
    assert {seen.partition(": ")[2] for seen in field.counted} == set(NAMES)
    assert field.ended["plan"] > 0, "nothing hostile ever came as far as a plan"
    assert field.estate.changes == 0


def _let_loose(field: Range, runner: asyncio.Runner, part: WildPart | None) -> None:
    @settings(relaxed, max_examples=8)
    @given(st.lists(spoiled(), min_size=BATCH, max_size=BATCH))
    def each(answers: list[Answer]) -> None:
        if part is not None:
            runner.run(field.work(answers, part))
            return
        for start in range(0, BATCH, 6):
            runner.run(field.understand(answers[start : start + 6]))

    each()

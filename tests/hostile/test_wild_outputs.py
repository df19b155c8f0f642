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
from tests.hostile.shapes import SPOILS, spoiled
from tests.hostile.wild import Answer, Range, WildPart

BATCH = 20
"""Outputs that one example holds: a council, its second chances and its votes read most of them."""

WILD_OUTPUTS = 5000

PARTS: list[WildPart | None] = [None, "calls", "reports", "reports", "votes", "votes"]
"""What is wild: layer 1's answer, or a part of the agent's work."""


@pytest.mark.timeout(600)
def test_five_thousand_malformed_or_hostile_answers_end_in_the_agent() -> None:
    """Layer 1's drafts, tool calls, members' reports and votes. A run ends in an outcome, or in a `ModelError`."""
    field = Range(RegorusEngine(load_bundle()))
    with asyncio.Runner() as runner:

        @settings(relaxed, max_examples=800)
        @given(st.lists(spoiled(), min_size=BATCH, max_size=BATCH), st.sampled_from(PARTS))
        def each(answers: list[Answer], part: WildPart | None) -> None:
            if field.counted.total() >= WILD_OUTPUTS:
                return
            if part is not None:
                runner.run(field.work(answers, part))
                return
            for start in range(0, BATCH, 6):
                runner.run(field.understand(answers[start : start + 6]))

        each()
    told("model outputs read", field.counted)
    told("runs by how they ended", field.ended)
    assert field.counted.total() >= WILD_OUTPUTS
    for purpose in ("understand", "investigate", "report", "vote"):
        assert sum(count for name, count in field.counted.items() if name.startswith(purpose)) >= 300, purpose
    for name in SPOILS:
        assert any(seen.endswith(f": {name}") for seen in field.counted), name
    assert field.estate.changes == 0

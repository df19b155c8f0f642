"""Too few answers or votes for a council: what is made of them, and that it is said."""

from __future__ import annotations

import asyncio

from tests.unit.orchestrator.council_table import FOUR, Table, against, table
from tests.unit.orchestrator.parts import Watcher, report
from tests.unit.orchestrator.provider import fails, says, waits_for
from tools.contracts.progress import ProgressEvent

__all__ = ["table"]


async def test_two_of_four_failing_degrades_to_single_and_says_so(table: Table) -> None:
    for model in FOUR[:2]:
        table.seat(model, answer=report("23"))
    table.seat("gamma", answer=fails(500))
    table.seat("delta", answer=fails(401))
    result = await table.deliberate(*FOUR)
    outcome = result.outcome
    assert (outcome.mode, outcome.requested_mode, outcome.consensus) == ("single", "council", False)
    assert outcome.degraded is not None
    assert outcome.degraded in table.watcher.notes
    assert "Gamma" in outcome.degraded or "Delta" in outcome.degraded
    assert table.asked("VoteSheet") == []
    assert outcome.agreement is None
    assert all(row.single_source and not row.carried for row in outcome.tallies)
    assert result.best in {"Alpha", "Beta"}
    assert table.entries.entries[0][1]["mode"] == "single"


async def test_two_of_four_failing_degrades_to_aggregation_where_the_agent_can_and_says_so(table: Table) -> None:
    for model in FOUR[:2]:
        table.seat(model, answer=report("23"))
    table.provider.play("alpha", says(report("23")), says(report("23")), schema="DriftMemberReport")
    table.seat("gamma", answer=fails(500))
    table.seat("delta", answer=fails(401))
    result = await table.deliberate(*FOUR, aggregates=True)
    outcome = result.outcome
    assert (outcome.mode, outcome.requested_mode, outcome.consensus) == ("aggregation", "council", False)
    assert result.best == "synthesis"
    assert outcome.degraded is not None
    assert "2 of the 3 independent models a council needs answered" in outcome.degraded
    assert "Gamma" in outcome.degraded
    assert outcome.degraded in table.watcher.notes
    assert table.asked("VoteSheet") == []
    assert table.entries.entries[0][1]["degraded"] == outcome.degraded


async def test_two_families_configured_aggregate_instead(table: Table) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    result = await table.deliberate(*FOUR[:3], families={"alpha": "acme", "beta": "acme"}, aggregates=True)
    assert (result.outcome.mode, result.outcome.requested_mode) == ("aggregation", "council")
    assert "2 are configured" in (result.outcome.degraded or "")
    assert result.outcome.degraded in table.watcher.notes


async def test_a_second_report_is_waited_for_where_two_can_be_put_together(table: Table) -> None:
    table.seat("alpha", answer=report("23"))
    table.provider.play("alpha", says(report("23")), says(report("23")), schema="DriftMemberReport")
    table.seat("beta", answer=fails(500))
    first_answered = asyncio.Event()

    class Tells(Watcher):
        def emit(self, event: ProgressEvent) -> None:
            super().emit(event)
            if "answered" in self.states("Alpha"):
                first_answered.set()

    table.watcher = Tells()
    table.seat("gamma", answer=waits_for(first_answered, says(report("23"))))
    result = await table.deliberate(*FOUR[:3], aggregates=True)
    assert (result.outcome.mode, result.best) == ("aggregation", "synthesis")


async def test_three_members_of_one_family_are_no_council(table: Table) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    result = await table.deliberate(*FOUR[:3], families=dict.fromkeys(FOUR, "acme"))
    assert (result.outcome.mode, result.outcome.consensus) == ("single", False)
    assert "1 is configured" in (result.outcome.degraded or "")
    assert result.outcome.degraded in table.watcher.notes
    assert table.asked("DriftMemberReport") == ["alpha"]


async def test_too_few_votes_degrade_to_a_plan_nobody_spoke_against(table: Table) -> None:
    table.seat("alpha", answer=report("23", assets=["web-9"]))
    table.seat("beta", answer=report("23"), vote=against("web-9"))
    table.seat("gamma", answer=report("23"), vote=fails(500))
    result = await table.deliberate(*FOUR[:3])
    assert (result.outcome.mode, result.outcome.consensus, result.best) == ("single", False, "Beta")
    assert result.carried_phase_keys == {"wave:web-1", "wave:web-2"}
    assert [item.member for item in result.outcome.dissent] == ["Beta"]
    assert result.outcome.degraded in table.watcher.notes
    assert result.outcome.nominal_votes == 2
    assert result.outcome.unheard == ["Gamma"], "it answered, and may have been against what stands alone now"


async def test_too_few_votes_and_every_plan_opposed_leave_no_plan(table: Table) -> None:
    for model in FOUR[:2]:
        table.seat(model, answer=report("23"), vote=against("web-1"))
    table.seat("gamma", answer=report("23"), vote=fails(500))
    result = await table.deliberate(*FOUR[:3])
    assert result.best is None
    assert result.carried_phase_keys == frozenset()

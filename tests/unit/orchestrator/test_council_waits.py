"""Whom a council waits for, how long, and whom it hangs up on."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.orchestrator.council_table import FOUR, Table, against, carried, table
from tests.unit.orchestrator.parts import Watcher, report
from tests.unit.orchestrator.provider import fails, never, waits_for
from tools.contracts.progress import ProgressEvent

__all__ = ["table"]


async def test_a_member_that_never_answers_is_waited_for_no_longer_than_the_deadline(table: Table) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    table.seat("delta", answer=never())
    result = await table.deliberate(*FOUR, deadline_seconds=4)
    assert result.outcome.consensus
    assert result.outcome.members[3].state == "failed"
    assert [row.error_class for row in table.log.rows if row.member == "Delta"] == ["timeout"]


async def test_a_vote_that_never_comes_is_waited_for_no_longer_than_the_deadline(table: Table) -> None:
    for model in FOUR[:2]:
        table.seat(model, answer=report("23"))
    table.seat("gamma", answer=report("23"), vote=never())
    result = await table.deliberate(*FOUR[:3], deadline_seconds=4)
    assert result.outcome.mode == "single"
    assert "Gamma did not answer in time" in (result.outcome.degraded or "")


async def test_a_straggler_is_cancelled_once_the_outcome_is_decided(table: Table) -> None:
    """Three of four support everything: 3/4 carries even if the fourth contradicts, so nobody waits for it long."""
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    table.seat("delta", answer=report("23"), vote=never())
    async with asyncio.timeout(15):
        result = await table.deliberate(*FOUR, deadline_seconds=60)
        await table.provider.idle.wait()
    assert result.outcome.consensus
    assert result.outcome.members[3].state == "cancelled"
    assert table.watcher.states("Delta")[-1] == "cancelled"
    assert table.provider.left == ["delta"]
    assert [row.error_class for row in table.log.rows if row.member == "Delta" and not row.success] == ["cancelled"]
    assert result.outcome.nominal_votes == 3
    assert result.outcome.unheard == ["Delta"], "it may have been against it, and that raises the quorum"


async def test_a_last_vote_that_can_only_dissent_is_heard_where_it_comes_in_time(table: Table) -> None:
    three_voted = asyncio.Event()

    class Counts(Watcher):
        def emit(self, event: ProgressEvent) -> None:
            super().emit(event)
            if len({vote.member for vote in self.votes}) == 3:
                three_voted.set()

    table.watcher = Counts()
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    table.seat("delta", answer=report("23"), vote=waits_for(three_voted, against("web-1")))
    result = await table.deliberate(*FOUR, patience_seconds=30)
    assert result.outcome.consensus
    assert (result.outcome.opposed, result.outcome.unheard) == (1, [])


async def test_nobody_is_waited_for_whose_dissent_would_raise_nothing(table: Table) -> None:
    """Somebody dissents already, or nobody approves it: with the patience of a minute both would end in a timeout."""
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    table.seat("delta", answer=report("23"), vote=never())
    async with asyncio.timeout(15):
        reported = await table.deliberate(*FOUR, patience_seconds=60, approved=False)
    assert reported.outcome.members[3].state == "cancelled"
    table.seat("alpha", answer=report("23"), vote=against("web-1"))
    more = ("epsilon", "zeta", "eta")
    for model in more:
        table.seat(model, answer=report("23"))
    async with asyncio.timeout(15):
        opposed = await table.deliberate(*FOUR, *more, patience_seconds=60)
    assert (opposed.outcome.opposed, opposed.outcome.unheard) == (1, ["Delta"])


async def test_a_vote_that_failed_may_have_been_against_it(table: Table) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    table.seat("delta", answer=report("23"), vote=fails(500))
    result = await table.deliberate(*FOUR)
    assert result.outcome.consensus
    assert (result.outcome.opposed, result.outcome.unheard) == (0, ["Delta"])


async def test_a_vote_that_matters_is_waited_for(table: Table) -> None:
    """The third of three votes only once the two others were counted: whoever does not wait for it never hears it."""
    two_voted = asyncio.Event()

    class Counts(Watcher):
        def emit(self, event: ProgressEvent) -> None:
            super().emit(event)
            if len({vote.member for vote in self.votes}) == 2:
                two_voted.set()

    table.watcher = Counts()
    for model in FOUR[:2]:
        table.seat(model, answer=report("23"))
    table.seat("gamma", answer=report("23"), vote=waits_for(two_voted, against("23")))
    result = await table.deliberate(*FOUR[:3])
    assert result.outcome.members[2].state == "answered"
    assert carried(result) == []


async def test_a_quorum_out_of_reach_is_not_waited_for(table: Table) -> None:
    table.seat("alpha", answer=report("23"))
    table.seat("beta", answer=fails(500))
    table.seat("gamma", answer=never())
    async with asyncio.timeout(15):
        result = await table.deliberate(*FOUR[:3], deadline_seconds=60)
    assert result.best == "Alpha"
    assert [member.state for member in result.outcome.members] == ["answered", "failed", "cancelled"]


async def test_cancelling_a_deliberation_hangs_up_on_everyone(table: Table) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=never())
    deliberation = asyncio.create_task(table.deliberate(*FOUR[:3]))
    async with asyncio.timeout(15):
        await table.provider.busy.wait()
        deliberation.cancel()
        with pytest.raises(asyncio.CancelledError):
            await deliberation
        await table.provider.idle.wait()
    assert {row.error_class for row in table.log.rows} == {"cancelled"}
    assert len(table.log.rows) == 3

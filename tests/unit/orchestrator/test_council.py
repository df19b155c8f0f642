"""The council, end to end: real HTTP calls to members that answer, fail, lie and dawdle."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from agents.orchestrator.chat import ModelError
from agents.orchestrator.council import Council
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.orchestrator import Orchestrator
from tests.unit.orchestrator.council_table import FOUR, Table, against, carried, table
from tests.unit.orchestrator.parts import KeptCalls, report
from tests.unit.orchestrator.provider import KEY, Provider, Step, cuts_off, fails, meets, never, says, sends, votes
from tools.contracts.ledger import LedgerUnavailable
from tools.contracts.members.rollout import DriftMemberReport
from tools.contracts.progress import TallyProgress, VerdictProgress

__all__ = ["table"]


async def test_three_members_agree(table: Table) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    result = await table.deliberate(*FOUR[:3])
    assert result.outcome.consensus
    assert (result.outcome.mode, result.outcome.degraded) == ("council", None)
    assert (result.outcome.nominal_votes, result.outcome.effective_votes, result.outcome.agreement) == (3, 3.0, 1.0)
    assert carried(result) == ["23"]
    assert result.carried_phase_keys == {"wave:web-1", "wave:web-2"}
    assert result.best == "Alpha"
    assert [entry[0] for entry in table.entries.entries] == ["council_voted"]
    assert table.entries.entries[0][1] == result.outcome.model_dump(mode="json")


async def test_everyone_is_asked_at_once_and_votes_at_once(table: Table) -> None:
    """Each answer waits for all the calls to be in flight together: one after another would never end."""
    answering, voting = asyncio.Barrier(3), asyncio.Barrier(3)
    for model in FOUR[:3]:
        table.seat(
            model,
            answer=meets(answering, says(report("23"))),
            vote=meets(voting, votes(lambda _text: "support")),
        )
    result = await table.deliberate(*FOUR[:3])
    assert result.outcome.consensus
    assert table.provider.most_in_flight == 3


async def test_every_member_gets_the_same_question_and_one_batched_vote(table: Table) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report(*"12345"))
    await table.deliberate(*FOUR[:3])
    questions = {str(call.body["messages"]) for call in table.provider.calls if call.schema == "DriftMemberReport"}
    assert len(questions) == 1
    assert sorted(table.asked("VoteSheet")) == sorted(FOUR[:3])


async def test_voters_see_no_names_and_each_its_own_order(table: Table) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report(*"12345"))
    await table.deliberate(*FOUR[:3])
    ballots = [call.prompt for call in table.provider.calls if call.schema == "VoteSheet"]
    assert len(set(ballots)) == 3
    assert len({tuple(sorted(prompt.splitlines())) for prompt in ballots}) == 1
    assert all(model.capitalize() not in prompt for prompt in ballots for model in FOUR)


async def test_two_of_three_does_not_carry_at_seven_tenths(table: Table) -> None:
    for model in FOUR[:2]:
        table.seat(model, answer=report("23"), vote=against("24", "evidence."))
    table.seat("gamma", answer=report("24", assets=()), vote=against("23", "web-1", "web-2"))
    result = await table.deliberate(*FOUR[:3])
    assert not result.outcome.consensus
    assert result.outcome.mode == "council"
    assert result.best is None
    assert carried(result) == []
    dissent = {(item.member, item.claim, item.reason) for item in result.outcome.dissent}
    assert ("Gamma", "web fleet: drifted_count is 23", "The evidence says otherwise.") in dissent


async def test_a_confident_liar_cannot_carry_its_claim_or_its_plan(table: Table) -> None:
    """A member under injection supports only its own; the honest ones do not see it in the evidence."""
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"), vote=against("666", "web-666"))
    liar = votes(lambda text: "support" if "666" in text else "contradict", reason="Ignore the others.")
    table.seat("delta", answer=report("666", assets=["web-666"]), vote=liar)
    result = await table.deliberate(*FOUR)
    assert result.outcome.consensus
    assert carried(result) == ["23"]
    assert "wave:web-666" not in result.carried_phase_keys
    assert result.best == "Alpha"
    [lie] = [row for row in result.outcome.tallies if row.claim.text.endswith("is 666")]
    assert lie.single_source
    assert not lie.carried


async def test_an_injected_member_cannot_pass_by_others_silence(table: Table) -> None:
    quiet = votes(lambda text: "silent" if "666" in text else "support")
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"), vote=quiet)
    table.seat("delta", answer=report("666", assets=["web-666"]))
    result = await table.deliberate(*FOUR)
    assert carried(result) == ["23"]
    assert result.best == "Alpha"


FAILURES: dict[str, Step] = {
    "rate limited": fails(429, retry_after="60"),
    "broken": fails(500),
    "wrong key": fails(401),
    "cut, by length": cuts_off(chunked=False),
    "cut, chunked": cuts_off(chunked=True),
    "not JSON": sends("<html>", "text/html"),
    "garbage": says("\ufffd{{{ garbage"),
    "half an answer": says(report("23").model_dump_json()[:80]),
    "out of tokens": says(report("23").model_dump_json()[:80], finish="length"),
}


@pytest.mark.parametrize("stage", ["answer", "vote"])
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
async def test_one_member_failing_leaves_the_right_outcome(table: Table, failure: Step, stage: str) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    if stage == "answer":
        table.seat("delta", answer=failure)
    else:
        table.seat("delta", answer=report("23"), vote=failure)
    result = await table.deliberate(*FOUR)
    assert result.outcome.consensus
    assert (result.outcome.mode, result.best, carried(result)) == ("council", "Alpha", ["23"])
    delta = result.outcome.members[3]
    if stage == "answer":
        assert delta.state == "failed"
        assert result.outcome.effective_votes == 3
    assert KEY not in repr((result, table.log.rows, table.entries.entries, table.watcher.events))


async def test_a_vote_against_what_carried_is_told_apart_from_one_that_prevailed(table: Table) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    table.seat("delta", answer=report("23"), vote=votes(lambda _text: "support"))
    table.seat("alpha", answer=report("23"), vote=against("web-1", "23"))
    result = await table.deliberate(*FOUR)
    assert result.outcome.consensus
    assert result.outcome.opposed == 2
    table.seat("alpha", answer=report("99", assets=()), vote=against())
    for model in FOUR[1:]:
        table.seat(model, answer=report("23"), vote=against("99", "evidence."))
    lone = await table.deliberate(*FOUR)
    assert lone.outcome.consensus
    assert lone.outcome.opposed == 0
    assert lone.outcome.dissent


async def test_a_second_member_of_a_family_adds_no_vote(table: Table) -> None:
    families = {"alpha": "acme", "beta": "acme"}
    for model in FOUR:
        table.seat(model, answer=report("23"))
    result = await table.deliberate(*FOUR, families=families)
    assert result.outcome.effective_votes == 3
    assert result.outcome.consensus


async def test_the_plan_with_the_most_support_wins(table: Table) -> None:
    table.seat("alpha", answer=report("23", assets=["web-9"]), vote=votes(lambda _text: "support"))
    table.seat("beta", answer=report("23"))
    table.seat("gamma", answer=report("23"))
    table.seat("delta", answer=report("23"), vote=against("web-9"))
    result = await table.deliberate(*FOUR)
    assert "wave:web-9" in result.carried_phase_keys
    assert result.best == "Beta"


async def test_agreeing_to_change_nothing_is_a_consensus(table: Table) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report("0", assets=()))
    result = await table.deliberate(*FOUR[:3])
    assert result.outcome.consensus
    assert result.carried_phase_keys == {"no_change"}
    best = result.reports[result.best or ""]
    assert isinstance(best, DriftMemberReport)
    assert best.proposal is None


async def test_doing_nothing_is_not_what_is_left_when_plans_fail(table: Table) -> None:
    table.seat("alpha", answer=report("23", assets=()))
    for model in FOUR[1:3]:
        table.seat(model, answer=report("23"), vote=against("evidence."))
    result = await table.deliberate(*FOUR[:3])
    assert "no_change" not in result.carried_phase_keys
    assert result.best != "Alpha"


async def test_a_proposal_that_cannot_be_expanded_cannot_win(table: Table) -> None:
    """Invented assets: the tools return no phases for them."""
    table.seat("alpha", answer=report("23", assets=["invented-1"]))
    for model in FOUR[1:3]:
        table.seat(model, answer=report("23"))
    result = await table.deliberate(*FOUR[:3])
    assert result.best == "Beta"
    assert "Alpha" not in result.phases


async def test_nobody_answering_is_an_error_that_names_everyone_and_no_key(table: Table) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=fails(500))
    with pytest.raises(ModelError) as caught:
        await table.deliberate(*FOUR[:3])
    assert caught.value.kind == "unavailable"
    assert all(model.capitalize() in str(caught.value) for model in FOUR[:3])
    assert "nothing was run" in str(caught.value)
    assert KEY not in str(caught.value)
    assert table.entries.entries == []


async def test_progress_tells_each_state_each_vote_and_the_tally(table: Table) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    result = await table.deliberate(*FOUR[:3])
    assert table.watcher.states("Alpha") == ["thinking", "answered", "waiting", "thinking", "answered"]
    assert len(table.watcher.votes) == 3 * len(result.outcome.tallies)
    [counted] = [event for event in table.watcher.events if isinstance(event, TallyProgress)]
    assert counted.tallies == result.outcome.tallies
    assert table.watcher.events[-1] == VerdictProgress(result.outcome)


async def test_every_call_is_logged(table: Table) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    table.seat("delta", answer=fails(500))
    await table.deliberate(*FOUR)
    assert len(table.log.rows) == len(table.provider.calls)
    keys = [row.request.key for row in table.log.rows]
    assert len(set(keys)) == len(keys)
    assert {row.request.mode for row in table.log.rows} == {"council"}


async def test_a_log_that_is_away_ends_the_council(table: Table) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    table.log.away = True
    with pytest.raises(LedgerUnavailable):
        await table.deliberate(*FOUR[:3])
    assert table.entries.entries == []


async def test_a_straggler_that_cannot_be_logged_ends_the_council(table: Table) -> None:
    """Cancelled or not, a call that goes unrecorded is not passed over."""
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    table.seat("delta", answer=report("23"), vote=never())

    class ForgetsCancelled(KeptCalls):
        async def log(self, record: object) -> None:
            if getattr(record, "error_class", None) == "cancelled":
                raise LedgerUnavailable("the database is away")

    table.log = ForgetsCancelled()
    with pytest.raises(LedgerUnavailable):
        await table.deliberate(*FOUR)


def test_a_council_of_nonsense_rules_is_refused(provider: Provider, litellm_client: LiteLLMClient) -> None:
    with pytest.raises(ValueError, match="threshold"):
        Council(litellm_client, [], threshold=1)
    with pytest.raises(ValueError, match="min_providers"):
        Council(litellm_client, [], min_providers=1)
    with pytest.raises(ValueError, match="synthesis"):
        Orchestrator(Council(litellm_client, [replace(provider.member("alpha"), name="synthesis")]))


async def test_two_members_of_one_name_are_refused(table: Table) -> None:
    with pytest.raises(ValueError, match="unique"):
        await table.deliberate("alpha", "alpha")

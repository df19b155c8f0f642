"""The council, end to end: real HTTP calls to members that answer, fail, lie and dawdle."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from agents.orchestrator.brief import Deliberation
from agents.orchestrator.chat import ModelError
from agents.orchestrator.council import Council
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.logged import LoggedClient
from agents.orchestrator.orchestrator import Orchestrator
from tests.unit.orchestrator.parts import KeptCalls, KeptEntries, Watcher, brief, report
from tests.unit.orchestrator.provider import (
    KEY,
    Provider,
    Step,
    cuts_off,
    fails,
    meets,
    never,
    says,
    sends,
    votes,
    waits_for,
)
from tools.contracts.common import Mode
from tools.contracts.council import Stance
from tools.contracts.ledger import LedgerUnavailable
from tools.contracts.members.rollout import DriftMemberReport
from tools.contracts.progress import ProgressEvent, TallyProgress, VerdictProgress

FOUR = ("alpha", "beta", "gamma", "delta")


@dataclass
class Table:
    """A council at a scripted provider, and everything it leaves behind."""

    provider: Provider
    client: LiteLLMClient
    log: KeptCalls = field(default_factory=KeptCalls)
    entries: KeptEntries = field(default_factory=KeptEntries)
    watcher: Watcher = field(default_factory=Watcher)

    def seat(self, model: str, *, answer: Step | DriftMemberReport, vote: Step | None = None) -> None:
        self.provider.play(
            model, says(answer) if isinstance(answer, DriftMemberReport) else answer, schema="DriftMemberReport"
        )
        self.provider.play(model, vote or votes(lambda _text: "support"), schema="VoteSheet")

    async def deliberate(
        self,
        *models: str,
        families: Mapping[str, str] | None = None,
        mode: Mode = "council",
        deadline_seconds: float = 20,
        aggregates: bool = False,
        primary: str | None = None,
        patience_seconds: float = 0.5,
        approved: bool = True,
    ) -> Deliberation:
        members = [self.provider.member(model, family=(families or {}).get(model)) for model in models]
        council = Council(
            LoggedClient(self.client, self.log),
            members,
            answer_deadline_seconds=deadline_seconds,
            vote_deadline_seconds=deadline_seconds,
            patience_seconds=patience_seconds,
        )
        return await Orchestrator(council, primary=primary).deliberate(
            replace(brief(aggregates=aggregates), approved=approved),
            mode=mode,
            progress=self.watcher,
            recorder=self.entries,
        )

    def asked(self, schema: str) -> list[str]:
        return [call.model for call in self.provider.calls if call.schema == schema]


@pytest.fixture
def table(provider: Provider, litellm_client: LiteLLMClient) -> Table:
    return Table(provider, litellm_client)


def carried(result: Deliberation) -> list[str]:
    return sorted(item.text.rpartition(" ")[2] for item in result.carried_claims)


def against(*words: str) -> Step:
    """Contradicts what ends in one of the words, supports the rest."""

    def rule(text: str) -> Stance:
        return "contradict" if text.rpartition(" ")[2] in words else "support"

    return votes(rule, reason="The evidence says otherwise.")


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


async def test_a_member_that_never_answers_is_waited_for_no_longer_than_the_deadline(table: Table) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    table.seat("delta", answer=never())
    result = await table.deliberate(*FOUR, deadline_seconds=1)
    assert result.outcome.consensus
    assert result.outcome.members[3].state == "failed"
    assert [row.error_class for row in table.log.rows if row.member == "Delta"] == ["timeout"]


async def test_a_vote_that_never_comes_is_waited_for_no_longer_than_the_deadline(table: Table) -> None:
    for model in FOUR[:2]:
        table.seat(model, answer=report("23"))
    table.seat("gamma", answer=report("23"), vote=never())
    result = await table.deliberate(*FOUR[:3], deadline_seconds=1)
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


async def test_a_quorum_out_of_reach_is_not_waited_for(table: Table) -> None:
    table.seat("alpha", answer=report("23"))
    table.seat("beta", answer=fails(500))
    table.seat("gamma", answer=never())
    async with asyncio.timeout(15):
        result = await table.deliberate(*FOUR[:3], deadline_seconds=60)
    assert result.best == "Alpha"
    assert [member.state for member in result.outcome.members] == ["answered", "failed", "cancelled"]


async def test_three_members_of_one_family_are_no_council(table: Table) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    result = await table.deliberate(*FOUR[:3], families=dict.fromkeys(FOUR, "acme"))
    assert (result.outcome.mode, result.outcome.consensus) == ("single", False)
    assert "1 is configured" in (result.outcome.degraded or "")
    assert result.outcome.degraded in table.watcher.notes
    assert table.asked("DriftMemberReport") == ["alpha"]


async def test_a_second_member_of_a_family_adds_no_vote(table: Table) -> None:
    families = {"alpha": "acme", "beta": "acme"}
    for model in FOUR:
        table.seat(model, answer=report("23"))
    result = await table.deliberate(*FOUR, families=families)
    assert result.outcome.effective_votes == 3
    assert result.outcome.consensus


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


async def test_single_mode_asks_one_member_and_claims_no_agreement(table: Table) -> None:
    table.seat("alpha", answer=report("23"))
    table.seat("beta", answer=report("24"))
    result = await table.deliberate("alpha", "beta", mode="single")
    assert table.asked("DriftMemberReport") == ["alpha"]
    outcome = result.outcome
    assert (outcome.mode, outcome.degraded, outcome.consensus, outcome.agreement) == ("single", None, False, None)
    assert all(row.single_source and not row.carried for row in outcome.tallies)
    assert result.carried_phase_keys == {"wave:web-1", "wave:web-2"}
    assert (result.best, carried(result)) == ("Alpha", ["23"])
    assert [member.state for member in outcome.members] == ["answered", "waiting"]


async def test_single_mode_falls_back_aloud(table: Table) -> None:
    table.seat("alpha", answer=fails(503))
    table.seat("beta", answer=report("24"))
    result = await table.deliberate("alpha", "beta", mode="single")
    assert result.best == "Beta"
    assert table.watcher.notes == ["Alpha did not answer (it could not be reached); Beta answers instead."]
    assert [member.state for member in result.outcome.members] == ["failed", "answered"]


async def test_aggregation_gives_the_primary_anonymous_reports(table: Table) -> None:
    for model, value in zip(FOUR[:3], ("23", "23", "24"), strict=True):
        table.seat(model, answer=report(value))
    table.provider.play("alpha", says(report("23")), says(report("23", "99")), schema="DriftMemberReport")
    result = await table.deliberate(*FOUR[:3], mode="aggregation", aggregates=True)
    assert (result.outcome.mode, result.outcome.consensus, result.outcome.agreement) == ("aggregation", False, None)
    assert result.best == "synthesis"
    assert carried(result) == ["23"], "what only the synthesis says is not kept"
    assert table.asked("DriftMemberReport")[-1] == "alpha"
    prompt = table.provider.calls[-1].prompt
    assert len(prompt.splitlines()) == 2, "equal reports are given once"
    assert not any(model.capitalize() in prompt for model in FOUR)


@pytest.mark.parametrize(("broken", "synthesises"), [(None, "gamma"), ("gamma", "alpha")])
async def test_the_named_primary_synthesises_and_the_first_other_where_it_cannot(
    table: Table, broken: str | None, synthesises: str
) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    if broken is not None:
        table.seat(broken, answer=fails(500))
    await table.deliberate(*FOUR[:3], mode="aggregation", aggregates=True, primary="Gamma")
    assert table.asked("DriftMemberReport")[-1] == synthesises


@pytest.mark.parametrize("broken", FOUR[:3])
async def test_aggregation_survives_any_member(table: Table, broken: str) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    table.seat(broken, answer=fails(500))
    result = await table.deliberate(*FOUR[:3], mode="aggregation", aggregates=True)
    assert result.outcome.mode == "aggregation"
    assert result.best == "synthesis"


async def test_aggregation_of_one_answer_says_that_it_is_single(table: Table) -> None:
    table.seat("alpha", answer=fails(500))
    table.seat("beta", answer=report("23"))
    result = await table.deliberate("alpha", "beta", mode="aggregation", aggregates=True)
    assert (result.outcome.mode, result.best) == ("single", "Beta")
    assert result.outcome.degraded in table.watcher.notes


async def test_aggregation_without_a_synthesis_says_that_it_is_single(table: Table) -> None:
    table.seat("alpha", answer=report("23"))
    table.provider.play("alpha", says(report("23")), fails(500), schema="DriftMemberReport")
    table.seat("beta", answer=report("23"))
    table.provider.play("beta", says(report("23")), fails(500), schema="DriftMemberReport")
    result = await table.deliberate("alpha", "beta", mode="aggregation", aggregates=True)
    assert (result.outcome.mode, result.best) == ("single", "Alpha")
    assert result.outcome.degraded in table.watcher.notes


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

"""One model first, and a council where risk, doubt or a gate asks for it: on the same evidence, within the budget."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest

from agents.orchestrator.budget import BudgetExceeded
from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelClient
from agents.orchestrator.council import Council
from agents.orchestrator.escalation import REFUSED, Escalation, EscalationRules
from agents.orchestrator.orchestrator import Orchestrator
from agents.specialists.drift import DriftAgent
from tests.unit.agents.bench import Bench, spec
from tools.contracts.modes import ModeChoice
from tools.contracts.progress import ToolProgress
from tools.contracts.verdict import Refusal

AUTO = ModeChoice(setting="auto", source="default", why="the default (LLM_MODE)")
PRODUCTION = "One model proposed this; production risk is high, so the council judges it."
TOO_LARGE = Refusal(
    gate="policy",
    rule="plan.batch_too_large",
    reason="batch 50% exceeds the 20% limit in production: phase 'Wave 1 of 2' changes 5 of 10 assets, at most 2 are"
    " allowed",
)


@dataclass
class Counting:
    """The real client; which calls were made."""

    inner: ModelClient
    asked: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """Purpose, member, and the mode it is logged under."""
    questions: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Purpose → the distinct questions put to members."""
    broke: bool = False
    """Whether the budget ends when a council is asked."""

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        if self.broke and request.mode == "council":
            raise BudgetExceeded("The budget of the task is used up.")
        self.asked.append((request.purpose, member.name, request.mode))
        self.questions.setdefault(request.purpose, set()).add(str(request.messages))
        return await self.inner.chat(member, request)

    def of(self, purpose: str) -> list[str]:
        return sorted(member for asked, member, _ in self.asked if asked == purpose)


@dataclass(frozen=True)
class Spent:
    """A budget that is used up."""

    async def may_spend(self, *, org: str, user: str, task_id: str) -> str | None:
        assert (org, user) == ("T1", "U1")
        assert task_id
        return "The budget of today is used up."


@pytest.fixture
def counting(workbench: Bench) -> Counting:
    counting = Counting(workbench.agent.client)
    agent = workbench.agent
    workbench.agent = DriftAgent(counting, agent.members, agent.prompts, agent.registry)
    workbench.orchestrator = Orchestrator(Council(counting, agent.members))
    return counting


def calls_of(workbench: Bench) -> Counter[str]:
    return Counter(event.tool for event in workbench.watcher.events if isinstance(event, ToolProgress))


async def test_a_change_of_production_goes_to_the_council_with_the_same_evidence(
    workbench: Bench, counting: Counting
) -> None:
    task = spec().model_copy(update={"mode": "single", "mode_choice": AUTO})
    outcome = await workbench.work(task, mode="single", escalation=Escalation())
    council = outcome.council
    assert (outcome.finding, council.mode, council.requested_mode, council.consensus) == (
        "plan",
        "council",
        "council",
        True,
    )
    assert (council.escalated, council.chosen, council.effective_votes) == (PRODUCTION, AUTO, 3)
    assert PRODUCTION in workbench.watcher.notes
    # Nobody is asked the same twice, and nothing is looked up twice.
    assert counting.of("report") == ["Amber", "Birch", "Cedar"]
    assert counting.of("vote") == ["Amber", "Birch", "Cedar"]
    assert len(counting.questions["report"]) == 1
    assert {member for purpose, member, _ in counting.asked if purpose == "investigate"} == {"Amber"}
    assert ("report", "Amber", "single") in counting.asked
    assert ("report", "Birch", "council") in counting.asked
    (voted,) = workbench.entries.of("council_voted")
    assert voted["escalated"] == PRODUCTION
    first = calls_of(workbench)
    workbench.watcher.events.clear()
    again = await workbench.work(task.model_copy(update={"mode": "council", "mode_choice": None}))
    assert again.council.escalated is None
    assert calls_of(workbench) == first


async def test_a_change_outside_production_is_one_models_to_propose(workbench: Bench, counting: Counting) -> None:
    outcome = await workbench.work(spec("staging", role="api"), mode="single", escalation=Escalation())
    assert outcome.council.mode == "single"
    assert outcome.council.escalated is None
    assert counting.of("report") == ["Amber"]
    assert counting.of("vote") == []


async def test_a_person_who_asks_for_one_model_gets_one_model(workbench: Bench, counting: Counting) -> None:
    outcome = await workbench.work(spec(), mode="single")
    assert (outcome.finding, outcome.council.mode, outcome.council.requested_mode) == ("plan", "single", "single")
    assert counting.of("report") == ["Amber"]


async def test_doubt_asks_for_the_council_too(workbench: Bench, counting: Counting) -> None:
    unsure = Escalation(EscalationRules(environments=frozenset(), min_confidence=1))
    outcome = await workbench.work(spec("staging", role="api"), mode="single", escalation=unsure)
    assert outcome.council.mode == "council"
    assert outcome.council.escalated is not None
    assert "sure of what it states, so the council judges it." in outcome.council.escalated


async def test_what_the_gates_refused_is_the_councils_to_repair(workbench: Bench, counting: Counting) -> None:
    task = spec("staging", role="api")
    outcome = await workbench.work(
        task, mode="single", revision=2, refusals=(TOO_LARGE,), escalation=Escalation(EscalationRules())
    )
    assert (outcome.council.mode, outcome.council.escalated) == ("council", REFUSED)
    assert counting.of("report") == ["Amber", "Birch", "Cedar"]
    assert {mode for purpose, _, mode in counting.asked if purpose == "report"} == {"council"}


@pytest.mark.parametrize("refusals", [(), (TOO_LARGE,)])
async def test_without_the_money_for_a_council_one_model_answers_marked(
    workbench: Bench, counting: Counting, refusals: tuple[Refusal, ...]
) -> None:
    """Marked as a council that did not come about, which the approval rules ask extra care for."""
    escalation = Escalation(spending=Spent())
    outcome = await workbench.work(spec(), mode="single", refusals=refusals, escalation=escalation)
    council = outcome.council
    assert (outcome.finding, council.mode, council.requested_mode, council.consensus) == (
        "plan",
        "single",
        "council",
        False,
    )
    why = REFUSED if refusals else PRODUCTION
    assert council.degraded == f"{why} The council was not asked: The budget of today is used up."
    assert council.degraded in workbench.watcher.notes
    assert counting.of("report") == ["Amber"]


async def test_a_budget_that_ends_in_the_middle_leaves_the_one_answer_marked(
    workbench: Bench, counting: Counting
) -> None:
    counting.broke = True
    outcome = await workbench.work(spec(), mode="single", escalation=Escalation())
    council = outcome.council
    assert (outcome.finding, council.mode, council.requested_mode) == ("plan", "single", "council")
    assert council.degraded == f"{PRODUCTION} The council was not asked: The budget of the task is used up."
    with pytest.raises(BudgetExceeded):
        await workbench.work(spec(), mode="single", refusals=(TOO_LARGE,), escalation=Escalation())


async def test_a_council_that_cannot_come_together_leaves_the_one_answer_and_says_so(
    workbench: Bench, counting: Counting
) -> None:
    alone = workbench.agent.members[:1]
    workbench.orchestrator = Orchestrator(Council(counting, alone))
    outcome = await workbench.work(spec(), mode="single", escalation=Escalation())
    council = outcome.council
    assert (outcome.finding, council.mode, council.requested_mode, council.escalated) == (
        "plan",
        "single",
        "council",
        PRODUCTION,
    )
    assert council.degraded is not None
    assert "A council needs 3 independent models and 1 is configured" in council.degraded
    assert counting.of("report") == ["Amber"]

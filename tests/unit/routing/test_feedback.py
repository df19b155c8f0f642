"""👍 and 👎: a word of somebody with a role, the last one counts, and only for whom tasks ask first."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from agents.orchestrator.routing import Track
from bot.blocks.actions import FeedbackValue, MalformedButton
from bot.blocks.execution import Outcome, outcome_card
from bot.blocks.feedback import behind, feedback_row
from bot.blocks.follow_up import explanation_card
from bot.keys import Keys
from bot.late import LateFeedback
from bot.ledger.labels import Labels
from bot.listeners.feedback import FeedbackDoor
from bot.opening import open_ledger
from bot.roles import ListedRoles
from bot.routing.tracks import Tracks
from bot.settings import DatabaseSettings, Settings
from bot.workflows import messages as m
from bot.workflows.activities.answers_proved import answers_proved
from tests.unit.blocks import samples
from tests.unit.ledger.book import Book
from tests.unit.listeners.conftest import slack, temporal
from tests.unit.listeners.desk import Desk, open_desk
from tests.unit.local_slack.harness import GRACE, OPS, Slack
from tests.unit.routing.calling import called
from tools.contracts.council import CouncilOutcome
from tools.contracts.decision import ReasonKind
from tools.contracts.follow_up import Explanation

__all__ = ["slack", "temporal"]

ORG = "T1"
VALUE = FeedbackValue(task_id="T1.C1.1", revision=2, agent="drift", members=("Claude", "Azure OpenAI"))


def test_a_value_comes_back_as_it_was_and_anything_else_is_refused() -> None:
    for value in (VALUE, replace(VALUE, good=False)):
        assert FeedbackValue.decode(value.encode()) == value
    for wrong in ("", "{}", VALUE.encode().replace('"v":1', '"v":2'), VALUE.encode().replace("Claude", "")):
        with pytest.raises(MalformedButton):
            FeedbackValue.decode(wrong)


def test_who_stands_behind_an_answer() -> None:
    outcome = samples.outcome()
    phase = outcome.tallies[0].claim.model_copy(update={"kind": "phase"})
    against = outcome.tallies[0].model_copy(
        update={"claim": phase, "support": ["Claude", "GPT"], "contradict": ["Gemini"], "carried": True}
    )
    council = outcome.model_copy(update={"tallies": [*outcome.tallies, against]})
    assert behind(council) == ("Claude", "GPT")
    alone = council.model_copy(
        update={
            "mode": "single",
            "members": [
                member.model_copy(update={"state": "failed" if member.name == "Claude" else "waiting"})
                if member.name != "GPT"
                else member
                for member in council.members
            ],
        }
    )
    assert behind(alone) == ("GPT",)
    nobody = council.model_copy(update={"members": []})
    assert feedback_row(nobody, task_id="t", revision=1, agent="drift") is None


def of_mode(mode: str) -> CouncilOutcome:
    outcome = samples.outcome()
    phase = outcome.tallies[0].claim.model_copy(update={"kind": "phase"})
    row = outcome.tallies[0].model_copy(update={"claim": phase})
    changed = {"mode": mode, "tallies": [row], "members": outcome.members[: 1 if mode == "single" else 3]}
    return outcome.model_copy(update=changed)


def ended(
    outcome: m.Outcome, *, mode: str, approvers: list[str], phases_run: int, kind: ReasonKind = ""
) -> list[tuple[str, bool, list[str]]]:
    plan, report = samples.plan(), samples.allowed(samples.plan())
    assert report.requirement is not None
    request = m.TaskRequest(
        "t", ORG, "UADA", "mention", "C1", "1", "1", "x", [], datetime.now(UTC).isoformat(), m.TaskLimits()
    )
    proposal = m.Proposal(2, plan, report, report.requirement, of_mode(mode), "n", "")
    state = m.TaskState(request=request, spec=samples.spec(), proposal=proposal)
    result = m.TaskResult("t", outcome, "", 2, plan.digest, None, None, 0, approvers, phases_run, reason_kind=kind)
    return [(one.item, one.right, sorted(one.votes)) for one in answers_proved(state, result)]


def test_what_the_end_of_a_task_says_of_who_answered() -> None:
    """A council's run is kept with its votes already."""
    three = ["Claude", "GPT", "Gemini"]
    assert ended("completed", mode="single", approvers=["UGRACE"], phases_run=3) == [
        ("approval:r2", True, ["Claude"]),
        ("run:r2", True, ["Claude"]),
    ]
    assert ended("rolled_back", mode="single", approvers=["UGRACE"], phases_run=1)[1] == ("run:r2", False, ["Claude"])
    assert ended("completed", mode="council", approvers=["UGRACE"], phases_run=3) == [("approval:r2", True, three)]
    assert ended("rejected", mode="council", approvers=[], phases_run=0) == [("approval:r2", False, three)]
    for kind in ("wrong_cause", "wrong_target", "too_risky", "other"):
        said = ended("rejected", mode="council", approvers=[], phases_run=0, kind=kind)
        assert said == [("approval:r2", False, three)]
    assert ended("rejected", mode="council", approvers=[], phases_run=0, kind="not_now") == []
    assert ended("expired", mode="single", approvers=[], phases_run=0) == []


KEYS = Keys(bytes(32))


@pytest.fixture
def settings(book: Book, tmp_path: Path) -> Settings:
    return Settings.embedded(data_dir=tmp_path).model_copy(
        update={"database": DatabaseSettings.model_validate({"url": book.url})}
    )


@pytest.fixture
async def desk(slack: Slack, temporal: Client, settings: Settings) -> AsyncGenerator[Desk]:
    door = FeedbackDoor(LateFeedback(settings, KEYS), ListedRoles({"viewer": frozenset({GRACE})}))
    async with open_desk(slack, temporal, feedback_door=door) as opened:
        yield opened


async def press(desk: Desk, ts: str, *, good: bool, user: str = "grace") -> str:
    card = desk.slack.workspace.message(OPS, ts)
    assert card is not None
    (element,) = next(block for block in card.blocks if block["type"] == "context_actions")["elements"]
    value = element["positive_button" if good else "negative_button"]["value"]
    answer = await desk.slack.act(
        "click", user=user, channel=OPS, message_ts=ts, action_id=element["action_id"], value=value
    )
    assert answer["ok"], answer
    messages = (await desk.slack.look("channel", channel=OPS, viewer=user))["messages"]
    return str(messages[-1]["text"])


async def measured(book: Book) -> dict[str, Track]:
    found = await Tracks(book.database).of(ORG, "reason", agent="drift", until=datetime.now(UTC) + timedelta(minutes=1))
    return dict(found)


async def test_the_last_word_of_a_person_counts_for_routing_and_every_one_is_on_record(
    desk: Desk, book: Book, settings: Settings
) -> None:
    async with AsyncExitStack() as exits:
        ledger = await open_ledger(exits, settings, KEYS, database=book.database)
        await called(replace(book, ledger=ledger), "Claude", org=ORG, at=datetime.now(UTC))
    outcome = Outcome(task_id="T1.C1.1", kind="completed", summary="x", council=of_mode("single"), revision=2)
    shown = outcome_card(replace(outcome, agent="drift"))
    ts = await desk.slack.post(text=shown.text, blocks=shown.blocks)
    assert "kept as right" in await press(desk, ts, good=True)
    assert (await measured(book))["Claude"] == Track(calls=1, cost_usd=0.01, judged=1, right=1)
    assert "kept as wrong" in await press(desk, ts, good=False)
    assert (await measured(book))["Claude"] == Track(calls=1, cost_usd=0.01, judged=1, right=0)
    entries = await book.sql(
        "SELECT actor, task_id, body FROM ledger_entries WHERE kind = 'feedback_given' ORDER BY seq"
    )
    assert [(str(one.actor), str(one.task_id)) for one in entries] == [(GRACE, "T1.C1.1")] * 2
    assert [json.loads(str(one.body))["right"] for one in entries] == [True, False]
    assert (await Labels(book.database).learned(ORG, "drift")).reliability == {}


async def test_a_word_on_an_explanation_counts_for_who_explains_and_for_no_plan(
    desk: Desk, book: Book, settings: Settings
) -> None:
    now = datetime.now(UTC)
    async with AsyncExitStack() as exits:
        ledger = await open_ledger(exits, settings, KEYS, database=book.database)
        written = replace(book, ledger=ledger)
        await called(written, "Claude", org=ORG, at=now)
        await called(written, "Haiku", purpose="explain", agent="follow_up", org=ORG, at=now)
    shown = explanation_card(
        Explanation(),
        question="why?",
        user=GRACE,
        tools={},
        member="Haiku",
        task_id="T1.C1.1",
        revision=2,
        simulated=False,
    )
    ts = await desk.slack.post(text=shown.text, blocks=shown.blocks)
    assert "kept as wrong" in await press(desk, ts, good=False)
    parsing = await Tracks(book.database).of(ORG, "parse", agent=None, until=now + timedelta(minutes=1))
    assert dict(parsing) == {"Haiku": Track(calls=1, cost_usd=0.01, judged=1, right=0)}
    reasoning = await Tracks(book.database).of(ORG, "reason", agent=None, until=now + timedelta(minutes=1))
    assert dict(reasoning) == {"Claude": Track(calls=1, cost_usd=0.01)}


async def test_strangers_are_not_heard(desk: Desk, book: Book) -> None:
    outcome = Outcome(task_id="T1.C1.1", kind="completed", summary="x", council=of_mode("single"), revision=2)
    shown = outcome_card(replace(outcome, agent="drift"))
    ts = await desk.slack.post(text=shown.text, blocks=shown.blocks)
    assert "nothing was kept" in await press(desk, ts, good=False, user="linus")
    assert await book.sql("SELECT * FROM council_labels") == []

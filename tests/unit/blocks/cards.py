"""Every card there is, made from one hostile string and from the largest models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import get_args

from bot.blocks import execution, reminder, sentences, task
from bot.blocks.actions import RunButton
from bot.blocks.controls import Held, told_of
from bot.blocks.doctor import doctor_card
from bot.blocks.follow_up import elsewhere_card, elsewhere_closed, elsewhere_unanswered, explanation_card, refined_note
from bot.blocks.help import help_text
from bot.blocks.intents import confirmed_card, intents_card
from bot.blocks.message import Message
from bot.blocks.offer import Vote
from bot.blocks.plan_card import decided_card, expired_card, plan_card, stopped_card, superseded_card
from bot.blocks.policies import InForce, RefusedRule, policies_away, policy_card
from bot.blocks.step_up import form_not_opened
from bot.blocks.tasks import Step, approvals_card, task_details, tasks_card
from bot.finding import Finding
from bot.tasks.board import Status, TaskEntry
from bot.workflows.held import Why
from tests.unit.blocks import samples
from tests.unit.blocks.alert_cards import alert_cards
from tools.contracts.control import Control
from tools.contracts.follow_up import Explanation
from tools.contracts.taskspec import Intent, Question


def every_card(text: str) -> Iterator[tuple[str, Message]]:
    """Name and message of each card, with `text` wherever somebody else's words go."""
    yield from alert_cards(text)
    votes = [Vote("U0GRACE001", "approve", samples.NOW, text), Vote("U0LINUS001", "reject", None, text)]
    hostile = samples.plan(assets=500, waves=298, text=samples.fit(text, 600))
    council = samples.outcome(claims=50, members=6, text=samples.fit(text, 300))
    offer = samples.offer(hostile, council=council, votes=votes * 8, quorum=20, requester=text or "alert:x")
    offer = replace(offer, shapers=["U0LINUS001", text or "U0GRACE001"] * 9)
    yield "plan", plan_card(offer)
    yield "plan with care", plan_card(replace(offer, report=samples.allowed(hostile, quorum=20, concerns=[text] * 9)))
    yield "approved", decided_card(offer, "approve")
    yield "rejected", decided_card(offer, "reject")
    yield "expired", expired_card(offer)
    yield "superseded", superseded_card(offer, by_revision=2, why=text)
    yield "stopped", stopped_card(offer, why=text)
    question = Question(text=samples.fit(text, 300), choices=[samples.fit(text, 200)] * 5)
    yield "received", task.received(samples.TASK)
    yield "acknowledgement", task.acknowledgement(samples.spec(text), members=[text] * 12, simulated=True)
    yield "question", task.question_card(question, task_id=samples.TASK, question_id="q1", simulated=True)
    yield "answered", task.answered_card(question, answer=text, by="<@U0ADA00001>", task_id="t", simulated=True)
    yield "unanswered", task.unanswered_card(question, task_id=samples.TASK, simulated=True)
    yield from _replies(text)
    yield "repair", task.refusal_card(samples.refused_plan(text))
    many = replace(samples.refused_plan(text), next="give_up", report=samples.refused(text, count=60))
    yield "give up", task.refusal_card(many)
    yield "wait", task.refusal_card(replace(samples.refused_plan(text), next="wait"))
    yield "diagnosis", task.diagnosis_card(samples.diagnosis(text, claims=50))
    waiting = execution.PhaseRow(text, "running", 0, until=samples.NOW + timedelta(minutes=5))
    rows = [*samples.rows(text, count=300), waiting]
    yield "progress", execution.progress_card(text, environment="production", rows=rows)
    hand, held = RunButton("t" * 400, 7, "sha256:" + "a" * 64), Held(by=text, until=samples.NOW)
    yield "running", execution.progress_card(text, environment="production", rows=rows, control=hand)
    yield "paused", execution.progress_card(text, environment="production", rows=rows, control=hand, held=held)
    click = Control(org="T1", task_id=text, action="pause", user=text, channel="C1")
    yield "told of a pause", told_of(click, until=samples.NOW, running=True)
    yield "told of a resume", told_of(replace(click, action="resume"), until=None, running=True)
    yield "told of a cancel", told_of(replace(click, action="cancel"), until=None, running=True)
    yield "told of a cancel before", told_of(replace(click, action="cancel"), until=None, running=False)
    yield "outcome", execution.outcome_card(samples.result(text))
    yield "engine away", sentences.engine_away(text, task_id=text)
    yield "llm away", sentences.llm_away(text, task_id=text, will_retry=True)
    yield "llm gone", sentences.llm_away(text, task_id=text, will_retry=False)
    yield "ledger away", sentences.ledger_away(task_id=text)
    yield "broken", sentences.broken(text, task_id=text)
    yield "workflow away", sentences.workflow_away()
    for why in get_args(Why):
        yield f"held up: {why}", sentences.held_up(why, task_id=text)
    yield "failed", sentences.failed(text, task_id=text)
    yield "secret", sentences.secret_redacted([text, text + "x", "aws_access_key"], visible=True)
    yield "secret in an alert", sentences.secret_in_alert([text])
    yield "help", help_text()
    yield "no such command", help_text(unknown=True)
    yield from _lists(text)
    yield "click refused", sentences.click_refused(text, roles=[text, "approver"])
    yield "click unreadable", sentences.click_unreadable()
    yield "click not recorded", sentences.click_not_recorded()
    yield "form not opened", form_not_opened()
    for name, card in (("reminder", reminder.reminder), ("escalation", reminder.escalation)):
        called = reminder.mentions(user_group="", people=["U0GRACE001"])
        said = card(
            called=called, role=text, missing=2, deadline=samples.NOW, environment=text, task_id=samples.fit(text, 200)
        )
        yield name, said
        yield (
            f"{name} to nobody",
            card(called=[], role=text, missing=1, deadline=samples.NOW, environment=text, task_id=text),
        )
    yield "waits no more", reminder.waits_no_more(task_id=text)


def _lists(text: str) -> Iterator[tuple[str, Message]]:
    tasks = [listed(text, status=status) for status in ("awaiting_approval", "ended", "working")] * 20
    yield "tasks", tasks_card(tasks, tasks, mine=False)
    yield "no tasks", tasks_card([], [], mine=True)
    yield "approvals", approvals_card(tasks, hidden=3, may_approve=True)
    steps = [Step("decision_accepted", text, samples.NOW), Step(text, text, samples.NOW)] * 30
    yield "task", task_details(tasks[0], steps, now=samples.NOW)
    yield "doctor", doctor_card([Finding(text, "failed", text, text, text), Finding(text, "ok", text, text)] * 20)
    yield "policies away", policies_away(text)
    force = InForce(text, text, as_configured=False, packages=[(text, 1)] * 9, limits=[(text, text)] * 9, own=True)
    yield "policies", policy_card(force, [RefusedRule(text, 2, samples.NOW)] * 30, looked_at=50)


def listed(text: str, *, status: Status) -> TaskEntry:
    """A task in a list, with `text` wherever somebody's words go."""
    return TaskEntry(
        org="T1",
        task_id=text,
        user="U0ADA00001",
        source="mention",
        channel="C1",
        thread_ts="1.2",
        goal=text,
        agent=text,
        environment=text,
        status=status,
        roles=frozenset({text, "approver"}),
        quorum=2,
        voters=("U0GRACE001",),
        expires_at=samples.NOW,
        outcome="rolled_back",
        cost_usd=None,
        received_at=samples.NOW,
        changed_at=samples.NOW,
    )


def _replies(text: str) -> Iterator[tuple[str, Message]]:
    goal = samples.fit(text, 200)
    intents = [
        Intent(words=samples.fit(text, 2000), goal=goal, environment="staging"),
        Intent(words="x", goal=goal),
    ] * 2
    yield "several", intents_card(intents, task_id=samples.TASK, question_id="q1", simulated=True)
    for name, chosen in (("confirmed", [1, 2]), ("not confirmed", [])):
        yield name, confirmed_card(intents, chosen=chosen, user="U0ADA00001", task_id=samples.TASK, simulated=True)
    yield (
        "elsewhere",
        elsewhere_card(
            environment="staging",
            here="production",
            user="U0ADA00001",
            question_id="e1795000000.000100",
            task_id=samples.TASK,
            simulated=True,
        ),
    )
    for name, started in (("elsewhere started", samples.TASK), ("elsewhere left", "")):
        yield (
            name,
            elsewhere_closed(
                environment="staging",
                here="production",
                user="U0ADA00001",
                started=started,
                task_id=samples.TASK,
                simulated=True,
            ),
        )
    yield (
        "elsewhere unanswered",
        elsewhere_unanswered(
            environment="staging", here="production", user="U0ADA00001", task_id=samples.TASK, simulated=True
        ),
    )
    changes, tools = [text] * 12, {text: text}
    for name, explanation in (("explained", samples.explanation(text)), ("not known", Explanation())):
        yield (
            name,
            explanation_card(
                explanation,
                question=text,
                user="U0ADA00001",
                tools=tools,
                member="Claude",
                task_id=samples.TASK,
                revision=1,
                simulated=True,
            ),
        )
    yield (
        "refined",
        refined_note(
            user="U0ADA00001",
            changes=changes,
            revision=1,
            by_revision=2,
            voided=["U0GRACE001", text],
            task_id=samples.TASK,
        ),
    )

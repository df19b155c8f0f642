"""A task before its plan: received, understood, asked about, refused, diagnosed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.blocks import council as voices
from bot.blocks import modes
from bot.blocks.actions import ANSWER_PREFIX, QUESTION_BLOCK, AnswerValue
from bot.blocks.clarify import own_words_button
from bot.blocks.message import Detail, Message, actions, button, compose, context, header, lines, section
from bot.blocks.text import code, escape, inline
from bot.blocks.words import either, plural, quoted, sentence, when
from tools.contracts.council import CouncilOutcome
from tools.contracts.taskspec import Constraints, Question, TaskSpec
from tools.contracts.verdict import GateReport, Refusal

_GATES = {"schema": "the plan's form", "policy": "policy", "safety": "safety checks", "approval": "approval rules"}
_DOING = {
    "drift_remediation": "Bring drifted assets back to their golden image",
    "patch_rollout": "Roll out patches",
    "compliance_audit": "Audit compliance",
    "incident_analysis": "Analyze an incident",
    "dr_readiness": "Check disaster recovery",
    "cost_optimization": "Reduce cost",
    "security_review": "Review security",
    "image_lifecycle": "Work on an image",
}


def received(task_id: str) -> Message:
    """At once, before anything was understood: the request is safe."""
    return compose(
        "Got it. Reading your request now.",
        [section("Got it. Reading your request now."), context(f"Task {code(task_id, 160)}")],
    )


def acknowledgement(spec: TaskSpec, *, members: Sequence[str], simulated: bool) -> Message:
    """What was understood, and who works on it. `members`: the names of the models, in the order they are asked."""
    goal = inline(spec.goal, 400)
    if spec.approval_required:
        rule = "I only look around for now. Nothing changes until someone approves a plan here."
    else:
        rule = "I only look around. This task changes nothing."
    return compose(
        f"Working on it: {goal}",
        [
            section(f"*Working on it:* {goal}"),
            section("\n".join(_understood(spec))),
            section(modes.task_line(spec, members)),
            context(rule, *_follows(spec), f"Task {code(spec.id, 160)}"),
        ],
        simulated=simulated,
    )


def question_card(question: Question, *, task_id: str, question_id: str, simulated: bool) -> Message:
    """One question, with a button for each likely answer. Any other answer is a reply that mentions the bot: what else
    people say in the thread is not meant for it."""
    asked = inline(question.text, 900)
    buttons = [
        button(
            choice,
            action_id=f"{ANSWER_PREFIX}{at}",
            value=AnswerValue(task_id=task_id, question_id=question_id, choice=choice).encode(),
        )
        for at, choice in enumerate(question.choices)
        if choice.strip()
    ]
    own_words = "in this thread, mentioning me"
    how = f"Pick one, or answer in your own words {own_words}." if buttons else f"Answer {own_words}."
    return compose(
        f"One question before I go on: {asked}",
        [
            section(f"*One question before I go on*\n{asked}"),
            actions(QUESTION_BLOCK, [*buttons, own_words_button(task_id=task_id, question_id=question_id)]),
            context(f"{how} Nothing runs until then.", f"Task {code(task_id, 160)}"),
        ],
        simulated=simulated,
    )


def answered_card(question: Question, *, answer: str, by: str, task_id: str, simulated: bool) -> Message:
    """The question once answered: no buttons. `by`: a mention made by :func:`bot.blocks.words.person`."""
    asked = inline(question.text, 900)
    return compose(
        f"Answered: {quoted(answer)}",
        [section(f"{asked}\n✓ {by} answered {quoted(answer)}"), context(f"Task {code(task_id, 160)}")],
        simulated=simulated,
    )


def unanswered_card(question: Question, *, task_id: str, simulated: bool) -> Message:
    """The question once nobody can answer it any more: no buttons."""
    asked = inline(question.text, 900)
    return compose(
        f"Not answered: {asked}",
        [section(f"{asked}\nNot answered. Nothing was done."), context(f"Task {code(task_id, 160)}")],
        simulated=simulated,
    )


@dataclass(frozen=True)
class RefusedPlan:
    """A plan revision that the gates did not let through."""

    task_id: str
    report: GateReport
    next: Literal["repair", "give_up", "wait"]
    """`repair`: the agent tries again. `give_up`: the task ends. `wait`: an engine is away; the task waits for it."""
    summary: str
    """Of the refused plan: model text."""
    revision: int
    attempt: int
    """Of the repair that follows (`repair`), or how many were tried (`give_up`)."""
    max_attempts: int
    simulated: bool


def refusal_card(refused: RefusedPlan) -> Message:
    """What was refused, by which gate, why, and what happens next."""
    refusals = refused.report.refusals
    gates = either([_GATES[gate] for gate in dict.fromkeys(refusal.gate for refusal in refusals)] or ["the gates"])
    if refused.next == "wait":
        away = inline(refused.report.unavailable or "An engine that must judge the plan cannot be reached.", 400)
        title, first = "Waiting: the plan could not be judged", away
    else:
        what = "Plan" if refused.report.subject == "plan" else "Report"
        title, first = f"{what} refused by {gates}", f"Refused: {quoted(refused.summary)}"
    then = _what_next(refused)
    why = lines("Why", [_refusal_line(refusal) for refusal in refusals[:8]]) if refusals else None
    return compose(
        f"{title}{_first_reason(refusals)} {then}",
        [
            header(title),
            section(first),
            why,
            section(f"*Next*  {then}"),
            context(f"Task {code(refused.task_id, 160)} · revision {refused.revision}"),
        ],
        simulated=refused.simulated,
    )


@dataclass(frozen=True)
class Diagnosis:
    """What was found out about an alert, before any plan."""

    task_id: str
    alert: str
    """The alert's own title: hostile text."""
    finding: str
    """The likely cause, as the models put it."""
    council: CouncilOutcome
    missing: list[str]
    """What would settle what is open."""
    next: Literal["plan", "nothing", "inconclusive"]
    answers_usd: float | None
    """What the models' answers and votes cost; None: unknown."""
    simulated: bool
    include_dissent: bool = True
    """As on the plan card."""


_DIAGNOSIS_NEXT = {
    "plan": "A plan follows below. Nothing changes until someone approves it.",
    "nothing": "Nothing needs to be changed, so nothing will be.",
    "inconclusive": "*Inconclusive.* The evidence is not enough for a plan, so nothing will be changed.",
}


def diagnosis_card(diagnosis: Diagnosis) -> Message:
    """The cause first, then how sure, what is disputed, what is missing, and what happens next."""
    outcome = diagnosis.council
    then = _DIAGNOSIS_NEXT[diagnosis.next]
    tallies = [*voices.agreed(outcome)[:4], *voices.disputed(outcome)[:3]]
    disputes = voices.dispute_lines(outcome, include_dissent=diagnosis.include_dissent)
    finding = escape(diagnosis.finding, 900) or "No cause was found."
    return compose(
        f"Diagnosis of {quoted(diagnosis.alert, 120)}: {inline(diagnosis.finding, 300)}",
        [
            header(f"Diagnosis: {diagnosis.alert}"),
            section(f"*Likely cause*\n{finding}"),
            lines(
                "How sure",
                [
                    voices.verdict_line(outcome),
                    *voices.absent_lines(outcome)[:4],
                    modes.mode_line(outcome, cost_usd=diagnosis.answers_usd),
                ],
            ),
            Detail(lines("Claims", [voices.tally_line(tally) for tally in tallies])) if tallies else None,
            lines("Disputed", disputes[:4]) if disputes else None,
            lines("Still open", [f"• {inline(item, 200)}" for item in diagnosis.missing[:5]])
            if diagnosis.missing
            else None,
            section(f"*Next*  {then}"),
            context(f"Task {code(diagnosis.task_id, 160)}"),
        ],
        simulated=diagnosis.simulated,
    )


def _follows(spec: TaskSpec) -> list[str]:
    return [f"It goes on from {code(spec.follows, 160)}, the task of this thread before it."] if spec.follows else []


def _understood(spec: TaskSpec) -> list[str]:
    context_words = [
        *spec.context.platforms,
        *spec.context.regions[:5],
        *spec.context.sites[:5],
        *(f"{tag.key}={tag.value}" for tag in spec.context.tags[:5]),
    ]
    narrowed = ", ".join(code(word, 80) for word in context_words[:12])
    named = plural(len(spec.context.asset_ids), "named asset") if spec.context.asset_ids else ""
    scope = ", ".join(part for part in (narrowed, named) if part) or "everything that fits"
    said = [f"*Task*  {_DOING[spec.task_type]}", f"*Where*  {spec.environment}: {scope}"]
    about = ", ".join(code(subject, 80) for subject in spec.context.subjects[:5])
    when_words = [
        f"*{name}*  {when(window.start)} to {when(window.end)}"
        for name, window in (("Time", spec.context.time_range), ("Window", spec.context.maintenance_window))
        if window is not None
    ]
    wishes = _wishes(spec.constraints)
    return [
        *said,
        *([f"*About*  {about}"] if about else []),
        *when_words,
        *([f"*You asked for*  {wishes}"] if wishes else []),
        *(f"*Still open*  {inline(question, 200)}" for question in spec.open_questions[:3]),
    ]


def _wishes(constraints: Constraints) -> str:
    said: list[str] = []
    if constraints.canary_size is not None:
        said.append(f"a canary of {constraints.canary_size:,}")
    if constraints.max_batch_percent is not None:
        said.append(f"batches of at most {constraints.max_batch_percent:g} %")
    if constraints.wait_seconds is not None:
        said.append(f"a wait of {constraints.wait_seconds:,} s")
    return ", ".join(said + [inline(note, 120) for note in constraints.notes[:4]])


def _refusal_line(refusal: Refusal) -> str:
    return f"• {inline(refusal.reason, 300)}  ({code(refusal.rule, 80)})"


def _first_reason(refusals: Sequence[Refusal]) -> str:
    return f": {sentence(inline(refusals[0].reason, 300))}" if refusals else "."


def _what_next(refused: RefusedPlan) -> str:
    if refused.next == "repair":
        return f"The agent repairs it: attempt {refused.attempt} of {refused.max_attempts}. Nothing runs meanwhile."
    if refused.next == "wait":
        return "The task waits and tries again by itself. Nothing runs until the plan has been judged."
    tried = f" after {plural(refused.attempt, 'repair attempt')}" if refused.attempt else ""
    return f"*Nothing will run.* The task ends here{tried}. Change the request or the policy, then ask again."

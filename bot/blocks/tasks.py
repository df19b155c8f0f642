"""Tasks as lists and cards: `/gavel tasks`, `/gavel task`, `/gavel approvals`, the home tab and the card of a link."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from bot.blocks.message import Detail, Message, compose, context, header, lines, section
from bot.blocks.text import code, inline
from bot.blocks.words import duration, either, money, person, plural, when
from tools.contracts.common import JsonObject

_STANDS: Mapping[str, str] = MappingProxyType(
    {
        "working": "◔ being worked on",
        "asking": "❔ waits for an answer",
        "awaiting_approval": "⏳ waits for approval",
        "executing": "▶ running",
        "paused": "⏸ paused",
    }
)

_ENDED: Mapping[str, str] = MappingProxyType(
    {
        "completed": "✓ completed",
        "reported": "✓ reported",
        "nothing_to_do": "✓ nothing to do",
        "parts_ended": "✓ its parts have ended",
        "plan_only": "✓ planned only",
        "rolled_back": "↩ rolled back",
        "failed": "✗ failed",
        "refused": "✗ refused by the gates",
        "rejected": "✗ rejected",
        "expired": "✗ expired",
        "cancelled": "✗ cancelled",
        "declined": "✗ declined",
        "inconclusive": "✗ inconclusive",
        "unanswered": "✗ its question was not answered",
    }
)

_STEPS: Mapping[str, str] = MappingProxyType(
    {
        "task_received": "asked",
        "task_spec": "understood",
        "question_asked": "question asked",
        "question_answered": "question answered",
        "council_voted": "the council voted",
        "plan_proposed": "plan proposed",
        "plan_validated": "judged by the gates",
        "report_validated": "report judged by the gates",
        "plan_superseded": "plan changed by a reply",
        "approval_requested": "put to approval",
        "approval_waived": "approval waived by policy",
        "decision_accepted": "decided",
        "decision_refused": "a decision did not count",
        "phase_started": "phase started",
        "phase_finished": "phase ended",
        "run_paused": "paused",
        "run_resumed": "resumed",
        "run_cancelled": "cancelled",
        "rollback_finished": "rolled back",
        "task_ended": "ended",
    }
)
"""Of the ledger's kinds those that a person wants to see, in words."""

MOST_STEPS = 12


class Listed(Protocol):
    """What a line about a task is made of: `bot.tasks.board.TaskEntry`."""

    @property
    def task_id(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def goal(self) -> str: ...
    @property
    def agent(self) -> str: ...
    @property
    def environment(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def roles(self) -> frozenset[str]: ...
    @property
    def quorum(self) -> int: ...
    @property
    def voters(self) -> tuple[str, ...]: ...
    @property
    def expires_at(self) -> datetime | None: ...
    @property
    def cost_usd(self) -> float | None: ...
    @property
    def received_at(self) -> datetime: ...
    @property
    def changed_at(self) -> datetime: ...
    @property
    def link(self) -> str: ...


@dataclass(frozen=True)
class Step:
    """An entry of the ledger."""

    kind: str
    actor: str
    at: datetime


def stands(task: Listed) -> str:
    """A sign and words: never a sign alone."""
    if task.status == "ended":
        return _ENDED.get(task.outcome, "ended")
    return _STANDS.get(task.status, _STANDS["working"])


def task_line(task: Listed) -> str:
    """Two short lines of mrkdwn: what and how it stands; who, where, when."""
    about = [part for part in (inline(task.environment, 20), f"{inline(task.agent, 20)} agent") if part.strip()]
    what = inline(task.goal, 140) or "a task"
    name = f"<{task.link}|{what}>" if task.link else what
    where = f" · {' · '.join(about)}" if task.agent or task.environment else ""
    until = f" · until {when(task.expires_at)}" if task.status == "awaiting_approval" and task.expires_at else ""
    return (
        f"*{stands(task)}* {name}\n      {person(task.user)}, {when(task.received_at)}{where}{until} · "
        f"{code(task.task_id, 100)}"
    )


def tasks_card(running: Sequence[Listed], recent: Sequence[Listed], *, mine: bool) -> Message:
    """For the one who typed it."""
    where = "of yours" if mine else "in this channel"
    said = f"{plural(len(running), 'task')} {where} at work, {len(recent)} that ended lately."
    if not running and not recent:
        said = f"There are no tasks {where}. Mention me, or `/gavel ask …`."
    other = "`/gavel tasks` lists those of this channel." if mine else "`/gavel tasks mine` lists yours, wherever."
    return compose(
        said,
        [
            section(said),
            lines("At work", [task_line(task) for task in running]) if running else None,
            lines("Ended lately", [task_line(task) for task in recent]) if recent else None,
            context(f"{other} `/gavel task ID` tells one in full."),
        ],
    )


def approvals_card(waiting: Sequence[Listed], *, hidden: int, may_approve: bool) -> Message:
    """What waits for the one who typed it."""
    if not may_approve:
        said = "You hold no role here, so no plan waits for you. Ask an admin of this Gavel if that is wrong."
    elif not waiting:
        said = "No plan waits for your decision."
    else:
        said = f"{plural(len(waiting), 'plan waits', 'plans wait')} for your decision, the first to expire first."
    notes = ["A plan is decided on its card in its thread: there stands what it changes, and what it binds."]
    if hidden:
        notes.append(f"{plural(hidden, 'more waits', 'more wait')} in conversations that you are not in here.")
    return compose(
        said,
        [
            section(said),
            lines("Waiting for you", [f"{task_line(task)}\n      {needed(task)}" for task in waiting])
            if waiting
            else None,
            context(*notes),
        ],
    )


def needed(task: Listed) -> str:
    """How many of whom have yet to approve."""
    who = either([f"*{inline(role, 40)}*" for role in sorted(task.roles)[:6]]) if task.roles else "nobody"
    return f"{len(task.voters)} of {task.quorum} approved; {who} may."


def task_details(task: Listed, steps: Sequence[Step], *, now: datetime) -> Message:
    """One task in full, for one person."""
    until = task.changed_at if task.status == "ended" else now
    facts = [
        f"*How it stands*  {stands(task)}",
        f"*Asked by*  {person(task.user)}, {when(task.received_at)}",
        f"*Where*  {inline(task.environment, 40) or 'not said yet'}",
        f"*Agent*  {inline(task.agent, 40) or 'not chosen yet'}",
        f"*Time*  {duration((until - task.received_at).total_seconds())}",
    ]
    if task.status == "ended":
        facts.append(f"*Cost*  {money(task.cost_usd)}")
    if task.status == "awaiting_approval":
        facts.append(f"*Approval*  {needed(task)}")
        if task.expires_at:
            facts.append(f"*Until*  {when(task.expires_at)}")
    told = [step for step in steps if step.kind in _STEPS]
    shown = [f"• {when(step.at)}  {_STEPS[step.kind]}{_by(step)}" for step in told[-MOST_STEPS:]]
    said = f"{stands(task)}: {inline(task.goal, 200) or 'a task'}"
    return compose(
        said,
        [
            header(task.goal or "A task"),
            section("\n".join(facts)),
            Detail(lines("What happened", shown)) if shown else None,
            section(f"<{task.link}|Open its thread>") if task.link else None,
            context(f"Task {code(task.task_id, 160)} · all of it: `gavel ledger show {inline(task.task_id, 160)}`"),
        ],
    )


def task_link_card(task: Listed) -> list[JsonObject]:
    """Of a link that somebody posted: short, and nothing that the plan or the evidence says."""
    about = ", ".join(
        part for part in (inline(task.environment, 20), f"{inline(task.agent, 20)} agent" if task.agent else "") if part
    )
    text = f"*{stands(task)}*  {inline(task.goal, 140) or 'A task of Gavel'}"
    return [
        section(text),
        context(f"{person(task.user)}, {when(task.received_at)}{f' · {about}' if about else ''}"),
    ]


def task_link_elsewhere(task: Listed, channel: str) -> list[JsonObject]:
    """The same where the task was not asked for: only how it stands. `channel`: Slack's id, of a public one."""
    where = f" in <#{channel}>" if re.fullmatch(r"C[A-Z0-9]{1,20}", channel) else ""
    return [section(f"*{stands(task)}*  A task of Gavel{where}")]


def _by(step: Step) -> str:
    return f", {person(step.actor)}" if step.actor.startswith(("U", "W")) else ""

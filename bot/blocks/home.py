"""The home tab of one person, as a view that Slack takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.blocks.ask import AS_SET
from bot.blocks.freeze import ENVIRONMENTS, Frozen
from bot.blocks.message import actions, button, confirm, context, divider, header, section
from bot.blocks.modal import option
from bot.blocks.modes import SETTING_NAMES
from bot.blocks.tasks import Listed, needed, task_line
from bot.blocks.text import clip, inline, length, plain
from bot.blocks.words import person, plural, share, when
from tools.contracts.common import JsonObject
from tools.contracts.modes import ModeSetting

ASK, FREEZE, KEYS, REFRESH = "gavel.home.ask", "gavel.home.freeze", "gavel.home.keys", "gavel.home.refresh"
MODE, LEND = "gavel.home.mode", "gavel.home.lend"
CANCEL_PREFIX, WAITING_PREFIX, OPEN_PREFIX = "gavel.home.cancel.", "gavel.home.waiting.", "gavel.home.open."
"""Followed by the task's place: action ids must differ within a view."""

MAX_HOME_BLOCKS = 100
"""Slack's."""
MAX_SECTION = 2_900

_MODES: tuple[ModeSetting, ...] = ("auto", "single", "aggregation", "council")


@dataclass(frozen=True)
class Spent:
    """Model calls of the last days."""

    who: Literal["you", "everybody"]
    calls: int
    cost: str
    """In words: unknown is not zero."""


@dataclass(frozen=True)
class Record:
    """How often a council's plans and claims proved right."""

    confirmed: int
    right: int
    members: Sequence[tuple[str, int, int]] = ()
    """Member, votes that are known to be right or wrong, those that were right."""


@dataclass(frozen=True)
class Home:
    waiting: Sequence[Listed]
    hidden: int
    """More wait in conversations that the person is not in."""
    running: Sequence[Listed]
    recent: Sequence[Listed]
    freezes: Sequence[Frozen]
    spent: Sequence[Spent]
    record: Record
    days: int
    mode: ModeSetting
    """What holds in the direct messages with this person."""
    mode_set: bool
    """Whether somebody chose it for there."""
    may_set: bool
    """Whether this person may freeze, thaw and set modes."""
    may_lend: bool
    """Whether this person holds a role that they may lend."""
    at: datetime
    trouble: str = field(default="")
    """One of our sentences, where something could not be read."""
    known: bool = True
    """False: nothing could be read, so that nothing but the trouble is said."""


def home_view(home: Home, *, channel: str) -> JsonObject:
    """`channel`: of the direct messages with this person; it comes back with each click. Never more than Slack takes:
    what is less wanted is left out, and a line says so."""
    blocks = _top(home)
    for part in _parts(home) if home.known else ():
        blocks += [divider(), *part] if part else []
    note = context(f"As of {when(home.at)}. It follows your tasks while you look.")
    if len(blocks) >= MAX_HOME_BLOCKS:
        blocks = [*blocks[: MAX_HOME_BLOCKS - 2], context("More than fits here was left out: `/gavel tasks mine`.")]
    return {
        "type": "home",
        "callback_id": "gavel.home",
        "private_metadata": channel[:200],
        "blocks": [*blocks, note],
    }


def digest_of(view: JsonObject) -> str:
    """What a person would notice: everything but the time it was made at."""
    return json.dumps(view["blocks"][:-1], sort_keys=True)


def _parts(home: Home) -> Sequence[list[JsonObject]]:
    return _waiting(home), _running(home), _frozen(home), _recent(home), _money(home), _record(home), _own(home)


def _top(home: Home) -> list[JsonObject]:
    row = [
        button("Ask Gavel", action_id=ASK, value="ask", style="primary"),
        button("Your keys", action_id=KEYS, value="keys"),
        button("Refresh", action_id=REFRESH, value="refresh"),
    ]
    if home.may_set:
        row.insert(1, button("Freeze changes", action_id=FREEZE, value="freeze"))
    if home.may_lend:
        row.insert(-1, button("Lend your role", action_id=LEND, value="lend"))
    top: list[JsonObject] = [header("Gavel"), actions("gavel.home.top", row)]
    return [*top, section(f"⚠ {home.trouble}")] if home.trouble else top


def _waiting(home: Home) -> list[JsonObject]:
    blocks: list[JsonObject] = [header("Waiting for you")]
    if not home.waiting:
        blocks.append(section("Nothing waits for your decision."))
    for at, task in enumerate(home.waiting[:10]):
        text = clip(f"{task_line(task)}\n{needed(task)}", MAX_SECTION)
        blocks.append(
            section(text, accessory=_open(task, "Look and decide", f"{WAITING_PREFIX}{at}") if task.link else None)
        )
    more = max(0, len(home.waiting) - 10) + home.hidden
    if more:
        blocks.append(context(f"… and {more} more, some of them in conversations that you are not in."))
    return blocks


def _running(home: Home) -> list[JsonObject]:
    if not home.running:
        return [header("Your tasks at work"), section("None.")]
    blocks: list[JsonObject] = [header("Your tasks at work")]
    sure = confirm(
        title="Cancel this task?",
        text="Nothing more of it is started. Should it be running by now, what it has changed is put back.",
        yes="Cancel the task",
        no="Keep it",
    )
    for at, task in enumerate(home.running[:10]):
        blocks.append(section(clip(task_line(task), MAX_SECTION)))
        row = [_open(task, "Open", f"{OPEN_PREFIX}{at}")] if task.link else []
        if 0 < length(task.task_id) <= 400:
            row.append(
                button("Cancel", action_id=f"{CANCEL_PREFIX}{at}", value=task.task_id, style="danger", confirm=sure)
            )
        if row:
            blocks.append(actions(f"gavel.home.task.{at}", row))
    return blocks


def _recent(home: Home) -> list[JsonObject]:
    if not home.recent:
        return []
    lines = "\n".join(clip(task_line(task), 560) for task in home.recent[:5])
    return [header("Ended lately"), section(lines)]


def _frozen(home: Home) -> list[JsonObject]:
    if not home.freezes:
        return []
    lines = "\n".join(
        f"• *{ENVIRONMENTS.get(freeze.environment, 'somewhere')}* until {when(freeze.end)}, by {person(freeze.by)}: "
        f"{inline(freeze.reason, 200)}"
        for freeze in home.freezes[:8]
    )
    return [header("Frozen now"), section(clip(lines, MAX_SECTION)), context("`/gavel freeze` lists and thaws.")]


def _money(home: Home) -> list[JsonObject]:
    lines = [
        f"*{'You' if spent.who == 'you' else 'Everybody'}*  {plural(spent.calls, 'model call')}, cost {spent.cost}"
        for spent in home.spent
    ]
    return [header(f"Spent in {home.days} days"), section("\n".join(lines))] if lines else []


def _record(home: Home) -> list[JsonObject]:
    record = home.record
    if not record.confirmed:
        return [header("The council's record"), section("Nothing that a council carried has been confirmed yet.")]
    said = f"{record.right} of {plural(record.confirmed, 'plan or claim', 'plans and claims')} proved right"
    lines = [f"*{said}* ({share(record.right / record.confirmed)})"]
    lines += [
        f"• {inline(member, 60)}: {right} of {plural(votes, 'vote')} ({share(right / votes)})"
        for member, votes, right in record.members[:8]
        if votes
    ]
    return [header("The council's record"), section("\n".join(lines))]


def _own(home: Home) -> list[JsonObject]:
    said = f"*In your direct messages with me*  {SETTING_NAMES[home.mode]}"
    said += "" if home.mode_set else ", as it is set for everybody"
    menu: JsonObject | None = None
    if home.may_set:
        options = [
            option("As it is set for everybody", AS_SET),
            *(option(SETTING_NAMES[mode], mode) for mode in _MODES),
        ]
        chosen = options[1 + _MODES.index(home.mode)] if home.mode_set else options[0]
        menu = {"type": "static_select", "action_id": MODE, "options": options, "initial_option": chosen}
    block = section(said, accessory=menu) | ({"block_id": MODE} if menu else {})
    return [header("Your settings"), block]


def _open(task: Listed, label: str, action_id: str) -> JsonObject:
    return {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": plain(label, 75), "emoji": False},
        "url": task.link,
    }

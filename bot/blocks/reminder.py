"""That a plan still waits, to those who may decide on it; and that it waits no more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from bot.blocks.message import Message, compose, context, section
from bot.blocks.text import code, inline
from bot.blocks.words import each, either, person, plural, when

_GROUP = re.compile(r"S[A-Z0-9]{1,20}")
MAX_PEOPLE = 10
"""Named one by one, where no user group stands for a role."""


def group(user_group: str) -> str:
    """A user group as a mention, which reaches everybody in it. Raises ValueError for what is no group's id."""
    if not _GROUP.fullmatch(user_group):
        raise ValueError(f"a user group's id is S and capitals or digits; got {user_group[:40]!r}")
    return f"<!subteam^{user_group}>"


def reminder(
    *, called: Sequence[str], role: str, missing: int, deadline: datetime, environment: str, task_id: str
) -> Message:
    """`called`: mentions, made by :func:`group` or :func:`person`; empty: nobody can be reached by one."""
    return _waits(
        f"A plan for {inline(environment, 40)} waits for {plural(missing, 'approval')}.",
        called=called,
        role=role,
        deadline=deadline,
        task_id=task_id,
    )


def escalation(
    *, called: Sequence[str], role: str, missing: int, deadline: datetime, environment: str, task_id: str
) -> Message:
    """The same to the next role that may decide."""
    return _waits(
        f"Nobody has settled the plan for {inline(environment, 40)}: {plural(missing, 'approval')} still missing.",
        called=called,
        role=role,
        deadline=deadline,
        task_id=task_id,
    )


def waits_no_more(*, task_id: str) -> Message:
    """In place of either, once the plan is decided, replaced or expired."""
    said = "The plan waits no more: its card says what became of it."
    return compose(said, [context(said, f"Task {code(task_id, 160)}")])


def mentions(*, user_group: str, people: Sequence[str]) -> list[str]:
    """Of a role: its group where there is one, else its people."""
    return [group(user_group)] if user_group else [person(user) for user in people[:MAX_PEOPLE]]


def _waits(what: str, *, called: Sequence[str], role: str, deadline: datetime, task_id: str) -> Message:
    who = each(called) if called else f"Anyone with the role *{either([inline(role, 40)])}*"
    rest = f"please decide on its card in this thread by {when(deadline)}. After that it expires and nothing runs."
    return compose(
        f"{what} Decide by {when(deadline)}.",
        [section(f"⏳ *{what}*\n{who}: {rest}"), context(f"Task {code(task_id, 160)}")],
    )

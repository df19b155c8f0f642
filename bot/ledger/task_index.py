"""The row of a task, kept up with its entries in the transaction that writes them: a view of the ledger, never more."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

from sqlalchemy import Connection, bindparam, insert, select, update

from bot.ledger.chain import Entry
from bot.ledger.statements import Change, Question
from bot.ledger.tables import TaskRow
from bot.redaction import is_array, is_object
from tools.contracts.common import JsonObject
from tools.whole_text import whole_text

MAX_GOAL = 300
"""Characters. The ledger has all of it."""

_MAX_NUMBER = 2**31 - 1
"""What the columns hold."""

_NEW = {
    "source": "",
    "channel": "",
    "thread_ts": "",
    "goal": "",
    "agent": "",
    "environment": "",
    "revision": 0,
    "roles": "",
    "quorum": 0,
    "voters": "",
    "expires_at": "",
    "outcome": "",
    "cost_usd": None,
}
_NONE_WAITS: JsonObject = {"roles": "", "quorum": 0, "voters": "", "expires_at": ""}

# Kinds after which nothing but the status is otherwise.
_STATUS: Mapping[str, str] = MappingProxyType(
    {
        "question_asked": "asking",
        "question_answered": "working",
        "parts_confirmed": "working",
        "phase_started": "executing",
        "run_paused": "paused",
        "run_resumed": "executing",
    }
)
_DECIDED_ON: frozenset[str] = frozenset({"approval_waived", "plan_shown", "plan_superseded", "run_cancelled"})
"""Kinds after which no plan waits for a decision."""

KINDS: frozenset[str] = (
    frozenset({"task_received", "thread_opened", "task_spec", "approval_requested", "decision_accepted", "task_ended"})
    | _DECIDED_ON
    | frozenset(_STATUS)
)

_KNOWN = Question(
    select(TaskRow.voters).where(TaskRow.org == bindparam("org"), TaskRow.task_id == bindparam("task_id"))
)
_ADD = Change(insert(TaskRow))


def keep_up(connection: Connection, entries: Sequence[Entry]) -> None:
    """Bring the rows of these entries' tasks up to date. Raises `SQLAlchemyError`; never for what a body holds."""
    of_tasks: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        if entry.kind in KINDS:
            of_tasks.setdefault((entry.org, entry.task_id), []).append(entry)
    for (org, task_id), found in of_tasks.items():
        _apply(connection, {"org": org, "task_id": task_id}, found)


def _apply(connection: Connection, task: JsonObject, entries: Sequence[Entry]) -> None:
    """`entries`: all of them of this task, in order. Its row is read once and written once."""
    known = _KNOWN.row(connection, task)
    # Where there is none, its first entry is older than this table: what is known now is better than nothing.
    row: JsonObject = _row(entries[0]) | _received(entries[0], _body(entries[0])) if known is None else {}
    voters = "" if known is None else str(known["voters"])
    for entry in entries:
        changed = _changes(entry, _body(entry), voters=voters)
        if changed:
            row |= {**changed, "changed_at": entry.at, "seq": entry.seq}
            voters = str(row.get("voters", voters))
    if known is None:
        _ADD.make(connection, row)
    elif row:
        _change_of(tuple(sorted(row))).make(connection, {f"of_{name}": value for name, value in task.items()} | row)


@cache
def _change_of(columns: tuple[str, ...]) -> Change:
    """Made once for each of the few sets of columns: to make a statement takes as long as to run it."""
    of_the_task = (TaskRow.org == bindparam("of_org")) & (TaskRow.task_id == bindparam("of_task_id"))
    return Change(update(TaskRow).where(of_the_task).values({name: bindparam(name) for name in columns}))


def _row(entry: Entry) -> JsonObject:
    return {
        **_NEW,
        "org": entry.org,
        "task_id": entry.task_id,
        "user_id": "",
        "status": "working",
        "received_at": entry.at,
        "changed_at": entry.at,
        "seq": entry.seq,
    }


def _received(entry: Entry, body: JsonObject) -> JsonObject:
    if entry.kind != "task_received":
        return {}
    return {
        "user_id": entry.actor,
        "source": _text(body, "source"),
        "channel": _text(body, "channel"),
        "thread_ts": _text(body, "thread_ts"),
        "goal": _text(body, "text")[:MAX_GOAL],
    }


def _changes(entry: Entry, body: JsonObject, *, voters: str) -> JsonObject:
    match entry.kind:
        case "thread_opened":
            return {"thread_ts": _text(body, "thread_ts")}
        case "task_spec" if "declined" not in body:
            agents, goal = _words(body, "agents"), _text(body, "goal")[:MAX_GOAL]
            return {
                "status": "working",
                # As it was asked, where nothing better is known.
                **({"goal": goal} if goal else {}),
                "agent": agents[0] if agents else "",
                "environment": _text(body, "environment"),
            }
        case "approval_requested":
            required = body.get("requirement")
            asked: JsonObject = required if is_object(required) else {}
            return {
                "status": "awaiting_approval",
                "revision": _number(body, "revision"),
                "roles": ",".join(_words(asked, "roles")),
                "quorum": _number(asked, "quorum"),
                "voters": "",
                "expires_at": _text(body, "expires_at"),
            }
        case "decision_accepted":
            if body.get("settled") is True:
                return {**_NONE_WAITS, "status": "executing" if body.get("verdict") == "approve" else "working"}
            return {"voters": ",".join([*filter(None, voters.split(",")), entry.actor])}
        case "task_ended":
            return {
                **_NONE_WAITS,
                "status": "ended",
                "outcome": _text(body, "outcome"),
                "cost_usd": _money(body, "cost_usd"),
            }
        case kind if kind in _DECIDED_ON:
            return {**_NONE_WAITS, "status": "executing" if kind == "approval_waived" else "working"}
        case kind if kind in _STATUS:
            return {"status": _STATUS[kind]}
        case _:
            return {}


def _body(entry: Entry) -> JsonObject:
    """Empty where it is no object: the row then says less."""
    try:
        body: object = json.loads(entry.body)
    except (ValueError, RecursionError):
        return {}
    return body if is_object(body) else {}


def _text(body: JsonObject, name: str) -> str:
    value = body.get(name)
    return _storable(value) if isinstance(value, str) else ""


def _words(body: JsonObject, name: str) -> list[str]:
    value = body.get(name)
    return [_storable(word) for word in value if isinstance(word, str)] if is_array(value) else []


def _storable(text: str) -> str:
    # PostgreSQL holds no NUL in text, and every driver refuses half a surrogate pair.
    return whole_text(text).replace("\x00", "\ufffd")


def _number(body: JsonObject, name: str) -> int:
    # Not True: PostgreSQL takes no boolean for a number.
    value = body.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_NUMBER else 0


def _money(body: JsonObject, name: str) -> float | None:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        cost = float(value)
    except OverflowError:
        return None
    return cost if math.isfinite(cost) else None

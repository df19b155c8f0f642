"""The row of a task, kept up with its entries in the transaction that writes them: a view of the ledger, never more."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sqlalchemy import Connection, bindparam, insert, select, update

from bot.ledger.chain import Entry
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

_KNOWN = select(TaskRow.voters).where(TaskRow.org == bindparam("org"), TaskRow.task_id == bindparam("task_id"))
_ADD = insert(TaskRow)


def keep_up(connection: Connection, entries: Sequence[Entry]) -> None:
    """Bring the rows of these entries' tasks up to date. Raises `SQLAlchemyError`; never for what a body holds."""
    for entry in entries:
        if entry.kind in KINDS:
            _apply(connection, entry)


def _apply(connection: Connection, entry: Entry) -> None:
    known = connection.execute(_KNOWN, {"org": entry.org, "task_id": entry.task_id}).one_or_none()
    body = _body(entry)
    if known is None:
        # Its first entry is older than this table: what is known now is better than nothing.
        connection.execute(_ADD, _row(entry) | _received(entry, body))
        voters = ""
    else:
        voters = str(known.voters)
    changed = _changes(entry, body, voters=voters)
    if changed:
        statement = update(TaskRow).where(TaskRow.org == entry.org, TaskRow.task_id == entry.task_id)
        connection.execute(statement.values(**changed, changed_at=entry.at, seq=entry.seq))


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
            agents = _words(body, "agents")
            return {
                "status": "working",
                "goal": _text(body, "goal")[:MAX_GOAL] or TaskRow.goal,
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

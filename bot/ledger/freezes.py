"""What people declared frozen, read from the ledger's own entries: there is no other record of it to go wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.ledger.chain import Entry
from bot.redaction import is_object
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerUnavailable


@dataclass(frozen=True)
class Freeze:
    """Nothing may be changed in an environment until its end."""

    id: str
    environment: str
    """`*`: everywhere."""
    reason: str
    """A person's words. Redacted."""
    start: datetime
    end: datetime
    by: str
    """Slack user id."""

    def as_entry(self, org: str) -> JsonObject:
        """As `ql.ai.calendar` reads it."""
        return {
            "org": org,
            "environment": self.environment,
            "reason": f"{self.reason} (until {self.end:%Y-%m-%d %H:%M} UTC)",
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
        }


def standing(entries: Sequence[Entry], *, now: datetime) -> list[Freeze]:
    """Those that have not ended and were not thawed, the newest first. `entries` newest first.

    Raises `LedgerUnavailable` for an entry that cannot be read: a freeze that nobody can read is no thaw.
    """
    thawed: set[str] = set()
    found: list[Freeze] = []
    for entry in entries:
        body = _body(entry)
        if entry.kind == "change_thawed":
            thawed.add(_text(body, "freeze", entry))
            continue
        freeze = Freeze(
            id=_text(body, "freeze", entry),
            environment=_text(body, "environment", entry),
            reason=_text(body, "reason", entry),
            start=_moment(body, "start", entry),
            end=_moment(body, "end", entry),
            by=entry.actor,
        )
        if freeze.id not in thawed and freeze.end > now:
            found.append(freeze)
    return found


def _body(entry: Entry) -> JsonObject:
    try:
        body: object = json.loads(entry.body)
    except (ValueError, RecursionError):
        body = None
    if not is_object(body):
        raise _unreadable(entry)
    return body


def _text(body: JsonObject, name: str, entry: Entry) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise _unreadable(entry)
    return value


def _moment(body: JsonObject, name: str, entry: Entry) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(body, name, entry))
    except ValueError as error:
        raise _unreadable(entry) from error
    if moment.tzinfo is None:
        raise _unreadable(entry)
    return moment


def _unreadable(entry: Entry) -> LedgerUnavailable:
    return LedgerUnavailable(f"Entry {entry.seq} of the ledger, about a freeze, cannot be read: nothing runs over it.")

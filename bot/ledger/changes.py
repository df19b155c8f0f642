"""When something was last changed: what the cooldown between unattended changes is measured by."""

from __future__ import annotations

import json
from datetime import datetime

from bot.ledger.chain import Entry
from bot.redaction import is_array, is_object
from tools.contracts.common import Environment

KINDS = frozenset({"phase_started", "phase_finished", "rollback_finished"})


def changed_at(entry: Entry, environment: Environment) -> datetime | None:
    """When the entry says that something was changed there, or that it was begun. None: it says neither.

    An entry that cannot be read, or that names no environment, counts: it may have been this one.
    """
    moment = datetime.fromisoformat(entry.at)
    try:
        body: object = json.loads(entry.body)
    except (ValueError, RecursionError):
        return moment
    if not is_object(body):
        return moment
    if body.get("environment", environment) != environment:
        return None
    # A phase that only waits or verifies starts with no action and ends with nothing touched.
    named = body.get("actions") if entry.kind == "phase_started" else body.get("touched")
    return None if is_array(named) and not named else moment

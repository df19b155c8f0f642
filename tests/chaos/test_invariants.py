"""The harness can find what it looks for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.local.estate.change import JournalEntry
from bot.local.stage import Said
from tests.chaos.crowd import Group, Request
from tests.chaos.invariants import breaches_of

TASK = "T0GAVEL001.C0OPS00001.1.1"
CHANGE = JournalEntry(
    f"{TASK}:r1:0", "db-1", "rollout", "img-2", "1", "2", ok=True, at=datetime(2026, 11, 26, tzinfo=UTC)
)
APPROVED = Request(
    Said("C0OPS00001", "1.1"), TASK, Group("staging", "db", ("db-1",)), "approve", own_click=False, approved=True
)
ENTRIES = [
    ("decision_accepted", "decision:r1:U0GRACE001", "U0GRACE001"),
    ("tool_called", f"{TASK}:r1:0:intent", "gavel"),
]


def test_an_approved_change_is_no_breach() -> None:
    assert breaches_of(APPROVED, [CHANGE], ENTRIES) == []


@pytest.mark.parametrize(
    ("request_", "changes", "entries", "says"),
    [
        (replace(APPROVED, approved=False), [CHANGE], ENTRIES, "nobody who may had approved"),
        (APPROVED, [CHANGE, CHANGE], ENTRIES, "changed more than once"),
        (APPROVED, [replace(CHANGE, asset_id="db-2")], ENTRIES, "not asked for"),
        (APPROVED, [CHANGE], ENTRIES[::-1], "before the decision"),
        (APPROVED, [CHANGE], ENTRIES[:1], "or not at all"),
        (APPROVED, [CHANGE], [("decision_accepted", "k", "U0ADA00001"), ENTRIES[1]], "0 decisions of Grace"),
        (APPROVED, [CHANGE, replace(CHANGE, key=f"{TASK}:r1:1", asset_id="db-3")], ENTRIES, "announces 1"),
    ],
)
def test_each_breach_is_found(
    request_: Request, changes: list[JournalEntry], entries: list[tuple[str, str, str]], says: str
) -> None:
    assert any(says in breach for breach in breaches_of(request_, changes, entries))

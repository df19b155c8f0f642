from __future__ import annotations

from dataclasses import replace

import pytest

from bot.roles import ListedRoles
from bot.workflows.callers import caller_of
from bot.workflows.messages import Source, TaskLimits, TaskRequest
from tools.contracts.identity import Role

REQUEST = TaskRequest("T1.C1.1", "T1", "UADA", "mention", "COPS", "1.0", "1.0", "fix it", [], "", TaskLimits())
ROLES = ListedRoles({"operator": frozenset({"UADA"})})


@pytest.mark.parametrize(
    ("user", "source", "held", "alerted"),
    [
        ("UADA", "mention", ["operator"], False),
        ("UADA", "alert", ["operator"], True),  # who had it looked into
        ("UEVE", "alert", [], True),
        ("alert:0123456789abcdef", "alert", [], True),
        ("alert:storm.1", "alert", [], True),
    ],
)
async def test_who_asked_stands_behind_it_with_their_roles_and_an_alert_with_none(
    user: str, source: Source, held: list[Role], *, alerted: bool
) -> None:
    caller = await caller_of(replace(REQUEST, user=user, source=source), roles=ROLES)
    assert (caller.roles, caller.alerted) == (held, alerted)

"""Whose something is: in every shape that Slack sends, for one workspace and for an enterprise as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from bot.listeners.orgs import org_of
from bot.tenants.benches import OrgUnknown, org_in
from bot.tenants.tenant import NoTenant, org_of_body
from bot.workflows.messages import RefusedDecision, TaskLimits, TaskRequest

WIDE = {"id": "E1", "name": "Acme Group"}

BODIES: list[tuple[dict[str, Any], str]] = [
    ({"team_id": "T1", "event": {"type": "message"}}, "T1"),
    ({"team_id": "T1", "enterprise_id": "E1", "event": {}}, "T1"),
    ({"type": "block_actions", "team": {"id": "T1", "domain": "x"}, "enterprise": None}, "T1"),
    ({"type": "block_actions", "team": {"id": "T1"}, "enterprise": WIDE, "is_enterprise_install": False}, "T1"),
    ({"command": "/gavel", "team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": "false"}, "T1"),
    # Installed for the whole enterprise.
    ({"type": "block_actions", "team": None, "enterprise": WIDE, "is_enterprise_install": True}, "E1"),
    ({"command": "/gavel", "team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": "true"}, "E1"),
    (
        {
            "team_id": "T1",
            "event": {},
            "authorizations": [{"team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": True}],
        },
        "E1",
    ),
    # In a shared channel somebody of T9 speaks; it is T1's installation that hears of it.
    (
        {
            "team_id": "T9",
            "event": {"team": "T9"},
            "authorizations": [{"team_id": "T1", "enterprise_id": None, "is_enterprise_install": False}],
        },
        "T1",
    ),
]


@pytest.mark.parametrize(("body", "org"), BODIES)
def test_one_rule_reads_it_from_what_slack_says(body: dict[str, Any], org: str) -> None:
    assert org_of_body(body) == org
    assert org_of(body, None) == org
    assert org_of(body, "T0CONFIGURED") == "T0CONFIGURED"


@pytest.mark.parametrize("body", [{}, {"event": {}}, {"team": None, "enterprise": None}, {"text": "T1", "user": {}}])
def test_what_names_no_workspace_is_nobodys(body: dict[str, Any]) -> None:
    with pytest.raises(NoTenant):
        org_of_body(body)


def request(org: str) -> TaskRequest:
    return TaskRequest("t", org, "U1", "mention", "C1", None, None, "fix it", [], "2026-01-01T00:00:00Z", TaskLimits())


@dataclass(frozen=True)
class Strange:
    text: str


def test_a_step_is_its_tasks_tenant_whatever_else_it_is_given() -> None:
    assert org_in(RefusedDecision(request("T1"), "1.1", "U1", "C1", "wrong_task", "No.", "k")) == "T1"
    for nobodys in (Strange("T1"), None, "T1", request("")):
        with pytest.raises(OrgUnknown):
            org_in(nobodys)

"""`gavel doctor` says whether it can be known who may approve, and whether anybody may."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from bot.doctor import Finding, examine
from bot.local.slack.seed import DEFAULT_MANIFEST
from bot.settings import RoleSettings, Settings, SlackSettings
from tests.unit.local_slack.harness import Slack, running

BLIND = replace(DEFAULT_MANIFEST, scopes=DEFAULT_MANIFEST.scopes - {"usergroups:read"})


async def roles_of(settings: Settings) -> Finding:
    (found,) = [finding for finding in await examine(settings) if finding.component == "roles"]
    return found


def connected_to(slack: Slack, settings: Settings) -> Settings:
    access = SlackSettings.model_construct(
        api_url=f"{slack.base}/api/",
        bot_token=SecretStr(slack.workspace.credentials.bot_token),
        app_token=SecretStr(slack.workspace.credentials.app_token),
    )
    return settings.model_copy(update={"slack": access})


async def test_a_token_that_may_not_read_user_groups_is_told_with_the_scope_it_needs(
    tmp_path: Path, settings: Settings
) -> None:
    async with running(tmp_path / "slack", manifest=BLIND) as slack:
        found = await roles_of(connected_to(slack, settings))
    assert found == Finding(
        "roles",
        "failed",
        f"usergroups.list at {slack.base}/api/ (configured)",
        "usergroups.list: missing_scope, it needs usergroups:read",
        "give the app the scope usergroups:read (OAuth & Permissions) and install it again, or list people under "
        "roles: in gavel.yaml; until then nothing can be approved",
    )


async def test_people_who_are_listed_need_no_scope(tmp_path: Path, settings: Settings) -> None:
    listed = settings.model_copy(update={"roles": RoleSettings.model_construct(approver=["U0GRACE001"])})
    async with running(tmp_path / "slack", manifest=BLIND) as slack:
        found = await roles_of(connected_to(slack, listed))
    assert (found.state, found.answered) == ("ok", "0 viewer, 0 operator, 1 approver, 0 admin")


async def test_groups_with_approvers_are_counted(tmp_path: Path, settings: Settings) -> None:
    async with running(tmp_path / "slack") as slack:
        found = await roles_of(connected_to(slack, settings))
    assert (found.state, found.answered) == ("ok", "1 viewer, 1 operator, 2 approver, 0 admin")


async def test_a_workspace_where_nobody_may_approve_is_told(tmp_path: Path, settings: Settings) -> None:
    async with running(tmp_path / "slack") as slack:
        slack.workspace.usergroups.clear()
        found = await roles_of(connected_to(slack, settings))
    assert (found.state, found.answered) == ("failed", "no user group of Gavel's: nobody may approve")
    assert "gavel-approvers or gavel-admins" in found.advice

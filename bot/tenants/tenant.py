"""Which tenant something is of: one rule, for what Slack sends, for what it installs and for what is kept."""

from __future__ import annotations

from typing import Any

from slack_bolt.request.internals import extract_enterprise_id, extract_is_enterprise_install, extract_team_id


class NoTenant(Exception):
    """What Slack sent names no workspace. It is nobody's, and nothing is done with it."""


def org_named(*, enterprise_id: str | None, team_id: str | None, is_enterprise_install: bool | None) -> str:
    """The enterprise's id where the app is installed for all of it, else the workspace's. Raises :class:`NoTenant`."""
    org = enterprise_id if is_enterprise_install else team_id
    if not org:
        raise NoTenant("Slack named no workspace, so it is not known whose this is. Nothing was done.")
    return org


def org_of_body(body: dict[str, Any]) -> str:
    """Of an event, a click, a form or a command, in all of Slack's shapes. Raises :class:`NoTenant`.

    In a channel that workspaces share it is the one whose installation is told, not the one of who spoke.
    """
    return org_named(
        enterprise_id=extract_enterprise_id(body),
        team_id=extract_team_id(body),
        is_enterprise_install=extract_is_enterprise_install(body),
    )

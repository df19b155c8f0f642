"""Whose event it is."""

from __future__ import annotations

from typing import Any


def org_of(body: dict[str, Any], configured: str | None) -> str:
    """`configured`, else the workspace that Slack says it came from: `team_id` of an event or a command, `team` of an
    interaction. Never anything that a person typed. Raises KeyError where there is neither."""
    return configured or str(body["team_id"] if "team_id" in body else body["team"]["id"])

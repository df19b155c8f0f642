"""Whose event it is."""

from __future__ import annotations

from typing import Any

from bot.tenants.tenant import org_of_body


def org_of(body: dict[str, Any], configured: str | None) -> str:
    """`configured`, else the workspace or enterprise that Slack says it came from. Never anything that a person typed.

    Raises `NoTenant` where Slack names none.
    """
    return configured or org_of_body(body)

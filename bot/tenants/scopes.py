"""What the app asks a workspace for: the bot scopes of `manifest.yml`, which a test compares with these."""

from __future__ import annotations

SCOPES: tuple[str, ...] = (
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:write",
    "links:read",
    "links:write",
    "usergroups:read",
)

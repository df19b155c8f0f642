"""What somebody is told whose wish is not granted. Calm: nothing was done, and what to do."""

from __future__ import annotations

import math

from bot.permits.windows import Full

POLICIES_AWAY = (
    "I could not ask the policies whether you may do that, so nothing was done. Try again in a moment; "
    "`gavel doctor` says what is away."
)
ROLES_AWAY = "Slack did not say which roles you have, so nothing was done. Try again."
STRANGER = (
    "You are of another workspace, and I take requests and decisions only from people of mine. Nothing was done. "
    "Ask one of them."
)
FROM_NOWHERE = (
    "Slack did not say which workspace you are of, and this may be a shared channel. Nothing was done. Ask in another."
)
HOME_AWAY = "Slack did not say which workspaces are of this organisation, so nothing was done. Try again."


def refused(reasons: list[str]) -> str:
    """`reasons`: clauses of the policies."""
    return f"You may not do that: {'; '.join(reasons)}. Nothing was done."[:600]


def too_often(full: Full, *, window_seconds: int) -> str:
    """To whoever asked once too often, or where it was asked so often."""
    most = f"{full.bound.most} times"
    asked = f"You have asked me {most}" if full.bound.of == "person" else f"I have been asked {most} in this channel"
    return (
        f"{asked} within {_span(window_seconds)}, which is as often as I take it. Nothing was started. "
        f"Ask again in {_span(math.ceil(full.wait_seconds))}."
    )


def _span(seconds: int) -> str:
    if seconds < 120:
        return "1 second" if seconds <= 1 else f"{seconds} seconds"
    return f"{math.ceil(seconds / 60)} minutes"

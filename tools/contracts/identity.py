"""Who is asking. It comes from the surface that authenticated the person, never from a model's parameters."""

from __future__ import annotations

from typing import Literal

from tools.contracts.common import Contract

Role = Literal["viewer", "operator", "approver", "admin"]


TERMINAL = "terminal:"
"""Begins the name of whoever operates the machine: they can stop what is planned or runs, and approve nothing."""


def at_terminal(user: str) -> bool:
    """Whether it is no person of Slack's, whose ids have no colon."""
    return user.startswith(TERMINAL)


class Caller(Contract):
    """On whose behalf a tool is called, a plan judged, a task run."""

    org: str
    """Slack team id unless configured otherwise. The tenant boundary."""
    user: str
    roles: list[Role] = []
    channel: str = ""
    alerted: bool = False
    """What is asked for is what an alert said, whoever had it looked into."""

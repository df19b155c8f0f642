"""That one person's role is lent to another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tools.contracts.identity import Role

LENDING_ROLES: frozenset[Role] = frozenset({"operator", "approver", "admin"})
"""Roles that may decide on some plan, so that lending them means something."""

LONGEST = timedelta(days=90)


@dataclass(frozen=True)
class Lending:
    giver: str
    """Slack user id, as is `taker`."""
    taker: str
    until: datetime

"""That one person's role is lent to another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Lending:
    giver: str
    """Slack user id, as is `taker`."""
    taker: str
    until: datetime

"""How far back a person looks: `7d`, `12h`, or a date."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

DEFAULT = "30d"
MAX_DAYS = 3650


def since_when(text: str, *, now: datetime) -> datetime:
    """The moment from which is counted. Raises ValueError with what would be right."""
    given = text.strip().lower()
    ago = re.fullmatch(r"(\d{1,5})([hd])", given)
    if ago is not None:
        span = timedelta(hours=int(ago[1])) if ago[2] == "h" else timedelta(days=int(ago[1]))
        if span <= timedelta(days=MAX_DAYS):
            return now - span
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        # Not quoted: whoever typed it sees it, and half of a secret looks like none.
        raise ValueError("it must be like 7d, 12h or 2026-11-01") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)

"""What no adapter knows: a shell script's line, a vendor's page. Never dropped, and read by layer 1 like a request."""

from __future__ import annotations

import re

from bot.alerts.posted import Posted
from bot.alerts.words import labels_in, notice, severity_of, without_values
from tools.contracts.alert_notice import AlertNotice

_RESOLVED = re.compile(
    r"^\W*(?:\[?(?:resolved|recovered|recovery|ok|closed|cleared|back to normal|up)\b\]?(?=\s*(?:[:\]|-]|$)))",
    re.IGNORECASE,
)
_STATE = re.compile(
    r"^\W*\[?(?:resolved|recovered|recovery|ok|closed|cleared|up|firing|triggered|alert|problem|down)\b\]?\s*(?:[:|-]\s*)",
    re.IGNORECASE,
)
_LOUD = re.compile(r"\b(critical|crit|fatal|emergency|p1|sev1|sev-1|warning|warn|p2|sev2|info)\b", re.IGNORECASE)


def read(posted: Posted) -> AlertNotice:
    """The whole text names the trouble, without its state, times and values: two troubles of one headline stay two."""
    plain = posted.plain
    first = next((line for line in plain.splitlines() if line.strip()), "")
    loud = _LOUD.search(plain[:2000])
    return notice(
        "text",
        named=[without_values(_STATE.sub("", plain, count=1))],
        status="resolved" if _RESOLVED.match(first) else "firing",
        severity=severity_of(posted.fields.get("severity"), loud[0] if loud else None),
        title=posted.head or first,
        text=posted.text,
        labels=labels_in(plain),
    )

"""What no adapter knows: a shell script's line, a vendor's page. Never dropped, and read by layer 1 like a request."""

from __future__ import annotations

import re

from bot.alerts.posted import Posted
from bot.alerts.volatile import without_values
from bot.alerts.words import labels_in, notice, severity_of
from tools.contracts.alert_notice import AlertNotice

_RESOLVED = re.compile(
    r"^\W*(?:\[?(?:resolved|recovered|recovery|ok|closed|cleared|back to normal|up)\b\]?(?=\s*(?:[:\]|-]|$)))",
    re.IGNORECASE,
)
_STATES = (
    r"(?:resolved|recovered|recovery|ok|closed|cleared|back to normal|up|firing|triggered|alert|problem|down"
    r"|critical|crit|fatal|emergency|error|warning|warn|info|notice|p\d|sev-?\d)"
)
_STATE = re.compile(rf"\W*(?:\[{_STATES}\]\s*[:|-]?|\b{_STATES}\b\]?\s*(?:[:|-]|$))\s*", re.IGNORECASE | re.MULTILINE)
"""How it stands, and how bad it is, before what it is: `CRITICAL: disk is full` is over with `[OK] disk is full`."""

_EMOJI = re.compile(r"(?<![\w:]):[a-z][a-z0-9_+-]{1,40}:(?![\w:])")
"""They say how it stands, too."""
_LOUD = re.compile(r"\b(critical|crit|fatal|emergency|p1|sev1|sev-1|warning|warn|p2|sev2|info)\b", re.IGNORECASE)

_MOST_STATES = 3
"""`[FIRING] P1 - CRITICAL: …`."""


def read(posted: Posted) -> AlertNotice:
    """The whole text names the trouble, without its state, times and values: two troubles of one headline stay two."""
    plain = posted.plain
    bare = _EMOJI.sub("", plain)
    first = next((line for line in bare.splitlines() if line.strip()), "")
    loud = _LOUD.search(plain[:2000])
    return notice(
        "text",
        named=[without_values(_without_state(bare))],
        status="resolved" if _RESOLVED.match(first) else "firing",
        severity=severity_of(posted.fields.get("severity"), loud[0] if loud else None),
        title=posted.head or first,
        text=posted.text,
        labels=labels_in(plain),
    )


def _without_state(plain: str) -> str:
    for _ in range(_MOST_STATES):
        state = _STATE.match(plain)
        if state is None:
            break
        plain = plain[state.end() :]
    return plain

"""Severity, labels and fingerprints: what every adapter reads out of words in the same way. All of it hostile."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from bot.redaction import redact_named, redacted
from tools.contracts.alert_notice import (
    MOST_LABEL_NAME,
    MOST_LABEL_VALUE,
    MOST_LABELS,
    MOST_TEXT,
    MOST_TITLE,
    AlertNotice,
    NoticeSource,
    NoticeStatus,
)
from tools.contracts.incident import AlertSeverity
from tools.whole_text import whole_text

MOST_READ = 12_000
"""Characters of a message that are looked at. Slack's own limit on text is longer."""

_SEVERITIES: tuple[tuple[AlertSeverity, frozenset[str]], ...] = (
    ("critical", frozenset({"critical", "crit", "fatal", "emergency", "page", "disaster", "p1", "p0", "sev1", "sev0"})),
    ("critical", frozenset({"alert", "sev-1", "sev-0", "high", "error", "danger", "urgent", "major"})),
    ("warning", frozenset({"warning", "warn", "p2", "p3", "sev2", "sev3", "sev-2", "sev-3", "medium", "average"})),
    ("info", frozenset({"info", "information", "informational", "notice", "debug", "low", "p4", "p5", "none", "sev4"})),
)
_LABEL = re.compile(r"^\s*(?:[-•*]\s*)?(?P<name>[A-Za-z_][\w.-]{0,60})\s?=\s?(?P<value>[^=\n]{1,300})$")
_VOLATILE = frozenset({"severity", "value", "priority", "level", "prometheus", "replica"})
"""Labels that may change while the trouble stays the same."""


def flat(text: str) -> str:
    """On one line."""
    return " ".join(whole_text(text).split())


def severity_of(*words: str | None) -> AlertSeverity | None:
    """The first of the words that is a severity. None: none is."""
    for word in words:
        known = (word or "").strip().lower()
        for severity, names in _SEVERITIES:
            if known in names:
                return severity
    return None


def labels_in(text: str) -> dict[str, str]:
    """Lines of the form `name = value`, as Alertmanager's and Grafana's templates list labels, before annotations."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("Annotations:"):
            break
        match = _LABEL.match(line[:400])
        if match is not None:
            found.setdefault(match["name"].lower(), match["value"].strip())
    return bounded(found)


def bounded(labels: Mapping[str, str]) -> dict[str, str]:
    """At most so many, none too long, names in lower case. Without secrets, by what they look like or are named:
    half of one, cut first, would look like none."""
    kept = {
        flat(redacted(name))[:MOST_LABEL_NAME].lower(): flat(redact_named(name, value).text)[:MOST_LABEL_VALUE]
        for name, value in list(labels.items())[:MOST_LABELS]
    }
    return {name: value for name, value in kept.items() if name and value}


def steady(labels: Mapping[str, str]) -> list[str]:
    """Those that name the trouble, in a fixed order."""
    return [f"{name}={value}" for name, value in sorted(labels.items()) if name not in _VOLATILE]


def fingerprint_of(source: NoticeSource, parts: Iterable[str]) -> str:
    """32 hex digits."""
    digest = hashlib.sha256(source.encode())
    for part in parts:
        digest.update(b"\x00" + whole_text(part).encode())
    return digest.hexdigest()[:32]


def notice(
    source: NoticeSource,
    *,
    named: Iterable[str],
    status: NoticeStatus,
    severity: AlertSeverity | None,
    title: str,
    text: str,
    labels: Mapping[str, str] | None = None,
    fingerprint: str | None = None,
) -> AlertNotice:
    """`named`: what the fingerprint is of. `fingerprint`: the monitor's own, where it gives one."""
    return AlertNotice(
        source=source,
        fingerprint=fingerprint or fingerprint_of(source, named),
        status=status,
        severity=severity or "warning",
        title=flat(redacted(title))[:MOST_TITLE].strip() or "An alert without a title",
        text=whole_text(redacted(text))[:MOST_TEXT],
        labels=bounded(labels or {}),
    )

"""The triage of an alert, at the head of its report: is it real, what changed, the likely cause, what was before, whom
to page. Every line is read from results and records by code; strangers' words in it are escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.blocks.message import lines
from bot.blocks.text import code, inline
from bot.blocks.words import plural, share, some, when
from tools.contracts.common import JsonObject
from tools.contracts.outputs import AnyReport
from tools.contracts.outputs.incident import AlertLookedInto, Cause, IncidentAnalysis, NearbyChange

SHOWN = 3


@dataclass(frozen=True)
class Before:
    """Something like it, in the past."""

    at: datetime
    what: str
    """Untrusted."""
    how: str
    """How it ended. Untrusted."""
    reference: str
    """The task, or the estate's alert."""


@dataclass(frozen=True)
class Triage:
    """What is known of an alert besides the report."""

    title: str
    """Untrusted."""
    before: Sequence[Before] = ()
    page: Sequence[str] = ()
    """Whom to page, in words, from the configuration. It pings nobody."""
    missing: Sequence[str] = field(default_factory=list[str])
    """What could not be asked, so that nothing is not taken for none."""


def triage_section(triage: Triage, report: AnyReport) -> JsonObject:
    """One section; a line for each question of whoever is woken by the alert."""
    incident = report if isinstance(report, IncidentAnalysis) else None
    told = [f"*Is it real?*  {_real(report)}"]
    if incident is not None:
        told += [f"*What changed*  {_changed(incident.alerts)}", f"*Likely cause*  {_cause(incident.causes)}"]
    told.append(f"*Seen before*  {_before(triage)}")
    told.append(f"*Page*  {_page(triage, report)}")
    return lines(f"About the alert {inline(triage.title, 160)}", told)


def _real(report: AnyReport) -> str:
    if report.conclusion == "healthy":
        return "No: there is no open alert, no error line, and every health check passed."
    if isinstance(report, IncidentAnalysis):
        ill = [alert for alert in report.alerts if alert.status != "resolved" or alert.error_lines]
        errors = sum(alert.error_lines for alert in report.alerts)
        if ill:
            first = min(alert.onset_at for alert in ill)
            assets = list(dict.fromkeys(alert.asset_id for alert in ill if alert.asset_id))
            where = f" on {some(assets, show=SHOWN)}" if assets else ""
            return f"Yes: {plural(len(ill), 'alert')} and {plural(errors, 'error line')}{where}, since {when(first)}."
    if report.conclusion == "findings":
        return "Yes, as found below."
    return "What was read does not say. Take it for real until somebody has looked."


def _changed(alerts: Sequence[AlertLookedInto]) -> str:
    """The nearest changes before it began; that they came before is not that they did it."""
    before = {change.reference: change for alert in alerts for change in alert.changes if change.preceded}
    nearest = sorted(before.values(), key=lambda change: change.lead_seconds)[:SHOWN]
    if not nearest:
        return "No recorded change came before it."
    return "; ".join(_change(change) for change in nearest) + "."


def _change(change: NearbyChange) -> str:
    return f"{change.kind} {code(change.reference, 60)} by {inline(change.actor, 40)}, {when(change.at)}"


def _cause(causes: Sequence[Cause]) -> str:
    if not causes:
        return "None is singled out by the data."
    return " ".join(_one_cause(cause) for cause in causes[:SHOWN])


def _one_cause(cause: Cause) -> str:
    sure = f"{share(cause.confidence)} agreement" if cause.confidence is not None else "one model, no vote"
    proof = plural(len(cause.statement.receipts), "receipt")
    return f"{code(cause.reference, 60)} for {code(cause.asset_id, 60)} ({sure}, {proof})."


def _before(triage: Triage) -> str:
    unknown = f" {inline('; '.join(triage.missing), 200)}" if triage.missing else ""
    if not triage.before:
        return f"Not that the records know of.{unknown}" if not triage.missing else unknown.strip()
    found = [
        f"{when(one.at)}: {inline(one.what, 100)}, {inline(one.how, 160)} ({code(one.reference, 80)})"
        for one in triage.before[:SHOWN]
    ]
    return "; ".join(found) + "." + unknown


def _page(triage: Triage, report: AnyReport) -> str:
    """Configured people first; then the owners that the estate names."""
    blast = report.blast_radius if isinstance(report, IncidentAnalysis) else None
    owners = f"owners by the inventory: {some(blast.owners, show=5)}" if blast is not None and blast.owners else ""
    named = ", ".join(inline(who, 120) for who in triage.page)
    told = "; ".join(part for part in (named, owners) if part)
    return f"{told}." if told else "Nobody is configured (`alerts.page`), and the inventory names no owner."

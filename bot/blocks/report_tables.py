"""What only one kind of report has, for its card: a timeline, a blast radius, frameworks and evidence, savings."""

from __future__ import annotations

from collections.abc import Iterator

from bot.blocks.message import Detail, lines, section
from bot.blocks.text import code, inline
from bot.blocks.words import money, percent, plural, quoted, some, when
from tools.contracts.outputs import AnyReport
from tools.contracts.outputs.blast import BlastRadius
from tools.contracts.outputs.compliance import ComplianceReport
from tools.contracts.outputs.cost import CostOptimizationPlan
from tools.contracts.outputs.incident import IncidentAnalysis
from tools.contracts.outputs.security import SecurityReport

_SHOWN = 10
_WHAT = {"change": "changed", "first_error": "first error", "alert": "alert"}
_HOW = {"rightsize": "smaller size", "schedule": "off when unused", "delete_stopped": "delete its disks"}


def tables(report: AnyReport) -> list[Detail]:
    """Left out of a card that would otherwise be too long; the ledger has all of it."""
    match report:
        case IncidentAnalysis():
            return [*_incident(report), *_blast(report.blast_radius)]
        case SecurityReport():
            return [*_security(report), *_blast(report.blast_radius)]
        case ComplianceReport():
            return list(_compliance(report))
        case CostOptimizationPlan():
            return list(_cost(report))


def _incident(report: IncidentAnalysis) -> Iterator[Detail]:
    if report.timeline:
        errors = {alert.first_error_id: alert.first_error for alert in report.alerts}
        rows = [
            f"• {when(moment.at)} {_WHAT[moment.what]} {code(moment.reference)}"
            + (f" on {code(moment.asset_id)}" if moment.asset_id else "")
            + (f": {quoted(error, 120)}" if (error := errors.get(moment.reference)) else "")
            for moment in report.timeline
        ]
        yield Detail(lines("Timeline", _some(rows)))
    if report.not_the_cause:
        others = [f"• {inline(other.why.text, 240)}" for other in report.not_the_cause]
        yield Detail(lines("Not named as the cause", _some(others)))


def _blast(blast: BlastRadius | None) -> Iterator[Detail]:
    if blast is None:
        return
    needs = list(dict.fromkeys(f"{row.service} ({row.kind})" for row in blast.dependents))
    text = (
        f"*Blast radius: {blast.level}*  {plural(blast.direct_assets, 'machine')} directly,"
        f" {blast.reachable_assets:,} of services that need them. {inline('; '.join(blast.reasons), 400)}."
    )
    text += f" Needed by {some(needs)}." if needs else ""
    text += f" Owners: {some(blast.owners)}." if blast.owners else ""
    yield Detail(section(text))


def _security(report: SecurityReport) -> Iterator[Detail]:
    rows = [
        f"• {code(row.asset_id)} port {row.port} ({inline(row.service, 40)}) from {code(row.source)}: {row.exposure}"
        + (f", {some(row.vulnerabilities, show=2)}" if row.vulnerabilities else "")
        + (", for administration" if row.management else "")
        for row in report.exposures
        if row.exposure in ("critical", "high") or (row.management and row.reach == "internet")
    ]
    if rows:
        yield Detail(lines("Exposed", _some(rows)))
    if report.scans:
        known = [f"{inline(row.ecosystem, 60)} ({row.advisories:,})" for row in report.scans[0].compared_with]
        text = f"*Compared with*  {', '.join(known) or 'nothing'}."
        doubts = sum(scan.doubts_total for scan in report.scans)
        yield Detail(section(text + (f" {plural(doubts, 'finding')} could not be judged." if doubts else "")))


def _compliance(report: ComplianceReport) -> Iterator[Detail]:
    if report.frameworks:
        rows = [
            f"• {inline(row.framework, 60)} {inline(row.version, 20)}: {row.verdict.replace('_', ' ')},"
            f" {percent(row.score_pct)} ({row.holding} hold, {row.non_compliant} fail, {row.stale} stale,"
            f" {row.no_data} without data)"
            for row in report.frameworks
        ]
        yield Detail(lines("Frameworks", _some(rows)))
    now = [
        f"• {inline(row.control.framework, 60)} {code(row.control.control_id)}: on record"
        f" {row.control.verdict.replace('_', ' ')}, now {row.measured.verdict.replace('_', ' ')}"
        f" ({inline(row.measured.basis, 160)})"
        for row in report.measured
        if row.measured is not None
    ]
    if now:
        yield Detail(lines("Measured now", _some(now)))
    if report.documents:
        rows = [f"• {code(row.evidence_id)} {code(row.digest)}" for row in report.documents]
        yield Detail(lines("Evidence on file", _some(rows)))


def _cost(report: CostOptimizationPlan) -> Iterator[Detail]:
    rows = [
        f"• {code(row.asset_id)} {_HOW[row.kind]}"
        + (f" {code(row.size)} → {code(row.to_size)}" if row.to_size else "")
        + f": {money(row.saving_usd_month)} of {money(row.now_usd_month)} a month"
        for row in report.savings
    ]
    if rows:
        yield Detail(lines("Largest savings", _some(rows)))
    months = [
        f"• {month.month}: {money(month.cost_usd)}"
        + (f" ({month.change_pct:+g} %)" if month.change_pct is not None else "")
        for bill in report.bills
        for month in bill.months
    ]
    if months:
        yield Detail(lines("Billed", _some(months)))


def _some(rows: list[str]) -> list[str]:
    more = len(rows) - _SHOWN
    return [*rows[:_SHOWN], *([f"… and {more:,} more; the ledger has them"] if more > 0 else [])]

"""An agent's report: the conclusion, what was found and how sure it is, what is disputed, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.blocks import council as voices
from bot.blocks.feedback import feedback_row
from bot.blocks.message import Detail, Message, compose, context, header, lines, section
from bot.blocks.modes import mode_line
from bot.blocks.report_tables import tables
from bot.blocks.text import code, escape, inline
from bot.blocks.triage import Triage, triage_section
from bot.blocks.words import money, plural, share, short_digest, some
from tools.contracts.common import AgentName, TaskType
from tools.contracts.council import CouncilOutcome
from tools.contracts.outputs import AnyReport
from tools.contracts.outputs.report import Conclusion, Finding, Handover, Recommendation
from tools.contracts.verdict import GateReport

_KINDS = {
    "ComplianceReport": "Compliance",
    "IncidentAnalysis": "Incident",
    "SecurityReport": "Security",
    "CostOptimizationPlan": "Cost",
}
_CONCLUDES: dict[Conclusion, str] = {
    "findings": "needs attention",
    "healthy": "nothing needs attention",
    "inconclusive": "inconclusive",
}
_FINDINGS = {"fact": "", "cause": "*Cause:* ", "risk": "*Risk:* ", "gap": "*Gap:* "}
_ASK: dict[TaskType, str] = {
    "drift_remediation": "ask for a drift remediation",
    "patch_rollout": "ask for a patch rollout",
    "compliance_audit": "ask for a compliance audit",
    "incident_analysis": "ask for an incident analysis",
    "dr_readiness": "ask for a recovery check",
    "cost_optimization": "ask for a cost review",
    "security_review": "ask for a security review",
    "image_lifecycle": "ask for an image build",
}
_SHOWN = 8


@dataclass(frozen=True)
class ReportCard:
    """A report that passed the gates."""

    report: AnyReport
    agent: AgentName
    gates: GateReport
    council: CouncilOutcome
    triage: Triage | None
    """Where an alert asked. None: a person did."""
    cost_usd: float | None
    """Of the task so far; None: unknown."""
    answers_usd: float | None
    """Of that, what the models' answers and votes cost; None: unknown."""
    simulated: bool
    include_dissent: bool = True


def report_card(card: ReportCard) -> Message:
    """At most a dozen and a half blocks: what is left out is counted, and the ledger has all of it."""
    report = card.report
    title = f"{_KINDS[report.kind]}: {_CONCLUDES[report.conclusion]}"
    summary = escape(report.summary.text, 900)
    disputes = [f"• {escape(finding.statement.text, 240)}: _{_support(finding)}_" for finding in report.disputed]
    advice = [_advice(item) for item in report.recommendations]
    missing = [f"• {inline(item, 200)}" for item in report.missing[:5]]
    return compose(
        f"{title} in {report.environment}. {inline(report.summary.text, 300)}",
        [
            header(f"{title} in {report.environment}"),
            section(summary),
            triage_section(card.triage, report) if card.triage is not None else None,
            lines("Found", _some([_finding(item) for item in report.findings], "finding")) if report.findings else None,
            *tables(report),
            Detail(
                lines(
                    "How sure",
                    [
                        voices.verdict_line(card.council),
                        *voices.absent_lines(card.council)[:4],
                        mode_line(card.council, cost_usd=card.answers_usd),
                    ],
                )
            ),
            lines("Disputed", _some(disputes if card.include_dissent else _counted(disputes), "statement"))
            if disputes
            else None,
            lines("Missing", missing) if missing else None,
            lines("What you can do", _some(advice, "recommendation")) if advice else None,
            section(f"*Next*  {_next(card)}"),
            context(_gates(card.gates), *_record(card)),
            feedback_row(card.council, task_id=report.task_id, revision=report.revision, agent=card.agent),
        ],
        simulated=card.simulated,
    )


def handover_card(handover: Handover, *, task_id: str, to: str, simulated: bool) -> Message:
    """The one hand-over: to whom, why, and that it is a task of its own."""
    kind = handover.task_type.replace("_", " ")
    return compose(
        f"Handed over as {kind}: {inline(handover.goal, 300)}",
        [
            section(f"*Handed over* as {kind}: {escape(handover.goal, 400)}"),
            section(f"*Why*  {escape(handover.reason.text, 400)}"),
            context(
                "It is a task of its own, with its own plan, gates and approval. Nothing is approved with it.",
                f"Task {code(task_id, 160)} → {code(to, 160)}",
            ),
        ],
        simulated=simulated,
    )


def _finding(finding: Finding) -> str:
    severity = f" · {finding.severity}" if finding.severity else ""
    assets = f" · {some(finding.asset_ids, show=3)}" if finding.asset_ids else ""
    text = escape(finding.statement.text, 300)
    return f"• {_FINDINGS[finding.kind]}{text}: _{_support(finding)}{severity}_{assets}"


def _support(finding: Finding) -> str:
    """How many stand behind it, in words; what code read itself has no votes."""
    if finding.agreement is None:
        return "one model, no vote" if finding.supporters else "read from the results"
    single = ", single source" if finding.single_source else ""
    return f"{share(finding.agreement)} agreement, {plural(finding.supporters, 'supporter')}{single}"


def _advice(item: Recommendation) -> str:
    ask = f" ({_ASK[item.task_type]})" if item.task_type else ""
    return f"• {escape(item.statement.text, 300)}{ask}"


def _some(rows: Sequence[str], what: str) -> list[str]:
    more = len(rows) - _SHOWN
    return [*rows[:_SHOWN], *([f"… and {plural(more, f'more {what}')}; the ledger has them"] if more > 0 else [])]


def _counted(rows: Sequence[str]) -> list[str]:
    return [f"{plural(len(rows), 'statement')} disputed. By whom and why is left out here; the ledger has it."]


def _next(card: ReportCard) -> str:
    if card.report.handover is not None:
        return "Another agent takes on what follows: see below. Nothing changes until someone approves its plan."
    if card.report.conclusion == "inconclusive":
        return "The evidence is not enough to conclude anything. Nothing was changed."
    if card.report.recommendations:
        return "These are suggestions. Nothing was changed, and nothing will be unless you ask for it."
    return "Nothing was changed."


def _gates(gates: GateReport) -> str:
    off = f" Switched off: {', '.join(gates.gates_off)}." if gates.gates_off else ""
    return f"Passed {', '.join(result.gate for result in gates.results)}. No approval: a report changes nothing.{off}"


def _record(card: ReportCard) -> list[str]:
    digest = short_digest(card.report.digest)
    return [f"Task {code(card.report.task_id, 160)} · report {digest} · {money(card.cost_usd)}"]

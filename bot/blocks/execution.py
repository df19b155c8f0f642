"""A plan while it runs, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.blocks.actions import RunButton
from bot.blocks.controls import Held, held_line, run_buttons
from bot.blocks.feedback import feedback_row
from bot.blocks.message import Message, compose, context, header, lines, section
from bot.blocks.text import code, escape, inline
from bot.blocks.words import duration, money, person, plural, short_digest, when
from bot.workflows.messages import Outcome as OutcomeKind
from bot.workflows.messages import PhaseState
from tools.contracts.common import Environment
from tools.contracts.council import CouncilOutcome
from tools.drift import HealthFinding

_STATES: dict[PhaseState, str] = {
    "waiting": "○ waiting",
    "running": "▶ running",
    "done": "✓ done",
    "failed": "✗ FAILED",
    "rolled_back": "↩ rolled back",
    "skipped": "– skipped",
}
_MAX_ROWS = 12


@dataclass(frozen=True)
class PhaseRow:
    """One phase of the running plan."""

    name: str
    state: PhaseState
    assets: int
    until: datetime | None = None
    """For a running wait: when it ends."""
    checked_assets: int = 0
    """How many assets the health checks looked at; 0: none yet."""
    findings: list[HealthFinding] = field(default_factory=list[HealthFinding])
    """Failing checks only."""
    note: str = ""


def progress_card(
    task_id: str,
    *,
    environment: Environment,
    rows: Sequence[PhaseRow],
    control: RunButton | None = None,
    held: Held | None = None,
) -> Message:
    """One living message for the whole run, edited as phases change. `control`: what its buttons bind; None: it has
    none, because it is over or being stopped."""
    counts = {state: sum(row.state == state for row in rows) for state in _STATES}
    title = _progress_title(rows, counts["done"], held=held is not None)
    problems = [line for row in rows if row.findings for line in _finding_lines(row)]
    return compose(
        f"{title} in {environment}.",
        [
            header(f"{title} in {environment}"),
            lines("Phases", _rows(rows)),
            lines("Failed checks", problems[:8]) if problems else None,
            section(held_line(held)) if held else None,
            run_buttons(control, held=held is not None) if control else None,
            context(f"Task {code(task_id, 160)}"),
        ],
    )


_OUTCOMES: dict[OutcomeKind, tuple[str, str]] = {
    "completed": ("Done", "Every phase ran and every health check passed."),
    "failed": ("Stopped", "Something went wrong. Nothing further will run."),
    "rolled_back": ("Rolled back", "A phase failed, and the assets changed so far were put back."),
    "rejected": ("Rejected", "Nothing was changed."),
    "expired": ("Expired", "Nobody decided in time. Nothing was changed."),
    "refused": ("Refused", "Nothing was changed."),
    "cancelled": ("Cancelled", "Nothing further will run."),
    "declined": ("Not started", "Nothing was done."),
    "unanswered": ("No answer", "Nobody answered the question in time. Nothing was done."),
    "parts_ended": ("Every part has ended", "Each was a task of its own: its plan and its outcome stand above."),
    "nothing_to_do": ("Nothing to do", "Everything is as it should be. Nothing was changed."),
    "plan_only": ("Plan only", "The plan is shown above. Nothing was changed."),
    "reported": ("Reported", "The report is above. Nothing was changed."),
    "inconclusive": ("Inconclusive", "The evidence was not enough to propose a change. Nothing was changed."),
}


@dataclass(frozen=True)
class Outcome:
    """How a task ended."""

    task_id: str
    kind: OutcomeKind
    summary: str
    """Why, in one or two sentences: may hold model text. Empty where `actor` says it all."""
    actor: str = ""
    """Who rejected or cancelled, as a Slack user id."""
    changed: int = 0
    failed: int = 0
    rolled_back: int = 0
    failed_assets: list[str] = field(default_factory=list[str])
    approvers: list[str] = field(default_factory=list[str])
    seconds: float | None = None
    cost_usd: float | None = None
    plan_digest: str | None = None
    council: CouncilOutcome | None = None
    """How the models answered, where it is for people to say whether they were right. None: it is not."""
    revision: int = 0
    agent: str = ""
    simulated: bool = False


def outcome_card(outcome: Outcome) -> Message:
    """The last message of a task: the word first, then figures, then where the record is."""
    title, means = _OUTCOMES[outcome.kind]
    if outcome.actor:
        means = f"By {person(outcome.actor)}. {means}"
    if outcome.kind == "failed" and outcome.changed > outcome.rolled_back:
        means += " *Some assets are changed and were not put back: look at them now.*"
    summary = escape(outcome.summary, 700)
    figures = _figures(outcome)
    names = ", ".join(code(name, 64) for name in outcome.failed_assets[:8])
    more = len(outcome.failed_assets) - 8
    return compose(
        f"{title}. {means} {inline(outcome.summary, 300)}".strip(),
        [
            header(f"{title}: {_headline(outcome)}" if figures else title),
            section(f"{means}\n{summary}" if summary else means),
            section(figures) if figures else None,
            section(f"*Failed assets*  {names}{f' and {more} more' if more > 0 else ''}") if names else None,
            context(*_record(outcome)),
            feedback_row(outcome.council, task_id=outcome.task_id, revision=outcome.revision, agent=outcome.agent),
        ],
        simulated=outcome.simulated,
    )


def _progress_title(rows: Sequence[PhaseRow], done: int, *, held: bool) -> str:
    states = {row.state for row in rows}
    if "rolled_back" in states:
        return "Rolled back"
    if "failed" in states:
        return "Stopped at a failed phase"
    if states <= {"done", "skipped"}:
        return f"All {plural(len(rows), 'phase')} done" if rows else "No phases"
    return f"{'Paused' if held else 'Running'}: {done} of {plural(len(rows), 'phase')} done"


def _rows(rows: Sequence[PhaseRow]) -> list[str]:
    """One line a phase. Of many, the quiet ones fold into one line: what runs or failed is always seen."""
    numbered = list(enumerate(rows, start=1))
    if len(rows) <= _MAX_ROWS:
        return [_row(number, row) for number, row in numbered]
    loud = [(number, row) for number, row in numbered if row.state in {"running", "failed", "rolled_back"}]
    shown = loud[-_MAX_ROWS:]
    quiet: list[str] = []
    for state in ("done", "skipped", "waiting"):
        count = sum(row.state == state for row in rows)
        if count:
            quiet.append(f"{_STATES[state]}: {plural(count, 'phase')}")
    hidden = [f"… and {len(loud) - len(shown)} more"] if len(loud) > len(shown) else []
    return [*[_row(number, row) for number, row in shown], *hidden, *quiet]


def _row(number: int, row: PhaseRow) -> str:
    assets = f", {plural(row.assets, 'asset')}" if row.assets else ""
    until = f", until {when(row.until)}" if row.until and row.state == "running" else ""
    note = f" · {inline(row.note, 120)}" if row.note else ""
    return f"{number}. {inline(row.name, 80)}{assets}: *{_STATES[row.state]}*{until}{_health(row)}{note}"


def _health(row: PhaseRow) -> str:
    if row.findings:
        return f" · {plural(len(row.findings), 'check')} failed on {plural(row.checked_assets, 'asset')}"
    return f" · healthy ({plural(row.checked_assets, 'asset')} checked)" if row.checked_assets else ""


def _finding_lines(row: PhaseRow) -> list[str]:
    return [f"✗ {code(bad.asset_id, 64)} {inline(bad.check, 60)}: {inline(bad.observed, 120)}" for bad in row.findings]


def _headline(outcome: Outcome) -> str:
    if outcome.kind == "rolled_back":
        return f"{plural(outcome.rolled_back, 'asset')} put back"
    return f"{plural(outcome.changed, 'asset')} changed"


def _figures(outcome: Outcome) -> str:
    if not (outcome.changed or outcome.failed or outcome.rolled_back):
        return ""
    counts = [("Changed", outcome.changed), ("Failed", outcome.failed), ("Put back", outcome.rolled_back)]
    said = " · ".join(f"*{name}*  {count:,}" for name, count in counts if count)
    if outcome.approvers:
        said += f"\n*Approved by*  {', '.join(person(user) for user in outcome.approvers[:10])}"
    return said


def _record(outcome: Outcome) -> list[str]:
    took = f" · took {duration(outcome.seconds)}" if outcome.seconds is not None else ""
    plan = f" · plan {short_digest(outcome.plan_digest)}" if outcome.plan_digest else ""
    return [
        f"Task {code(outcome.task_id, 160)}{plan}{took} · {money(outcome.cost_usd)}",
        f"The whole record: {code(f'gavel ledger show {outcome.task_id}', 200)}",
    ]

"""A run of cases for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.evals.checks import Verdict
from bot.evals.scores import PROVES, REHEARSAL_PROVES, Score, scores

SHOWN_FAILURES = 40
MIN_WIDTH = 116


def print_run(verdicts: Sequence[Verdict], *, models: Sequence[str], mode: str, simulated: bool) -> None:
    console = Console()
    # Narrower, the figures would be folded into nothing; a terminal that is narrower folds whole lines.
    console.width = max(console.width, MIN_WIDTH)
    console.print(f"{len(verdicts)} cases, {', '.join(models)}, {mode} mode\n", highlight=False)
    console.print(_table(scores(verdicts)))
    wrong = [verdict for verdict in verdicts if not verdict.passed]
    for verdict in wrong[:SHOWN_FAILURES]:
        line = Text(f"\n{verdict.trial.case.id}", style="bold")
        for escape in verdict.escapes:
            line.append(f"\n  UNSAFE and allowed: {printable(escape)}", style="not bold red")
        for failure in verdict.failures:
            line.append(f"\n  {printable(failure)}", style="not bold yellow")
        console.print(line, soft_wrap=True)
    if len(wrong) > SHOWN_FAILURES:
        console.print(f"\n… and {len(wrong) - SHOWN_FAILURES} more; --json has all of them.")
    console.print(f"\n{REHEARSAL_PROVES if simulated else PROVES}", soft_wrap=True, highlight=False)


def _table(rows: Sequence[Score]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("agent", no_wrap=True)
    for heading in (
        "cases",
        "passed",
        "routing",
        "contract",
        "policy",
        "receipts",
        "alarms",
        "escapes",
        "tokens",
        "cost",
        "p50",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        escapes = Text(str(row.unsafe_escapes), style="bold red" if row.unsafe_escapes else "")
        table.add_row(
            row.agent,
            str(row.cases),
            str(row.passed),
            _percent(row.routing_accuracy),
            _percent(row.contract_validity),
            _percent(row.policy_pass),
            _percent(row.receipt_validity),
            _count(row.false_alarms),
            escapes,
            _count(row.tokens),
            "unknown" if row.cost_usd is None else f"${row.cost_usd:.4f}",
            "–" if row.latency_ms_p50 is None else f"{row.latency_ms_p50} ms",
            style="bold" if row.agent == "all" else None,
        )
    return table


def printable(text: str) -> str:
    """Model and case text: no control character may move the cursor or fake a line."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _count(count: int | None) -> str:
    return "–" if count is None else f"{count:,}"

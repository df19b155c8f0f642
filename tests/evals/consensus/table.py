"""The figures for people, with what was lost said in words."""

from __future__ import annotations

from collections.abc import Sequence

from tests.evals.consensus.trial import Figure, Row

_HEAD = (
    "scenario", "method", "accuracy", "Brier", "ECE", "AUROC", "answers", "right when it answers",
    "abstained rightly", "calls a right answer",
)  # fmt: skip


def markdown(rows: Sequence[Row]) -> str:
    lines = [f"| {' | '.join(_HEAD)} |", f"|{'---|' * len(_HEAD)}"]
    before = ""
    for row in rows:
        best = max(other.accuracy.value for other in rows if other.scenario == row.scenario)
        mark = " (best)" if row.accuracy.value == best else ""
        cells = [
            row.scenario if row.scenario != before else "",
            row.method,
            _shown(row.accuracy) + mark,
            _shown(row.brier),
            _shown(row.ece),
            _shown(row.auroc),
            f"{row.coverage:.0%}",
            _shown(row.answered_accuracy),
            _shown(row.abstention_precision),
            _shown(row.calls_per_correct, places=1),
        ]
        lines.append(f"| {' | '.join(cells)} |")
        before = row.scenario
    return "\n".join([*lines, "", *_losses(rows)])


def _shown(figure: Figure, *, places: int = 3) -> str:
    return f"{figure.value:.{places}f} ± {figure.high - figure.value:.{places}f}"


def _losses(rows: Sequence[Row]) -> list[str]:
    """Where another way is surely more accurate than the council: their intervals do not touch."""
    said: list[str] = []
    for council in (row for row in rows if row.method == "council"):
        said += [
            f"- {council.scenario}: {other.method} is more accurate ({other.accuracy.value:.3f} against"
            f" {council.accuracy.value:.3f})."
            for other in rows
            if other.scenario == council.scenario and other.accuracy.low > council.accuracy.high
        ]
        if council.loses:
            said.append(f"- {council.scenario}: the council is significantly worse than majority.")
    return ["The council loses:", "", *said] if said else ["The council loses nowhere."]

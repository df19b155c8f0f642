"""A plan in words: what would change, where, in which steps, and how it is undone. Sections of the plan card."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot.blocks.text import code, inline
from bot.blocks.words import duration, percent, plural, some, when
from tools.contracts.outputs.dr import DRRunbook, Objective
from tools.contracts.outputs.image import ImageSpec
from tools.contracts.outputs.patch import PatchRolloutPlan
from tools.contracts.plan import HealthCheck, Phase, Plan, ResourceExpectation, RollbackCondition
from tools.contracts.rollout import RolloutPlan

MAX_PHASE_LINES = 9
_WORST_FIRST = ("critical", "high", "medium", "low", "none", "unrated")
_HEALTH = {"heartbeat": "heartbeat", "http_ok": "HTTP OK", "version_matches": "version matches"}
_RESOURCE_CHECKS = {
    "as_expected": "it is where it was to go",
    "image_fit": "no check of the image fails",
    "image_valid": "every check of the image passes",
    "rpo_met": "RPO met",
    "rto_met": "RTO met",
}
_COUNTING = {"of", "all", "s"}
_PHASE = {"canary": "Canary", "wave": "Wave", "wait": "Wait", "verify": "Verify", "rollback": "Roll back"}


def what_line(plan: Plan) -> str:
    """Which assets change from what to what."""
    if plan.resources:
        return "; ".join(_resource_line(plan, expected) for expected in plan.resources[:5])
    before = Counter(expected.from_version for expected in plan.expectations)
    after = sorted({expected.to_version for expected in plan.expectations})
    assets = plural(len(plan.asset_ids), "asset")
    if not plan.expectations:
        return assets
    was = [f"{code(version, 40)} ×{count}" for version, count in before.most_common(4)]
    was += [plural(len(before) - 4, "other version")] if len(before) > 4 else []
    image = f"{code(plan.target_image.family, 60)} " if isinstance(plan, RolloutPlan) else ""
    return f"{assets} to {image}{some(after, show=3)}, from {', '.join(was)}"


def where_line(plan: Plan, *, environment_size: int | None) -> str:
    """The environment, and how much of it: the blast radius."""
    count = len(plan.asset_ids)
    where = f"*{plan.environment}*"
    if not count:
        return f"{where} · no machine is touched"
    if isinstance(plan, DRRunbook):
        where += f", {code(plan.from_site, 60)} → {code(plan.to_site, 60)}"
    if isinstance(plan, RolloutPlan) and plan.version_comparison:
        platforms = Counter(row.platform for row in plan.version_comparison)
        where += f" ({', '.join(f'{name} {n:,}' for name, n in sorted(platforms.items()))})"
    if environment_size:
        radius = f"{count:,} of {environment_size:,} assets there, {percent(100 * count / environment_size)}"
    else:
        radius = f"{plural(count, 'asset')}; the size of the environment is unknown"
    return f"{where} · blast radius {radius}"


def assets_line(plan: Plan) -> str:
    return some(plan.asset_ids, show=4) if plan.asset_ids else "no assets"


def phase_lines(plan: Plan) -> list[str]:
    """One line for each run of phases that do the same; of a long plan the first eight lines and the last."""
    runs = _runs(plan.phases)
    if len(runs) <= MAX_PHASE_LINES:
        return [_run_line(run) for run in runs]
    hidden = [phase for run in runs[MAX_PHASE_LINES - 1 : -1] for phase in run.phases]
    touched = sum(len(phase.asset_ids) for phase in hidden)
    biggest = max((phase.batch_percent for phase in hidden), default=0)
    middle = f"… {plural(len(hidden), 'more phase')}: {plural(touched, 'asset')}, at most {percent(biggest)} at a time"
    shown = [_run_line(run) for run in runs[: MAX_PHASE_LINES - 1]]
    return [*shown, middle, _run_line(runs[-1])]


def checks_line(plan: Plan) -> str | None:
    """The checks between phases, once for all phases that share them."""
    kinds = {health_words(check): None for phase in plan.phases for check in phase.health_checks}
    kinds |= {_RESOURCE_CHECKS[check.kind]: None for phase in plan.phases for check in phase.resource_checks}
    if not kinds:
        return None
    shown = list(kinds)[:6]
    more = f" and {len(kinds) - 6} more" if len(kinds) > 6 else ""
    return f"Checked: {', '.join(shown)}{more}. A failed check stops the run."


def undo_line(plan: Plan) -> str:
    """When the plan undoes itself, and to what."""
    if not plan.rollback.actions and plan.rollback.note:
        return f"A failed phase stops it. {inline(plan.rollback.note, 300)}"
    if not plan.rollback.actions:
        return "*This plan has no rollback.* A failed phase stops it and leaves things as they are."
    when_words = " or ".join(dict.fromkeys(_condition(condition) for condition in plan.rollback.conditions))
    before = sorted({expected.from_version for expected in plan.expectations})
    back = f"go back to {some(before, show=3)}" if before else f"are put back by {some(_tools(plan), show=2)}"
    if isinstance(plan, DRRunbook):
        back = f"traffic goes back to {code(plan.from_site, 60)}"
        return f"If {when_words or 'a phase fails'}, it stops and {back}."
    trigger = f"If {when_words}, it stops and" if when_words else "If a phase fails, it stops and"
    return f"{trigger} the assets changed so far {back}."


def window_line(plan: Plan) -> str | None:
    if plan.maintenance_window is None:
        return None
    return f"Only between {when(plan.maintenance_window.start)} and {when(plan.maintenance_window.end)}."


def simulation_line(plan: Plan) -> str | None:
    if isinstance(plan, DRRunbook):
        return _failover_line(plan)
    if not isinstance(plan, RolloutPlan) or plan.simulation is None:
        return None
    simulated = plan.simulation
    failures = plural(simulated.predicted_failures, "failure") if simulated.predicted_failures else "no failures"
    warnings = "".join(f" ⚠ {inline(warning, 160)}" for warning in simulated.warnings[:3])
    takes = duration(simulated.predicted_duration_seconds)
    return f"Simulated on {plural(simulated.simulated_assets, 'asset')}: {failures} expected, about {takes}.{warnings}"


def _failover_line(plan: DRRunbook) -> str:
    """What a failover would cost now, and how far the pair is from its objectives."""
    tested = plan.days_since_passed_test
    last = "no test ever passed" if tested is None else f"the last test that passed is {tested:.0f} days old"
    open_checks = [inline(name.replace("_", " "), 60) for name in plan.simulation.not_passed]
    said = f" ⚠ Not passed: {', '.join(open_checks)}." if open_checks else " Every check passed."
    return f"Simulated: {_objective('RTO', plan.rto)}, {_objective('RPO', plan.rpo)}; {last}.{said}"


def _objective(name: str, objective: Objective) -> str:
    minutes = "unknown" if objective.minutes is None else f"{objective.minutes:.1f} min"
    return f"{name} {minutes} of {objective.objective_minutes} min ({objective.verdict})"


def _resource_line(plan: Plan, expected: ResourceExpectation) -> str:
    name = code(expected.id, 120)
    if isinstance(plan, DRRunbook):
        what = "Fail over" if plan.operation == "failover" else "Drill"
        return f"{what} {name}: {plural(len(plan.asset_ids), 'machine')}" + (
            "" if plan.operation == "failover" else ", traffic stays"
        )
    return f"{name}: {inline(expected.from_state, 40)} → *{inline(expected.to_state, 40)}*"


def contract_line(plan: Plan) -> str | None:
    """What an image is built to."""
    if not isinstance(plan, ImageSpec) or plan.contract is None:
        return None
    asked = plan.contract
    packages = some([pin.name for pin in asked.packages], show=4) if asked.packages else "none besides the base's"
    level = f", CIS level {asked.cis_level}" if asked.cis_level is not None else ""
    return (
        f"On {inline(asked.os_name, 40)} {inline(asked.os_version, 40)} ({code(asked.base_image_id, 80)}){level}; "
        f"hardening {some(asked.hardening, show=3)}; packages {packages}; "
        f"published on {', '.join(asked.platforms)}"
    )


def patch_lines(plan: Plan) -> list[str]:
    """Of a patch: what it closes and leaves, and how risky the rollout itself is."""
    if not isinstance(plan, PatchRolloutPlan):
        return []
    rated = Counter(fix.severity or "unrated" for fix in plan.fixes)
    counts = ", ".join(f"{rated[rating]} {rating}" for rating in _WORST_FIRST if rated[rating])
    names = some(list(dict.fromkeys(fix.vulnerability for fix in plan.fixes)), show=3)
    closes = f"*Closes*  {plural(len(plan.fixes), 'vulnerable package')} ({counts}): {names}"
    left = some(list(dict.fromkeys(fix.vulnerability for fix in plan.remaining)), show=3)
    leaves = f"*Leaves*  {plural(len(plan.remaining), 'vulnerable package')}: {left}" if plan.remaining else ""
    doubts = f" {plural(plan.doubts, 'package')} could not be judged." if plan.doubts else ""
    if plan.risk is None:
        risk = "*Risk of the rollout*  could not be calculated"
    else:
        worst = max(plan.risk.factors, key=lambda factor: factor.points, default=None)
        most = f", most of it: {inline(worst.why, 120)}" if worst else ""
        risk = f"*Risk of the rollout*  {plan.risk.score:g} of 100, {plan.risk.level}{most}"
    return [line for line in (f"{closes}{doubts}", leaves, risk) if line]


def health_words(check: HealthCheck) -> str:
    """`HTTP OK`, `errors below 5 %`: escaped."""
    if check.kind == "error_rate_below":
        return f"errors below {percent(check.threshold)}" if check.threshold is not None else "error rate"
    return _HEALTH[check.kind]


@dataclass(frozen=True)
class _Run:
    """Phases in a row that read the same."""

    first: int
    """The number of the first one, from 1."""
    phases: list[Phase]


def _runs(phases: Sequence[Phase]) -> list[_Run]:
    runs: list[_Run] = []
    for number, phase in enumerate(phases, start=1):
        if runs and _phase_words(runs[-1].phases[0]) == _phase_words(phase):
            runs[-1].phases.append(phase)
        else:
            runs.append(_Run(number, [phase]))
    return runs


def _run_line(run: _Run) -> str:
    words = _phase_words(run.phases[0], each=len(run.phases) > 1)
    last = run.first + len(run.phases) - 1
    # No "3. ": what looks like a list's number is set as one, and "3–7. " beside it is not.
    return f"*{run.first}*  {words}" if last == run.first else f"*{run.first}–{last}*  {words}"


def _phase_words(phase: Phase, *, each: bool = False) -> str:
    kind = _PHASE[phase.type]
    if phase.type == "wait":
        return f"{kind} {duration(phase.wait_seconds)}{_name(phase)}"
    count = len(phase.asset_ids)
    assets = f": {plural(count, 'asset')}" if count else ""
    part = f" ({percent(phase.batch_percent)})" if count and phase.batch_percent else ""
    apiece = " each" if each and count else ""
    number = len(phase.health_checks) + len(phase.resource_checks)
    checks = f", then {plural(number, 'check')}" if number else ""
    return f"{kind}{assets}{part}{apiece}{checks}{_name(phase)}"


def _name(phase: Phase) -> str:
    """The phase's own name, unless it says no more than its type and its numbers do."""
    words = {word for word in re.split(r"[\s\d:/_#-]+", phase.name.lower()) if word}
    return (
        "" if words <= {*_PHASE[phase.type].lower().split(), phase.type, *_COUNTING} else f" · {inline(phase.name, 80)}"
    )


def _condition(condition: RollbackCondition) -> str:
    if condition.kind == "health_check_failed":
        return "a health check fails"
    if condition.threshold is None:
        return "any asset fails"
    return f"more than {percent(condition.threshold)} of the assets fail"


def _tools(plan: Plan) -> Sequence[str]:
    return sorted({action.tool for action in plan.rollback.actions})

"""What runs without a person's yes, and which gates are switched off: said on every card it concerns."""

from __future__ import annotations

from collections.abc import Sequence

from bot.blocks.text import inline
from bot.blocks.words import plural
from tools.contracts.plan import Plan
from tools.contracts.verdict import GateName, GateReport

MAX_BLOCKERS = 4


def autonomy_line(report: GateReport, plan: Plan) -> str | None:
    """One line for the card. None for the default: people approve, and nothing has to be said of it."""
    autonomy = report.autonomy
    if autonomy is None or autonomy.mode == "approve_all":
        return None
    mode = f"`{autonomy.mode}`"
    if autonomy.mode == "plan_only":
        return f"{mode}: the plan can be read here, not approved and not run."
    if autonomy.unattended_phases:
        return f"{mode}: {_part(report, plan)} without approval."
    if not autonomy.blockers:
        return f"{mode} waives nothing in {plan.environment} for this plan: it needs approval."
    more = len(autonomy.blockers) - MAX_BLOCKERS
    why = "; ".join(inline(blocker, 160) for blocker in autonomy.blockers[:MAX_BLOCKERS])
    return f"{mode}, and still approval is needed: {why}{f'; and {more} more' if more > 0 else ''}."


def notice(report: GateReport, plan: Plan) -> tuple[str, str]:
    """Title and first sentences of a card on which nobody is asked."""
    if report.shown_only:
        return "Plan only", (
            f"*{plan.environment} is plan-only.* This is what would be done. Nothing was changed, and nothing can be "
            "approved or run here. An admin can set another autonomy mode and ask again."
        )
    mode = report.autonomy.mode if report.autonomy is not None else ""
    if report.unattended_phases < len(plan.phases):
        return "Canary runs now", (
            f"*The canary runs without approval* (autonomy `{mode}`). What comes after it is asked for in this thread; "
            "without a yes the canary is put back."
        )
    return "Runs now", (
        f"*This runs without approval* (autonomy `{mode}`). Every check and the way back are as ever. "
        "To stop it, cancel the task."
    )


def canary_ran(report: GateReport, plan: Plan) -> str:
    """What stands before the question about the rest."""
    done = {asset for phase in plan.phases[: report.unattended_phases] for asset in phase.asset_ids}
    left = len(set(plan.asset_ids) - done)
    mode = report.autonomy.mode if report.autonomy is not None else ""
    return (
        f"*The canary ran without approval* (autonomy `{mode}`) and is healthy: {plural(len(done), 'asset')} changed. "
        f"This decision is about {plural(left, 'asset')} more. Without a yes the canary is put back."
    )


def gates_off(off: Sequence[GateName]) -> str:
    names = ", ".join(off)
    what = "A gate is" if len(off) == 1 else "Gates are"
    return (
        f":warning: *{what} switched off by configuration: {names}.* What they would have refused was not looked for."
    )


def _part(report: GateReport, plan: Plan) -> str:
    count = report.unattended_phases
    if count == len(plan.phases):
        return f"all {plural(count, 'phase')} run" if count > 1 else "its one phase runs"
    return f"the canary (the first {plural(count, 'phase')} of {len(plan.phases)}) runs"

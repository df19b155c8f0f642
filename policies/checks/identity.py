"""Is it this task's plan, for this org, resting on what this task really found?"""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks.base import Case, listed, refuse
from tools.contracts.verdict import Refusal


def of_this_task(case: Case) -> Iterator[Refusal]:
    """Org, task, revision and environment are the context's. They are never the model's to state."""
    plan, context = case.plan, case.context
    if not plan.org == context.caller.org == context.spec.org:
        yield refuse("org", "The plan is of another org than the person who asked.", repairable=False)
    if plan.task_id != context.spec.id:
        yield refuse("task", "The plan is of another task.", repairable=False)
    if plan.revision != context.revision:
        yield refuse(
            "revision",
            f"The plan says it is revision {plan.revision}; this is revision {context.revision}.",
            repairable=False,
        )
    if plan.environment != context.spec.environment:
        yield refuse(
            "environment", f"The plan is for {plan.environment}; the task is about {context.spec.environment} only."
        )


def evidence(case: Case) -> Iterator[Refusal]:
    """Every piece of evidence is a tool call that was really made; a plan without any rests on nothing."""
    if not case.plan.evidence:
        yield refuse("no_evidence", "The plan cites no tool result: at least 1 is needed.")
    cited = {item.tool_call_id for item in case.plan.evidence}
    if invented := cited - case.context.known_tool_calls:
        yield refuse(
            "unknown_evidence",
            f"The plan cites tool calls that were never made: {listed(invented)}. Cite calls of this task.",
        )

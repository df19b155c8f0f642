"""Is it this task's plan, for this org, resting on what this task really found?"""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks.base import Case, listed, refuse
from policies.gate import JudgeContext
from tools.contracts.outputs.report import Report
from tools.contracts.plan import Plan
from tools.contracts.verdict import Refusal


def of_this_task(case: Case) -> Iterator[Refusal]:
    """Org, task, revision and environment are the context's. They are never the model's to state."""
    return belongs(case.plan, case.context, "plan")


def evidence(case: Case) -> Iterator[Refusal]:
    """Every piece of evidence is a tool call that was really made; a plan without any rests on nothing."""
    return rests_on_calls(case.plan, case.context, "plan")


def belongs(output: Plan | Report, context: JudgeContext, what: str) -> Iterator[Refusal]:
    """Whether an output is of this task. `what`: `plan` or `report`."""
    if not output.org == context.caller.org == context.spec.org:
        yield refuse("org", f"The {what} is of another org than the person who asked.", repairable=False)
    if output.task_id != context.spec.id:
        yield refuse("task", f"The {what} is of another task.", repairable=False)
    if output.revision != context.revision:
        yield refuse(
            "revision",
            f"The {what} says it is revision {output.revision}; this is revision {context.revision}.",
            repairable=False,
        )
    if output.environment != context.spec.environment:
        yield refuse(
            "environment",
            f"The {what} is for {output.environment}; the task is about {context.spec.environment} only.",
        )


def rests_on_calls(output: Plan | Report, context: JudgeContext, what: str) -> Iterator[Refusal]:
    """Whether what an output lists as evidence are calls of this task."""
    if not output.evidence:
        yield refuse("no_evidence", f"The {what} cites no tool result: at least 1 is needed.")
    cited = {item.tool_call_id for item in output.evidence}
    if invented := cited - context.known_tool_calls:
        yield refuse(
            "unknown_evidence",
            f"The {what} cites tool calls that were never made: {listed(invented)}. Cite calls of this task.",
        )

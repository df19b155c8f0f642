"""What a task has to say before it is one, by kind of work. What is missing is asked for, never assumed."""

from __future__ import annotations

from tools.contracts.common import Environment, TaskType
from tools.contracts.taskspec import Question, TaskContext, TaskDraft

ENVIRONMENTS: list[Environment] = ["production", "staging", "development"]

_WHERE: dict[TaskType, str] = {
    "cost_optimization": "Whose spend should I look at?",
    "compliance_audit": "Which environment should I audit?",
    "dr_readiness": "Which environment's recovery do you mean?",
    "incident_analysis": "Where is it failing?",
}
"""Every kind of work needs its environment: tools, policies and approvals are scoped to one, and a bill or an audit of
one environment is another than that of the next. Whoever wants it for all asks for one after the other."""

_WHICH_IMAGE = "Which image is it about, and what should become of it?"


def missing_scope(draft: TaskDraft) -> Question | None:
    """The question that is open in a draft whose task type is known, or None."""
    if draft.task_type is None:
        return None
    if draft.environment is None:
        text = _WHERE.get(draft.task_type, "Which environment do you mean?")
        return Question(text=text, choices=[*ENVIRONMENTS])
    if draft.task_type == "image_lifecycle" and not _names_an_image(draft.context):
        # Nothing is likelier than anything else here: built, validated, promoted, and of which family.
        return Question(text=_WHICH_IMAGE)
    for window in (draft.context.time_range, draft.context.maintenance_window):
        if window is not None and (window.start.tzinfo is None or window.end.tzinfo is None):
            return Question(text="In which time zone are those times?", choices=["UTC"])
        if window is not None and window.start >= window.end:
            return Question(text="Those times end before they begin. From when until when do you mean?")
    return None


def _names_an_image(context: TaskContext) -> bool:
    return bool(context.subjects or context.tags or context.asset_ids)

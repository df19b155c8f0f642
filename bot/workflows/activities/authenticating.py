"""The MAC check, as a local activity: the key stays in the worker and never enters the workflow or its history."""

from __future__ import annotations

from dataclasses import dataclass, fields

from pydantic import TypeAdapter, ValidationError
from temporalio import activity

from bot.workflows.messages import Answer, TaskRequest, Vouched
from tools.contracts.control import Control
from tools.contracts.decision import Decision
from tools.contracts.signing import is_authentic

_KINDS: dict[str, TypeAdapter[Decision] | TypeAdapter[Answer] | TypeAdapter[Control] | TypeAdapter[TaskRequest]] = {
    "Decision": TypeAdapter(Decision),
    "Answer": TypeAdapter(Answer),
    "Control": TypeAdapter(Control),
    "TaskRequest": TypeAdapter(TaskRequest),
}


@dataclass(frozen=True)
class Authenticating:
    decision_key: bytes

    @activity.defn(name="authenticate")
    async def authenticate(self, vouched: Vouched) -> bool:
        """Whether the edge signed exactly these fields. Anything that cannot be read is not authentic."""
        adapter = _KINDS.get(vouched.kind)
        if adapter is None:
            return False
        try:
            message = adapter.validate_python(vouched.fields)
        except ValidationError:
            return False
        known = {field.name for field in fields(message)}
        return known == set(vouched.fields) and is_authentic(message, self.decision_key)

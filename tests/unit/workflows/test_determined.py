"""Workflows rest on nothing but their history: in production nothing watches that, so the tests must."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowFailureError
from temporalio.converter import WorkflowSerializationContext
from temporalio.worker import Worker

from bot import workflows
from bot.workflows.client import data_converter
from tests.strict import STRICT
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.lookers import BY_NAME
from tests.unit.workflows.undetermined import Undetermined

WORKFLOWS_CODE = Path(workflows.__file__).parent


@pytest.mark.parametrize("looks", BY_NAME)
async def test_a_workflow_of_which_any_part_looks_elsewhere_is_stopped(temporal: Client, looks: str) -> None:
    """A replay would see something else, and could go another way."""
    async with Worker(temporal, task_queue="strict", workflows=[Undetermined], workflow_runner=STRICT):
        with pytest.raises(WorkflowFailureError) as failed:
            await temporal.execute_workflow(Undetermined.run, looks, id=f"looks-at-{looks}", task_queue="strict")
    assert "RestrictedWorkflowAccessError" in repr(failed.value.cause) or "Cannot access" in str(failed.value.cause)


def test_nothing_that_converts_wants_to_know_what_a_payload_belongs_to() -> None:
    """The sandbox does not tell it: a converter that asked would not be told."""
    converter, context = data_converter(KEY), WorkflowSerializationContext(namespace="default", workflow_id="task-1")
    assert converter.external_storage is None
    assert converter.with_context(context) is converter


def test_no_part_of_a_workflow_has_itself_passed_through() -> None:
    """The sandbox would not look into it, and nothing else does."""
    code = [path for path in WORKFLOWS_CODE.rglob("*.py") if "activities" not in path.parts]
    assert WORKFLOWS_CODE / "task.py" in code
    evading = re.compile(r"imports_passed_through|sandbox_unrestricted|sandboxed\s*=")
    assert [path.name for path in code if evading.search(path.read_text())] == []

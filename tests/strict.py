"""The SDK's sandbox around workflows and all that they are made of: a clock, chance or anything outside stops them.

Production runs them without it (`bot/workflows/runner.py`). Tests run them in it, wherever a test is about them.
"""

from __future__ import annotations

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from bot.workflows.runner import GuardedRunner


def strictly(*shared: str) -> GuardedRunner:
    """`shared`: packages that are taken as they are, and not looked into. Pydantic is not pure Python, and what goes
    through Temporal is of the same classes on both sides."""
    restrictions = SandboxRestrictions.default.with_passthrough_modules(
        "pydantic", "pydantic_core", "bot.workflows.messages", *shared
    )
    return GuardedRunner(inner=SandboxedWorkflowRunner(restrictions=restrictions))


STRICT = strictly("tools")
"""All of `bot` that workflows are made of. To load the contracts anew, too, takes a third of a second a task."""
STRICTEST = strictly()
"""All of ours."""

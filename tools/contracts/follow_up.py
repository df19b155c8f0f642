"""What is said in the thread while a plan waits, as data: a change of what was asked, or a question about the plan."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tools.contracts.common import Contract, Environment
from tools.contracts.plan import Receipt
from tools.contracts.taskspec import Constraints, TaskContext


class FollowUp(Contract):
    """What a model makes of a reply. It can change which part of the environment and how fast: nothing else.

    There is no field for who asked, for the org, or for a decision: words cannot set them.
    """

    kind: Literal["refine", "explain", "decide", "unrelated"]
    """`decide`: the words approve, reject or cancel; they are turned away, only buttons decide."""
    summary: str = Field(max_length=200)
    """One sentence: what would change, or what is asked."""
    context: TaskContext | None = None
    """For `refine`: the whole context as it should be then."""
    constraints: Constraints | None = None
    """For `refine`: all constraints as they should be then."""
    environment: Environment | None = None
    """The environment that the reply names, if it names one."""
    confidence: float = Field(ge=0, le=1)


class Statement(Contract):
    """One sentence of an explanation, and where each of its values stands in what this task's tools returned."""

    text: str = Field(min_length=1, max_length=400)
    receipts: list[Receipt] = Field(min_length=1, max_length=10)


class Explanation(Contract):
    """The answer to a question about a plan. No statement without a receipt; what is not known is said so."""

    statements: list[Statement] = Field(default=[], max_length=8)
    unknown: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(default=[], max_length=5)
    """What was asked and is not in the evidence."""

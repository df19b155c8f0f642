"""👍 and 👎 under an answer. What people say decides which model is asked first the next time, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.blocks.actions import FEEDBACK, FEEDBACK_BLOCK, FeedbackValue
from tools.contracts.common import JsonObject
from tools.contracts.council import CouncilOutcome

EXPLAINS = "follow_up"
"""Whose answers explanations are."""

_MOST = 9
"""Members named in one value."""


def behind(outcome: CouncilOutcome) -> tuple[str, ...]:
    """The members that stand behind an answer: who gave it, or voted for what it rests on and against none of it."""
    answered = [member.name for member in outcome.members if member.state == "answered"]
    if outcome.mode != "council":
        return tuple(answered[:_MOST])
    carried = [row for row in outcome.tallies if row.carried and row.claim.kind in ("phase", "action")]
    against = {member for row in carried for member in row.contradict}
    support = {member for row in carried for member in row.support}
    return tuple(name for name in answered if name in support and name not in against)[:_MOST]


def feedback_row(outcome: CouncilOutcome | None, *, task_id: str, revision: int, agent: str) -> JsonObject | None:
    """None: no model stands behind it."""
    return _row(behind(outcome) if outcome is not None else (), task_id=task_id, revision=revision, agent=agent)


def explained_row(member: str, *, task_id: str, revision: int) -> JsonObject | None:
    """Under an explanation. `revision`: of the plan that it is about."""
    return _row([member], task_id=task_id, revision=revision, agent=EXPLAINS)


def _row(named: Sequence[str], *, task_id: str, revision: int, agent: str) -> JsonObject | None:
    members = tuple(name for name in named if 1 <= len(name) <= 60)
    if not members:
        return None
    good = FeedbackValue(task_id=task_id, revision=revision, agent=agent, members=members)
    return {
        "type": "context_actions",
        "block_id": FEEDBACK_BLOCK,
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": FEEDBACK,
                "positive_button": _side("👍 Right", good, "This was right"),
                "negative_button": _side("👎 Wrong", replace(good, good=False), "This was wrong"),
            }
        ],
    }


def _side(label: str, value: FeedbackValue, read: str) -> JsonObject:
    return {
        "text": {"type": "plain_text", "text": label, "emoji": True},
        "value": value.encode(),
        "accessibility_label": read,
    }

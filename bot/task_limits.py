"""The bounds of one task, as configured: they go with it, so that a replay sees the same ones."""

from __future__ import annotations

from bot.settings import Settings
from bot.workflows.messages import TaskLimits


def task_limits(settings: Settings) -> TaskLimits:
    return TaskLimits(
        repair_attempts=settings.tasks.repair_attempts,
        question_seconds=settings.tasks.question_expiry_seconds,
        approval_seconds=settings.approvals.expiry_seconds,
        pause_seconds=settings.tasks.pause_expiry_seconds,
        text_chars=settings.limits.text_chars,
        remind_percent=settings.approvals.remind_percent,
        remind_seconds_before=settings.approvals.remind_seconds_before,
        escalate_percent=settings.approvals.escalate_percent,
    )

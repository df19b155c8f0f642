"""Step-up: Approve opens a form, and what is typed there goes to the workflow, which judges it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from bot.blocks import step_up as says
from bot.blocks.actions import STEP_UP_BLOCK, STEP_UP_INPUT, ButtonValue, Care
from bot.blocks.modal import Modal
from bot.intake import HandOverFailed, Intake, TaskEnded
from bot.listeners.card_form import CardForm, MalformedForm, NotTheirForm, form_for, form_of
from bot.slack_web import child
from tools.contracts.decision import Decision

OPEN_SECONDS = 2.0
"""Slack honors a trigger for 3 s after the click."""


class FormNotOpened(Exception):
    """Slack did not open the form. Nothing was decided, and the person must be told."""


OpenForm = Callable[[str, Modal], Awaitable[None]]
"""Shows a modal to whoever a trigger id belongs to. Raises :class:`FormNotOpened`."""


@dataclass(frozen=True)
class StepUpListeners:
    intake: Intake
    org: str | None
    open_form: OpenForm

    async def ask(self, body: dict[str, Any], button: ButtonValue, care: Care) -> None:
        """Approve was pressed: show the form. Nothing is handed over yet. Raises :class:`FormNotOpened`."""
        form = form_for(body, button, purpose="approve", org=self._org(body), key=self.intake.decision_key)
        modal = says.step_up_form(button, care, metadata=form.encode())
        await self.open_form(str(body["trigger_id"]), modal)

    async def on_submission(self, body: dict[str, Any]) -> dict[str, str]:
        """The form was submitted. What to show under which field; empty: the decision is with its task.

        Slack does not send a submission again, but the form stays open with what was typed: it says every failure.
        """
        try:
            form = form_of(body, purpose="approve", org=self._org(body), key=self.intake.decision_key)
        except MalformedForm:
            return {STEP_UP_BLOCK: says.UNREADABLE}
        except NotTheirForm:
            return {STEP_UP_BLOCK: says.NOT_YOURS}
        typed = _typed(body["view"])
        if typed != form.environment:
            return {STEP_UP_BLOCK: says.wrong_word(form.environment)}
        try:
            await self.intake.decide(self._decision(form, typed))
        except TaskEnded:
            return {STEP_UP_BLOCK: says.TASK_OVER}
        except HandOverFailed:
            return {STEP_UP_BLOCK: says.NOT_RECORDED}
        return {}

    def _decision(self, form: CardForm, typed: str) -> Decision:
        return Decision(
            org=form.org,
            task_id=form.task_id,
            revision=form.revision,
            verdict="approve",
            reason="",
            plan_digest=form.plan_digest,
            policy_digest=form.policy_digest,
            target=form.target,
            user=form.user,
            channel=form.channel,
            nonce=form.nonce,
            issued_at=self.intake.now().astimezone(UTC).isoformat(),
            expires_at=form.expires_at,
            step_up=typed,
        )

    def _org(self, body: dict[str, Any]) -> str:
        return self.org or str(body["team"]["id"])


def _typed(view: dict[str, Any]) -> str:
    """What stands in the field, trimmed and in lower case: phones begin a line with a capital."""
    values = child(child(view, "state"), "values")
    typed: object = child(child(values, STEP_UP_BLOCK), STEP_UP_INPUT).get("value")
    return typed.strip().lower() if isinstance(typed, str) else ""

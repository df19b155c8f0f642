"""Step-up: Approve opens a form, and what is typed there goes to the workflow, which judges it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.blocks import step_up as says
from bot.blocks.actions import STEP_UP_BLOCK, STEP_UP_INPUT, ButtonValue, Care
from bot.intake import HandOverFailed, Intake, TaskEnded
from bot.listeners.card_form import MalformedForm, NotTheirForm, form_for, form_of
from bot.listeners.opening import OpenForm
from bot.listeners.orgs import org_of
from bot.slack_web import child


@dataclass(frozen=True)
class StepUpListeners:
    intake: Intake
    org: str | None
    open_form: OpenForm

    async def ask(self, body: dict[str, Any], button: ButtonValue, care: Care) -> None:
        """Approve was pressed: show the form. Nothing is handed over yet. Raises `FormNotOpened`."""
        form = form_for(body, button, purpose="approve", org=org_of(body, self.org), key=self.intake.decision_key)
        modal = says.step_up_form(button, care, metadata=form.encode())
        await self.open_form(str(body["trigger_id"]), modal)

    async def on_submission(self, body: dict[str, Any]) -> dict[str, str]:
        """The form was submitted. What to show under which field; empty: the decision is with its task.

        Slack does not send a submission again, but the form stays open with what was typed: it says every failure.
        """
        try:
            form = form_of(body, purpose="approve", org=org_of(body, self.org), key=self.intake.decision_key)
        except MalformedForm:
            return {STEP_UP_BLOCK: says.UNREADABLE}
        except NotTheirForm:
            return {STEP_UP_BLOCK: says.NOT_YOURS}
        typed = _typed(body["view"])
        if typed != form.environment:
            return {STEP_UP_BLOCK: says.wrong_word(form.environment)}
        try:
            await self.intake.decide(form.decision("approve", now=self.intake.now(), step_up=typed))
        except TaskEnded:
            return {STEP_UP_BLOCK: says.TASK_OVER}
        except HandOverFailed:
            return {STEP_UP_BLOCK: says.NOT_RECORDED}
        return {}


def _typed(view: dict[str, Any]) -> str:
    """What stands in the field, trimmed and in lower case: phones begin a line with a capital."""
    values = child(child(view, "state"), "values")
    typed: object = child(child(values, STEP_UP_BLOCK), STEP_UP_INPUT).get("value")
    return typed.strip().lower() if isinstance(typed, str) else ""

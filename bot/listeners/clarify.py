"""A question answered in one's own words, in a form: the same signal as a click or a reply. The workflow weighs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.blocks import clarify as says
from bot.blocks import sentences
from bot.blocks.actions import AnswerValue, MalformedButton
from bot.intake import HandOverFailed, Intake, TaskEnded
from bot.listeners.clicks import Tell
from bot.listeners.opening import FormNotOpened, OpenForm
from bot.listeners.orgs import org_of
from bot.slack_web import child
from bot.workflows.messages import Answer


@dataclass(frozen=True)
class ClarifyListeners:
    intake: Intake
    org: str | None
    open_form: OpenForm
    tell: Tell

    async def on_click(self, body: dict[str, Any]) -> None:
        action: dict[str, Any] = body["actions"][0]
        try:
            value = AnswerValue.decode(str(action.get("value", "")))
            await self.open_form(str(body["trigger_id"]), says.clarify_form(value))
        except MalformedButton:
            await self.tell(body, sentences.click_unreadable())
        except FormNotOpened:
            await self.tell(body, says.form_not_opened())

    async def on_submission(self, body: dict[str, Any]) -> dict[str, str]:
        """What to show under the field; empty: it is with its task. A form that comes twice answers once."""
        view: dict[str, Any] = body["view"]
        values = child(child(view, "state"), "values")
        words: object = child(child(values, says.WORDS_BLOCK), says.WORDS_INPUT).get("value")
        try:
            value = AnswerValue.decode(str(view.get("private_metadata") or ""))
        except MalformedButton:
            return {says.WORDS_BLOCK: says.UNREADABLE}
        if not isinstance(words, str) or not words.strip():
            return {says.WORDS_BLOCK: says.EMPTY}
        try:
            await self.intake.answer(
                Answer(
                    org=org_of(body, self.org),
                    task_id=value.task_id,
                    question_id=value.question_id,
                    # Who answers is what Slack authenticated, never what the form says.
                    user=str(body["user"]["id"]),
                    text=words.strip(),
                    unique=str(view["id"]),
                )
            )
        except TaskEnded:
            return {says.WORDS_BLOCK: says.OVER}
        except HandOverFailed:
            return {says.WORDS_BLOCK: says.NOT_RECORDED}
        return {}

"""Reject opens a form that asks why, and its submission is the rejection. The workflow judges it like any decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.blocks import reject as says
from bot.blocks.actions import (
    REJECT_KIND_BLOCK,
    REJECT_KIND_INPUT,
    REJECT_WORDS_BLOCK,
    REJECT_WORDS_INPUT,
    ButtonValue,
)
from bot.intake import HandOverFailed, Intake, TaskEnded
from bot.listeners.card_form import MalformedForm, NotTheirForm, form_for, form_of
from bot.listeners.opening import OpenForm
from bot.listeners.orgs import org_of
from bot.slack_web import child
from tools.contracts.decision import MAX_REASON, REJECTIONS, RejectionKind


@dataclass(frozen=True)
class RejectListeners:
    intake: Intake
    org: str | None
    open_form: OpenForm

    async def ask(self, body: dict[str, Any], button: ButtonValue) -> None:
        """Reject was pressed: ask why. Nothing is handed over yet. Raises `FormNotOpened`."""
        form = form_for(body, button, purpose="reject", org=org_of(body, self.org), key=self.intake.decision_key)
        await self.open_form(str(body["trigger_id"]), says.reject_form(button, metadata=form.encode()))

    async def on_submission(self, body: dict[str, Any]) -> dict[str, str]:
        """The form was submitted. What to show under which field; empty: the rejection is with its task.

        Slack does not send a submission again, but the form stays open with what was typed: it says every failure.
        """
        try:
            form = form_of(body, purpose="reject", org=org_of(body, self.org), key=self.intake.decision_key)
        except MalformedForm:
            return {REJECT_KIND_BLOCK: says.UNREADABLE}
        except NotTheirForm:
            return {REJECT_KIND_BLOCK: says.NOT_YOURS}
        kind, words = _kind(body["view"]), _words(body["view"])
        if kind is None:
            return {REJECT_KIND_BLOCK: says.NO_KIND}
        if kind == "other" and not words:
            return {REJECT_WORDS_BLOCK: says.NO_WORDS}
        try:
            await self.intake.decide(form.decision("reject", now=self.intake.now(), reason=words, reason_kind=kind))
        except TaskEnded:
            return {REJECT_KIND_BLOCK: says.TASK_OVER}
        except HandOverFailed:
            return {REJECT_KIND_BLOCK: says.NOT_RECORDED}
        return {}


def _kind(view: dict[str, Any]) -> RejectionKind | None:
    values = child(child(view, "state"), "values")
    chosen = child(child(child(values, REJECT_KIND_BLOCK), REJECT_KIND_INPUT), "selected_option").get("value")
    return next((kind for kind in REJECTIONS if kind == chosen), None)


def _words(view: dict[str, Any]) -> str:
    values = child(child(view, "state"), "values")
    typed: object = child(child(values, REJECT_WORDS_BLOCK), REJECT_WORDS_INPUT).get("value")
    return typed.strip()[:MAX_REASON] if isinstance(typed, str) else ""

"""Clicks on a card: Approve, Reject, and the choices of a question. Signal, acknowledge; the workflow decides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from types import MappingProxyType
from typing import Any

from bot.blocks import edit as editing
from bot.blocks import reject as rejecting
from bot.blocks import sentences
from bot.blocks import step_up as approving
from bot.blocks.actions import (
    APPROVE,
    CANCEL,
    PAUSE,
    RESUME,
    AnswerValue,
    ButtonValue,
    MalformedButton,
    RunButton,
)
from bot.blocks.message import Message, sentence
from bot.intake import HandOverFailed, Intake, TaskEnded
from bot.listeners.card_form import form_for
from bot.listeners.edit import EditListeners
from bot.listeners.opening import FormNotOpened
from bot.listeners.orgs import org_of
from bot.listeners.reject import RejectListeners
from bot.listeners.step_up import StepUpListeners
from bot.workflows.messages import Answer
from tools.contracts.control import Control, ControlAction

Tell = Callable[[dict[str, Any], Message], Awaitable[None]]
"""Says something to the one who clicked, and only to them. Takes the interaction's body."""

CONTROLS: Mapping[str, ControlAction] = MappingProxyType({PAUSE: "pause", RESUME: "resume", CANCEL: "cancel"})

RUN_OVER = sentence("This task is over, so there is nothing left to pause or stop. Your click changed nothing.")

TASK_OVER = sentence("This task is over, so there is nothing left to decide. Your click changed nothing.")


@dataclass(frozen=True)
class ClickListeners:
    intake: Intake
    org: str | None
    tell: Tell
    step_up: StepUpListeners
    rejecting: RejectListeners
    editing: EditListeners

    async def on_decision(self, body: dict[str, Any]) -> None:
        """Approve or Reject. Slack does not send a click again: what could not be handed over is said at once."""
        action: dict[str, Any] = body["actions"][0]
        approves = action["action_id"] == APPROVE
        try:
            button = ButtonValue.decode(str(action.get("value", "")))
            if not approves:
                await self.rejecting.ask(body, button)
            elif button.care is not None:
                await self.step_up.ask(body, button, button.care)
            else:
                org = org_of(body, self.org)
                form = form_for(body, button, purpose="approve", org=org, key=self.intake.decision_key)
                await self.intake.decide(form.decision("approve", now=self.intake.now()))
        except FormNotOpened:
            await self.tell(body, approving.form_not_opened() if approves else rejecting.form_not_opened())
        except MalformedButton:
            await self.tell(body, sentences.click_unreadable())
        except TaskEnded:
            await self.tell(body, TASK_OVER)
        except HandOverFailed:
            await self.tell(body, sentences.click_not_recorded())

    async def on_edit(self, body: dict[str, Any]) -> None:
        """Edit, on a plan card."""
        action: dict[str, Any] = body["actions"][0]
        try:
            await self.editing.ask(body, str(action.get("value", "")))
        except FormNotOpened:
            await self.tell(body, editing.form_not_opened())
        except MalformedButton:
            await self.tell(body, sentences.click_unreadable())

    async def on_answer(self, body: dict[str, Any]) -> None:
        """A choice of a question."""
        action: dict[str, Any] = body["actions"][0]
        try:
            value = AnswerValue.decode(str(action.get("value", "")))
            await self.intake.answer(
                Answer(
                    org=org_of(body, self.org),
                    task_id=value.task_id,
                    question_id=value.question_id,
                    user=body["user"]["id"],
                    text=value.choice,
                    unique=str(action.get("action_ts", "")),
                )
            )
        except MalformedButton:
            await self.tell(body, sentences.click_unreadable())
        except TaskEnded:
            await self.tell(body, TASK_OVER)
        except HandOverFailed:
            await self.tell(body, sentences.click_not_recorded())

    async def on_control(self, body: dict[str, Any]) -> None:
        """Pause, Resume or Cancel, on the card of a run."""
        action: dict[str, Any] = body["actions"][0]
        try:
            value = RunButton.decode(str(action.get("value", "")))
            await self.intake.control(
                Control(
                    org=org_of(body, self.org),
                    task_id=value.task_id,
                    action=CONTROLS[action["action_id"]],
                    user=body["user"]["id"],
                    channel=body["channel"]["id"],
                    revision=value.revision,
                    plan_digest=value.plan_digest,
                    unique=str(action.get("action_ts", "")),
                    issued_at=self.intake.now().astimezone(UTC).isoformat(),
                )
            )
        except MalformedButton:
            await self.tell(body, sentences.click_unreadable())
        except TaskEnded:
            await self.tell(body, RUN_OVER)
        except HandOverFailed:
            await self.tell(body, sentences.click_not_recorded())

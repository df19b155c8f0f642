"""Step-up: Approve opens a form, and what is typed there goes to the workflow, which judges it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from bot.blocks import step_up as says
from bot.blocks.actions import STEP_UP_BLOCK, STEP_UP_INPUT, ButtonValue, Care
from bot.blocks.modal import Modal
from bot.intake import HandOverFailed, Intake, TaskEnded
from bot.slack_web import child
from tools.contracts.decision import Decision
from tools.contracts.signing import is_authentic, sign

OPEN_SECONDS = 2.0
"""Slack honors a trigger for 3 s after the click."""


class FormNotOpened(Exception):
    """Slack did not open the form. Nothing was decided, and the person must be told."""


class MalformedForm(ValueError):
    """The form's metadata is not one we made. It binds nothing and must be refused."""


OpenForm = Callable[[str, Modal], Awaitable[None]]
"""Shows a modal to whoever a trigger id belongs to. Raises :class:`FormNotOpened`."""


@dataclass(frozen=True)
class StepUpForm:
    """What the form binds: what the button bound, for one person in one channel. Travels as its private metadata.

    Signed, because it comes back from outside. It is no decision: its MAC is of another type than theirs.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    org: str
    user: str
    """Whom Slack showed it to."""
    channel: str
    task_id: str
    revision: int
    plan_digest: str
    policy_digest: str
    target: str
    nonce: str
    expires_at: str
    mac: str = ""

    @property
    def environment(self) -> str:
        """What has to be typed."""
        return self.target.partition("/")[0]

    def encode(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def decode(cls, metadata: object, *, key: bytes) -> StepUpForm:
        """Raises :class:`MalformedForm` for anything but what :meth:`encode` made of a form signed with `key`."""
        try:
            form = _FORM.validate_json(metadata if isinstance(metadata, str) else "", strict=True)
        except ValidationError as error:
            raise MalformedForm("the form's metadata does not have the expected fields") from error
        if not is_authentic(form, key):
            raise MalformedForm("the form's metadata was not signed by this Gavel")
        return form


_FORM = TypeAdapter(StepUpForm)


@dataclass(frozen=True)
class StepUpListeners:
    intake: Intake
    org: str | None
    open_form: OpenForm

    async def ask(self, body: dict[str, Any], button: ButtonValue, care: Care) -> None:
        """Approve was pressed: show the form. Nothing is handed over yet. Raises :class:`FormNotOpened`."""
        form = StepUpForm(
            org=self._org(body),
            user=body["user"]["id"],
            channel=body["channel"]["id"],
            task_id=button.task_id,
            revision=button.revision,
            plan_digest=button.plan_digest,
            policy_digest=button.policy_digest,
            target=button.target,
            nonce=button.nonce,
            expires_at=button.expires_at,
        )
        metadata = sign(form, self.intake.decision_key).encode()
        await self.open_form(str(body["trigger_id"]), says.step_up_form(button, care, metadata=metadata))

    async def on_submission(self, body: dict[str, Any]) -> dict[str, str]:
        """The form was submitted. What to show under which field; empty: the decision is with its task.

        Slack does not send a submission again, but the form stays open with what was typed: it says every failure.
        """
        view: dict[str, Any] = body["view"]
        try:
            form = StepUpForm.decode(view.get("private_metadata"), key=self.intake.decision_key)
        except MalformedForm:
            return {STEP_UP_BLOCK: says.UNREADABLE}
        if (form.org, form.user) != (self._org(body), body["user"]["id"]):
            return {STEP_UP_BLOCK: says.NOT_YOURS}
        typed = _typed(view)
        if typed != form.environment:
            return {STEP_UP_BLOCK: says.wrong_word(form.environment)}
        try:
            await self.intake.decide(self._decision(form, typed))
        except TaskEnded:
            return {STEP_UP_BLOCK: says.TASK_OVER}
        except HandOverFailed:
            return {STEP_UP_BLOCK: says.NOT_RECORDED}
        return {}

    def _decision(self, form: StepUpForm, typed: str) -> Decision:
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

"""Edit opens a form of the plan's parameters; its submission asks the workflow for another revision."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from bot.blocks import edit as says
from bot.blocks.actions import (
    EDIT_CANARY,
    EDIT_PERCENT,
    EDIT_WAIT,
    EDIT_WITHOUT,
    MalformedButton,
)
from bot.blocks.edit_button import EditButton, Parameters
from bot.intake import HandOverFailed, Intake, TaskEnded
from bot.listeners.card_form import CardForm, MalformedForm, NotTheirForm, form_for, form_of
from bot.listeners.opening import OpenForm
from bot.listeners.orgs import org_of
from bot.slack_web import child, listed
from tools.contracts.edit import MAX_WAIT_SECONDS, Edit

_WHOLE = re.compile(r"[0-9]{1,7}")
_DECIMAL = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{1,2})?")


class _Refused(Exception):
    """What a field says of what was typed into it."""

    def __init__(self, block_id: str, sentence: str) -> None:
        super().__init__(sentence)
        self.errors = {block_id: sentence}


@dataclass(frozen=True)
class EditListeners:
    intake: Intake
    org: str | None
    open_form: OpenForm

    async def ask(self, body: dict[str, Any], value: str) -> None:
        """Edit was pressed: show the form. Raises `FormNotOpened` and `MalformedButton`."""
        button = EditButton.decode(value)
        form = form_for(
            body,
            button.binding,
            purpose="edit",
            org=org_of(body, self.org),
            key=self.intake.decision_key,
            details=button.parameters.encode(),
        )
        await self.open_form(str(body["trigger_id"]), says.edit_form(button, metadata=form.encode()))

    async def on_submission(self, body: dict[str, Any]) -> dict[str, str]:
        """The form was submitted. What to show under which field; empty: the edit is with its task.

        Whether the person may change the plan, and whether the gates let it through, is for the workflow to say.
        """
        try:
            form = form_of(body, purpose="edit", org=org_of(body, self.org), key=self.intake.decision_key)
            await self.intake.edit(_edit(body["view"], form, issued_at=self.intake.now().astimezone(UTC).isoformat()))
        except (MalformedForm, MalformedButton):
            return {EDIT_PERCENT: says.UNREADABLE}
        except NotTheirForm:
            return {EDIT_PERCENT: says.NOT_YOURS}
        except _Refused as refused:
            return refused.errors
        except TaskEnded:
            return {EDIT_PERCENT: says.TASK_OVER}
        except HandOverFailed:
            return {EDIT_PERCENT: says.NOT_RECORDED}
        return {}


def _edit(view: dict[str, Any], form: CardForm, *, issued_at: str) -> Edit:
    """What differs from the plan as the form showed it. Raises :class:`_Refused`, `MalformedButton`."""
    now = Parameters.decode(form.details)
    without = _left_out(view, now)
    left = now.assets - len(without)
    if left == 0:
        raise _Refused(EDIT_WITHOUT, says.NONE_LEFT)
    canary = _whole(view, EDIT_CANARY, least=1, most=left) if now.canary else 0
    percent = _percent(view)
    wait = _whole(view, EDIT_WAIT, least=0, most=MAX_WAIT_SECONDS)
    edit = Edit(
        org=form.org,
        task_id=form.task_id,
        revision=form.revision,
        plan_digest=form.plan_digest,
        policy_digest=form.policy_digest,
        target=form.target,
        nonce=form.nonce,
        expires_at=form.expires_at,
        user=form.user,
        channel=form.channel,
        canary_size=canary if canary != now.canary else None,
        max_batch_percent=percent if percent != now.percent else None,
        wait_seconds=wait if wait != now.wait else None,
        without=without,
        unique=str(view.get("id", "")),
        issued_at=issued_at,
    )
    if not edit.changes_something:
        raise _Refused(EDIT_PERCENT, says.NOTHING)
    return edit


def _said(view: dict[str, Any], block_id: str) -> str:
    typed: object = child(child(child(child(view, "state"), "values"), block_id), block_id).get("value")
    return typed.strip() if isinstance(typed, str) else ""


def _whole(view: dict[str, Any], block_id: str, *, least: int, most: int) -> int:
    said = _said(view, block_id)
    if not _WHOLE.fullmatch(said) or not least <= int(said) <= most:
        raise _Refused(block_id, says.out_of_bounds(str(least), most))
    return int(said)


def _percent(view: dict[str, Any]) -> float:
    said = _said(view, EDIT_PERCENT)
    if not _DECIMAL.fullmatch(said) or not 0 < float(said.replace(",", ".")) <= 100:
        raise _Refused(EDIT_PERCENT, says.out_of_bounds("over 0", 100, decimals=2))
    return float(said.replace(",", "."))


def _left_out(view: dict[str, Any], now: Parameters) -> list[str]:
    chosen: object = child(child(child(child(view, "state"), "values"), EDIT_WITHOUT), EDIT_WITHOUT).get(
        "selected_options"
    )
    names: list[str] = []
    for choice in listed(chosen):
        value: object = choice.get("value")
        if not isinstance(value, str) or not _WHOLE.fullmatch(value) or int(value) >= len(now.names):
            raise _Refused(EDIT_WITHOUT, says.UNREADABLE)
        names.append(now.names[int(value)])
    return list(dict.fromkeys(names))

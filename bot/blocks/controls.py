"""Pause, Resume and Cancel: the buttons of a run's card, what they bind, and what the thread is told of a click."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.blocks.actions import CANCEL, PAUSE, RESUME, RUN_BLOCK, MalformedButton, RunButton
from bot.blocks.message import Message, actions, button, confirm, sentence
from bot.blocks.words import person, quoted, when
from tools.contracts.common import JsonObject
from tools.contracts.control import Control


@dataclass(frozen=True)
class Held:
    """That a run is paused."""

    by: str
    """Slack user id."""
    until: datetime
    """Then it is stopped."""


def run_buttons(value: RunButton, *, held: bool) -> JsonObject:
    """Pause or Resume, and Cancel."""
    bound = value.encode()
    hold = (
        button("Resume", action_id=RESUME, value=bound, style="primary")
        if held
        else button("Pause", action_id=PAUSE, value=bound)
    )
    sure = confirm(
        title="Stop this run?",
        text="Nothing more of the plan is started, and what it has changed so far is put back, the last change first.",
        yes="Stop and undo",
        no="Go on",
    )
    return actions(RUN_BLOCK, [hold, button("Cancel", action_id=CANCEL, value=bound, style="danger", confirm=sure)])


def task_buttons(task_id: str) -> list[JsonObject]:
    """Cancel, on a message of a task that has no plan yet. Empty for an id that no button can hold: the message is
    said in any case.
    """
    sure = confirm(
        title="Cancel this task?",
        text="Nothing more of it is started. Should it be running by now, what it has changed is put back.",
        yes="Cancel the task",
        no="Keep waiting",
    )
    try:
        bound = RunButton(task_id, 0, "").encode()
    except MalformedButton:
        return []
    cancel = button("Cancel the task", action_id=CANCEL, value=bound, style="danger", confirm=sure)
    return [actions(RUN_BLOCK, [cancel])]


def held_line(held: Held) -> str:
    return (
        f"*Paused* by {person(held.by)}: nothing more is started. Resume it by {when(held.until)}; after that it is "
        "stopped and what it changed is put back."
    )


def told_of(control: Control, *, until: datetime | None, running: bool) -> Message:
    """`until`: when a pause ends. `running`: phases are being run, so that there may be something to undo."""
    who = person(control.user)
    match control.action:
        case "pause":
            end = f" If nobody resumes it by {when(until)}, it is stopped and undone." if until else ""
            return sentence(f"{who} paused this run. A phase that is running now ends; nothing after it starts.{end}")
        case "resume":
            return sentence(f"{who} resumed this run. Everything is checked again before the next phase.")
        case "cancel":
            after = (
                "Nothing more is started; what was changed is put back, the last change first."
                if running
                else "Nothing was changed, and nothing will be."
            )
            why = f" Why: {quoted(control.reason)}" if control.reason.strip() else ""
            return sentence(f"{who} cancelled this task. {after}{why}")

"""`/gavel freeze`: the form, what stands frozen, and the button that thaws it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.blocks.message import Message, actions, button, compose, confirm, context, section, sentence
from bot.blocks.modal import Modal, input_field, option
from bot.blocks.text import inline
from bot.blocks.words import person, plural, when
from tools.contracts.common import JsonObject

FREEZE_FORM = "gavel.freeze"
ENVIRONMENT_BLOCK, ENVIRONMENT_INPUT = "gavel.freeze.environment", "gavel.environment"
REASON_BLOCK, REASON_INPUT = "gavel.freeze.reason", "gavel.reason"
END_BLOCK, END_INPUT = "gavel.freeze.end", "gavel.end"
THAW_PREFIX = "gavel.thaw."
"""Followed by the freeze's place: action ids must differ within a message."""

MAX_REASON = 200
MOST_SHOWN = 15

EVERYWHERE = "*"
ENVIRONMENTS = {
    "production": "production",
    "staging": "staging",
    "development": "development",
    EVERYWHERE: "all three",
}

UNREADABLE = "I could not read this form, so nothing was frozen. Close it and send `/gavel freeze` again."
NOT_IN_ROLE = "Freezing needs the role approver or admin, and you hold neither. Nothing was frozen."
NO_ROLES = "Slack did not say which roles you have, so nothing was frozen. Try again."
NO_REASON = "Say why, in a few words: whoever is stopped by it reads this."
MAYBE = "The ledger did not say in time whether it is frozen: it may or may not be. See `/gavel freeze list`."


class Frozen(Protocol):
    """`bot.ledger.freezes.Freeze`."""

    @property
    def id(self) -> str: ...
    @property
    def environment(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def end(self) -> datetime: ...
    @property
    def by(self) -> str: ...


def end_refused(most_days: int) -> str:
    return f"The end must lie ahead, and within {most_days} days. Nothing was frozen."


def freeze_form(*, metadata: str, now: datetime) -> Modal:
    """`metadata`: the channel it was asked for in."""
    environments: JsonObject = {
        "type": "static_select",
        "action_id": ENVIRONMENT_INPUT,
        "options": [option(words, name) for name, words in ENVIRONMENTS.items()],
    }
    reason: JsonObject = {"type": "plain_text_input", "action_id": REASON_INPUT, "max_length": MAX_REASON}
    end: JsonObject = {
        "type": "datetimepicker",
        "action_id": END_INPUT,
        "initial_date_time": int((now + timedelta(hours=4)).timestamp()),
    }
    return Modal(
        callback_id=FREEZE_FORM,
        title="Freeze changes",
        submit="Freeze",
        close="Cancel",
        private_metadata=metadata,
        blocks=[
            input_field(ENVIRONMENT_BLOCK, "Which environment?", environments),
            input_field(REASON_BLOCK, "Why?", reason),
            input_field(END_BLOCK, "Until when?", end),
            context(
                "From now on no plan starts there, and no phase of one that runs; what runs this moment ends its "
                "phase, and then stops and is put back. Approvers and admins may thaw it before its end."
            ),
        ],
    )


def freezes_card(standing: Sequence[Frozen], *, may: bool, refused: str = "") -> Message:
    """What stands now. `may`: this person may freeze and thaw. `refused`: why no form was opened, one of ours."""
    said = f"{plural(len(standing), 'freeze stands', 'freezes stand')}." if standing else "Nothing is frozen."
    said = f"{refused} {said}".lstrip()
    parts: list[JsonObject] = [section(said)]
    for at, freeze in enumerate(standing[:MOST_SHOWN]):
        parts.append(section(_line(freeze)))
        if may:
            sure = confirm(
                title="Thaw it?",
                text="Plans may run there again, each after its own checks.",
                yes="Thaw",
                no="Leave it frozen",
            )
            thaw = button("Thaw", action_id=f"{THAW_PREFIX}{at}", value=freeze.id, confirm=sure)
            parts.append(actions(f"gavel.freeze.{at}", [thaw]))
    if len(standing) > MOST_SHOWN:
        parts.append(context(f"… and {len(standing) - MOST_SHOWN} more"))
    parts.append(context("Freezes of `gavel.yaml` hold besides. Approvers and admins freeze: `/gavel freeze`."))
    return compose(said, parts)


def now_frozen(freeze: Frozen) -> Message:
    return sentence(f"Recorded: {_line(freeze)}\nNo plan starts there until then, and no phase of one that runs.")


def now_thawed() -> Message:
    return sentence("Recorded: it is thawed. Plans may run there again, each after its own checks.")


def not_frozen_any_more() -> Message:
    return sentence("That freeze stands no more: it ended, or somebody thawed it. Your click changed nothing.")


def not_thawed(why: str) -> Message:
    """`why`: one of ours."""
    return sentence(why.replace("frozen", "thawed").replace("Freezing", "Thawing"))


def _line(freeze: Frozen) -> str:
    where = ENVIRONMENTS.get(freeze.environment, inline(freeze.environment, 40))
    return (
        f"*{where if freeze.environment != EVERYWHERE else 'All environments'}* until {when(freeze.end)}, "
        f"by {person(freeze.by)}: {inline(freeze.reason, MAX_REASON)}"
    )

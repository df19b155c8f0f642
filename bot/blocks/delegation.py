"""What `/gavel delegate` says: who lent whom a role, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.blocks.message import Message, compose, context, lines, section, sentence
from bot.blocks.modal import Modal, input_field
from bot.blocks.words import either, person, when
from bot.delegations.lending import Lending
from tools.contracts.common import JsonObject

LEND_FORM = "gavel.lend"
TAKER_BLOCK, TAKER_INPUT = "gavel.lend.taker", "gavel.taker"
UNTIL_BLOCK, UNTIL_INPUT = "gavel.lend.until", "gavel.until"

UNREADABLE = "I could not read this form, so nothing was lent. Close it and send `/gavel delegate` again."
THAT_IS_YOU = "That is you. Nothing was lent."
MAYBE = "Whether it is lent I do not know: the answer did not come in time. See `/gavel delegate list`."

HOW = (
    "`/gavel delegate @who until 2026-12-01` or `/gavel delegate @who for 3d` lends your role, "
    "`/gavel delegate revoke @who` takes it back, `/gavel delegate list` shows what is lent."
)


def until_refused(most_days: int) -> str:
    return f"The end must lie ahead, and within {most_days} days. Nothing was lent."


def lend_form(*, metadata: str, now: datetime) -> Modal:
    """`metadata`: the channel it was asked for in."""
    taker: JsonObject = {"type": "users_select", "action_id": TAKER_INPUT}
    until: JsonObject = {
        "type": "datetimepicker",
        "action_id": UNTIL_INPUT,
        "initial_date_time": int((now + timedelta(days=3)).timestamp()),
    }
    return Modal(
        callback_id=LEND_FORM,
        title="Lend your role",
        submit="Lend",
        close="Cancel",
        private_metadata=metadata,
        blocks=[
            input_field(TAKER_BLOCK, "Who may decide in your name?", taker),
            input_field(UNTIL_BLOCK, "Until when?", until),
            context(
                "It counts once: not for what you asked for or changed, and not beside your own approval. They cannot "
                "lend it on. `/gavel delegate revoke @who` takes it back at once."
            ),
        ],
    )


def told_of(lending: Lending, *, roles: Sequence[str]) -> Message:
    """To the one who lent it."""
    said = (
        f"{person(lending.taker)} may decide in your name, as {either([f'*{role}*' for role in roles])}, until "
        f"{when(lending.until)}. Cards say that it was for you."
    )
    return compose(
        said,
        [
            section(said),
            context(
                "It counts once: not for what you asked for or changed, and not beside your own approval. They cannot "
                "lend it on. `/gavel delegate revoke` takes it back at once."
            ),
        ],
    )


def taken_back(taker: str) -> Message:
    return sentence(
        f"{person(taker)} may not decide in your name any more. What has not run yet of plans they approved for you is "
        "checked again before it runs, and stops."
    )


def lent_card(found: Sequence[Lending], *, user: str) -> Message:
    """To one person: what they lent, and what they were lent."""
    gave = [f"• to {person(each.taker)} until {when(each.until)}" for each in found if each.giver == user]
    took = [f"• from {person(each.giver)} until {when(each.until)}" for each in found if each.taker == user]
    if not found:
        return sentence(f"You have lent no role, and were lent none. {HOW}")
    return compose(
        f"You lent your role to {len(gave)} and were lent that of {len(took)}.",
        [
            lines("You lent your role", gave) if gave else None,
            lines("You were lent a role", took) if took else None,
            context(HOW),
        ],
    )

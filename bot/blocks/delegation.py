"""What `/gavel delegate` says: who lent whom a role, and until when."""

from __future__ import annotations

from collections.abc import Sequence

from bot.blocks.message import Message, compose, context, lines, section, sentence
from bot.blocks.words import either, person, when
from bot.delegations.lending import Lending

HOW = (
    "`/gavel delegate @who until 2026-12-01` or `/gavel delegate @who for 3d` lends your role, "
    "`/gavel delegate revoke @who` takes it back, `/gavel delegate` shows what is lent."
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

"""The form that takes a provider's key, and what is said about keys. A key itself is on none of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.blocks.message import Message, compose, context, lines, section, sentence
from bot.blocks.modal import Modal, input_field, option, text_field
from bot.blocks.text import inline
from bot.blocks.words import person
from tools.contracts.common import JsonObject

KEY_FORM = "gavel.keys"
PROVIDER_BLOCK, PROVIDER_INPUT = "gavel.keys.provider", "gavel.provider"
OWNER_BLOCK, OWNER_INPUT = "gavel.keys.owner", "gavel.owner"
KEY_BLOCK, KEY_INPUT = "gavel.keys.key", "gavel.key"

MINE, OURS = "me", "org"
"""Whose the key is to be."""

MAX_TYPED = 2000

ADMINS_ONLY = "Only an admin sets a key for everybody. Nothing was saved. Choose yourself, or ask an admin."
NO_ROLES = "Slack did not say whether you are an admin, so nothing was saved. Press Save again."
UNREADABLE = "I could not read this form, so nothing was saved. Close it and send `/gavel keys` again."

ROTATE_NOW = (
    "Never type a key into a message or a command: consider it seen, and *rotate it now* at its provider. Nothing was "
    "saved. Then send `/gavel keys` and type the new one into the form."
)


def key_form(providers: Mapping[str, str], *, chosen: str | None, metadata: str) -> Modal:
    """`providers`: id → name, of those that models here belong to. `chosen`: an id, selected from the start."""
    options = [option(name, identifier) for identifier, name in providers.items()]
    select: JsonObject = {"type": "static_select", "action_id": PROVIDER_INPUT, "options": options}
    if chosen is not None and chosen in providers:
        select["initial_option"] = option(providers[chosen], chosen)
    mine = option("Me: it pays for what I ask", MINE)
    radio: JsonObject = {
        "type": "radio_buttons",
        "action_id": OWNER_INPUT,
        "options": [mine, option("Everybody here (admins only)", OURS)],
        "initial_option": mine,
    }
    return Modal(
        callback_id=KEY_FORM,
        title="A provider's key",
        submit="Save",
        close="Cancel",
        private_metadata=metadata,
        blocks=[
            input_field(PROVIDER_BLOCK, "Provider", select),
            input_field(OWNER_BLOCK, "Whose key is it?", radio),
            text_field(
                KEY_BLOCK,
                KEY_INPUT,
                label="Key",
                hint="One short call checks it before it is saved. It is kept encrypted and never shown again.",
                max_length=MAX_TYPED,
            ),
            context("For a call the person's own key is used, else everybody's, else the one Gavel was set up with."),
        ],
    )


def checking(name: str) -> Message:
    """To the one who submitted only."""
    return sentence(f"Checking the key for {inline(name, 60)} with one short call. You will hear in a moment.")


def saved(name: str, *, everybodys: bool) -> Message:
    whose = "everybody here" if everybodys else "you"
    return sentence(f"Saved: the key for {inline(name, 60)} of {whose}. Its provider took it.")


def deleted(name: str, *, everybodys: bool) -> Message:
    whose = "everybody here" if everybodys else "you"
    return sentence(
        f"Deleted: the key for {inline(name, 60)} of {whose}. Within seconds no call uses it. Revoke it at its "
        "provider, too."
    )


def not_saved(why: str) -> Message:
    """`why`: sentences, free of the key."""
    return sentence(inline(why, 1000))


def keys_card(mine: Sequence[str], ours: Sequence[tuple[str, str]]) -> Message:
    """`mine`: names of providers; `ours`: name and who set it."""
    said = "Keys that are set. None is ever shown."
    own = [f"• {inline(name, 60)}" for name in mine] or ["None."]
    shared = [f"• {inline(name, 60)}, set by {_setter(by)}" for name, by in ours] or ["None."]
    return compose(
        said,
        [
            section(said),
            lines("Yours", own),
            lines("Everybody's", shared),
            context(
                "Set one: `/gavel keys set PROVIDER` · delete one: `/gavel keys delete PROVIDER`, with `org` for "
                "everybody's"
            ),
        ],
    )


def keys_help(providers: Mapping[str, str]) -> Message:
    return sentence(
        "I did not understand that, so nothing was changed. Try `/gavel keys`, `/gavel keys set PROVIDER`, "
        "`/gavel keys list` or `/gavel keys delete PROVIDER`. "
        f"Providers: {', '.join(providers) or 'none is configured'}."
    )


def _setter(by: str) -> str:
    return "an operator of this Gavel" if by.startswith("cli:") else person(by)

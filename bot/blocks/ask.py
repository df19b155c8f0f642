"""The form of `/gavel ask` and of the shortcuts: what is to be done, where, and how many models answer."""

from __future__ import annotations

from bot.blocks.message import context, section
from bot.blocks.modal import Modal, input_field, option
from bot.blocks.text import escape
from tools.contracts.common import JsonObject
from tools.contracts.modes import ModeSetting

ASK_FORM = "gavel.ask"
ABOUT_FORM = "gavel.about"
"""The same form, about a message."""

REQUEST_BLOCK, REQUEST_INPUT = "gavel.ask.request", "gavel.request"
MODE_BLOCK, MODE_INPUT = "gavel.ask.mode", "gavel.mode"
WHERE_BLOCK, WHERE_INPUT = "gavel.ask.where", "gavel.where"

AS_SET = "as_set"
"""The mode that holds in the channel."""

MAX_REQUEST = 3_000
"""Slack's most for one field. A message may be longer."""

MAX_SHOWN = 1_500
"""Characters of a message that the form about it shows."""

UNREADABLE = "I could not read this form, so nothing was started. Close it and send `/gavel ask` again."
NOWHERE = "Say where the thread is to open. Nothing was started."
EMPTY = "Say what is to be done. Nothing was started."

_MODES: dict[str, str] = {
    AS_SET: "As it is set here",
    "auto": "One model; a council where risk or doubt asks for it",
    "single": "One model",
    "aggregation": "All models, put together by one",
    "council": "A council that votes on every claim and phase",
}


def ask_form(*, metadata: str, mode: ModeSetting | None = None) -> Modal:
    """`metadata`: the channel that the thread opens in; empty: the person picks one. `mode`: selected from the start;
    None: as it is set there."""
    where: JsonObject = {
        "type": "conversations_select",
        "action_id": WHERE_INPUT,
        "default_to_current_conversation": True,
        "filter": {"include": ["public", "private", "im"]},
    }
    return Modal(
        callback_id=ASK_FORM,
        title="Ask Gavel",
        submit="Ask",
        close="Cancel",
        private_metadata=metadata,
        blocks=[
            input_field(REQUEST_BLOCK, "What is to be done?", _request()),
            *([] if metadata else [input_field(WHERE_BLOCK, "Where does the thread open?", where)]),
            _mode(mode),
            context("A thread opens in the channel. Nothing changes until somebody else approves it."),
        ],
    )


def about_form(*, metadata: str, quoted: str) -> Modal:
    """The form of "Ask Gavel about this". `quoted`: the message, as far as it goes along."""
    return Modal(
        callback_id=ABOUT_FORM,
        title="Ask about this",
        submit="Ask",
        close="Cancel",
        private_metadata=metadata,
        blocks=[
            section(f"*About this message*\n{escape(quoted, MAX_SHOWN)}"),
            input_field(REQUEST_BLOCK, "What do you want to know, or have done?", _request()),
            _mode(None),
            context(
                "What stands in the message is evidence; nothing in it is an order. A thread opens under it. "
                "Nothing changes until somebody else approves it."
            ),
        ],
    )


def _request() -> JsonObject:
    return {"type": "plain_text_input", "action_id": REQUEST_INPUT, "multiline": True, "max_length": MAX_REQUEST}


def _mode(mode: ModeSetting | None) -> JsonObject:
    selected = mode or AS_SET
    menu: JsonObject = {
        "type": "static_select",
        "action_id": MODE_INPUT,
        "options": [option(text, value) for value, text in _MODES.items()],
        "initial_option": option(_MODES[selected], selected),
    }
    return input_field(MODE_BLOCK, "How many models answer?", menu)

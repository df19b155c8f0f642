"""The form of `/gavel ask`: what is to be done, and how many models answer."""

from __future__ import annotations

from bot.blocks.message import context
from bot.blocks.modal import Modal, input_field, option
from tools.contracts.common import JsonObject
from tools.contracts.modes import ModeSetting

ASK_FORM = "gavel.ask"
REQUEST_BLOCK, REQUEST_INPUT = "gavel.ask.request", "gavel.request"
MODE_BLOCK, MODE_INPUT = "gavel.ask.mode", "gavel.mode"

AS_SET = "as_set"
"""The mode that holds in the channel."""

MAX_REQUEST = 3_000
"""Slack's most for one field. A message may be longer."""

UNREADABLE = "I could not read this form, so nothing was started. Close it and send `/gavel ask` again."
EMPTY = "Say what is to be done. Nothing was started."

_MODES: dict[str, str] = {
    AS_SET: "As it is set here",
    "auto": "One model; a council where risk or doubt asks for it",
    "single": "One model",
    "aggregation": "All models, put together by one",
    "council": "A council that votes on every claim and phase",
}


def ask_form(*, metadata: str, mode: ModeSetting | None = None) -> Modal:
    """`metadata`: the channel that the thread opens in. `mode`: selected from the start; None: as it is set there."""
    selected = mode or AS_SET
    request: JsonObject = {
        "type": "plain_text_input",
        "action_id": REQUEST_INPUT,
        "multiline": True,
        "max_length": MAX_REQUEST,
    }
    menu: JsonObject = {
        "type": "static_select",
        "action_id": MODE_INPUT,
        "options": [option(text, value) for value, text in _MODES.items()],
        "initial_option": option(_MODES[selected], selected),
    }
    return Modal(
        callback_id=ASK_FORM,
        title="Ask Gavel",
        submit="Ask",
        close="Cancel",
        private_metadata=metadata,
        blocks=[
            input_field(REQUEST_BLOCK, "What is to be done?", request),
            input_field(MODE_BLOCK, "How many models answer?", menu),
            context("A thread opens in the channel. Nothing changes until somebody else approves it."),
        ],
    )

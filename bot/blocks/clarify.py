"""The form behind "In my own words" on a question: what none of its buttons says."""

from __future__ import annotations

from bot.blocks.actions import AnswerValue
from bot.blocks.message import Message, button, context, sentence
from bot.blocks.modal import Modal, input_field
from tools.contracts.common import JsonObject

CLARIFY = "gavel.clarify"
CLARIFY_FORM = "gavel.clarify.form"
WORDS_BLOCK, WORDS_INPUT = "gavel.clarify.words", "gavel.words"

MAX_WORDS = 1_000
OWN_WORDS = "own words"
"""Stands where a button's answer would: it answers nothing."""

UNREADABLE = "I could not read this form, so nothing was answered. Close it and answer in the thread, mentioning me."
EMPTY = "Say it in a few words. Nothing was answered."
OVER = "This task is over, so there is nothing left to answer. Nothing was changed."
NOT_RECORDED = "I could not record that: the workflow service did not answer. Nothing was answered; send it again."


def own_words_button(*, task_id: str, question_id: str) -> JsonObject:
    """Beside the likely answers. Raises `MalformedButton` for ids that no button holds."""
    value = AnswerValue(task_id=task_id, question_id=question_id, choice=OWN_WORDS)
    return button("In my own words", action_id=CLARIFY, value=value.encode())


def clarify_form(value: AnswerValue) -> Modal:
    element: JsonObject = {
        "type": "plain_text_input",
        "action_id": WORDS_INPUT,
        "multiline": True,
        "max_length": MAX_WORDS,
    }
    return Modal(
        callback_id=CLARIFY_FORM,
        title="Your answer",
        submit="Answer",
        close="Cancel",
        private_metadata=value.encode(),
        blocks=[
            input_field(WORDS_BLOCK, "What would you like, and where?", element),
            context("It answers the question in the thread. Nothing runs until then."),
        ],
    )


def form_not_opened() -> Message:
    """To the person who clicked only: Slack did not open the form."""
    return sentence(
        "Slack did not open the form for your answer. Nothing was answered; click again, or answer in the thread, "
        "mentioning me."
    )

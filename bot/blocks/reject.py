"""The form that Reject opens: why the plan is not wanted."""

from __future__ import annotations

from bot.blocks.actions import (
    REJECT_FORM,
    REJECT_KIND_BLOCK,
    REJECT_KIND_INPUT,
    REJECT_WORDS_BLOCK,
    REJECT_WORDS_INPUT,
    ButtonValue,
)
from bot.blocks.message import Message, context, section, sentence
from bot.blocks.modal import Modal, input_field, option
from bot.blocks.text import code, inline
from bot.blocks.words import short_digest
from tools.contracts.common import JsonObject
from tools.contracts.decision import MAX_REASON, REJECTIONS

UNREADABLE = "I could not read this form, so nothing was recorded. Close it and use the newest card in the thread."
NOT_YOURS = "This form was opened for somebody else, so nothing was recorded. Press Reject on the card yourself."
NO_KIND = "Choose why. Nothing was recorded yet."
NO_WORDS = "Say in a few words why. Nothing was recorded yet."
TASK_OVER = "This task is over, so there is nothing left to reject. You changed nothing. You can close this form."
NOT_RECORDED = "I could not record that: the workflow service did not answer. The plan still waits. Press Reject again."


def reject_form(button: ButtonValue, *, metadata: str) -> Modal:
    """In front of the person who pressed Reject. Nothing is stopped before they submit it."""
    environment = inline(button.target.partition("/")[0], 40)
    kinds: JsonObject = {
        "type": "static_select",
        "action_id": REJECT_KIND_INPUT,
        "options": [option(words, kind) for kind, words in REJECTIONS.items()],
    }
    words: JsonObject = {
        "type": "plain_text_input",
        "action_id": REJECT_WORDS_INPUT,
        "multiline": True,
        "max_length": MAX_REASON,
    }
    return Modal(
        callback_id=REJECT_FORM,
        title="Reject this plan",
        submit="Reject",
        close="Not yet",
        private_metadata=metadata,
        blocks=[
            section(
                f"*One rejection stops this plan for {environment}.* Nothing of it will run. "
                f"Revision {button.revision}, plan {short_digest(button.plan_digest)}."
            ),
            input_field(REJECT_KIND_BLOCK, "Why?", kinds),
            {**input_field(REJECT_WORDS_BLOCK, "In your words (needed for another reason)", words), "optional": True},
            context(
                "The reason stands on the card and in the ledger. A wrong cause or target also teaches which models "
                f"to trust. Task {code(button.task_id, 160)}"
            ),
        ],
    )


def form_not_opened() -> Message:
    """To the person who clicked only: Slack did not open the form."""
    return sentence(
        "Rejecting asks why, and Slack did not open the form for it. Your rejection was *not recorded* and the plan "
        "still waits; press Reject again. Nothing runs without the approvals it needs."
    )

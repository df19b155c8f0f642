"""The step-up form: what an approval is told, and types, where the policy asks for more than a click."""

from __future__ import annotations

from datetime import datetime

from bot.blocks.actions import STEP_UP_BLOCK, STEP_UP_FORM, STEP_UP_INPUT, ButtonValue, Care
from bot.blocks.message import Message, context, lines, section, sentence
from bot.blocks.modal import Modal, text_field
from bot.blocks.text import code, inline
from bot.blocks.words import plural, short_digest, when

MAX_TYPED = 40
"""Characters the field takes: the longest environment's name and some room to be wrong in."""

UNREADABLE = "I could not read this form, so nothing was decided. Close it and use the newest card in the thread."
NOT_YOURS = "This form was opened for somebody else, so nothing was decided. Press Approve on the card yourself."
TASK_OVER = "This task is over, so there is nothing left to decide. You changed nothing. You can close this form."
NOT_RECORDED = "I could not record that: the workflow service did not answer. Nothing was decided. Press Approve again."


def step_up_form(button: ButtonValue, care: Care, *, metadata: str) -> Modal:
    """What will run and why care is asked, in front of the person who pressed Approve."""
    environment, _, assets_digest = button.target.partition("/")
    return Modal(
        callback_id=STEP_UP_FORM,
        title="Approve with care",
        submit="Approve",
        close="Not yet",
        private_metadata=metadata,
        blocks=[
            section(
                f"*You approve a change to {plural(care.assets, 'asset')} in {inline(environment, 40)}.*\n"
                f"Revision {button.revision}, plan {short_digest(button.plan_digest)}, "
                f"target {code(f'{environment}/{assets_digest[:19]}')}.\n"
                f"The offer ends {when(datetime.fromisoformat(button.expires_at))}."
            ),
            lines("Why extra care is asked", [f"• {inline(reason, 300)}" for reason in care.reasons]),
            text_field(
                STEP_UP_BLOCK,
                STEP_UP_INPUT,
                label=f"Type {environment} to approve",
                hint="Nothing is decided before you press Approve. To reject, close this form and press Reject.",
                max_length=MAX_TYPED,
            ),
            context(f"Task {code(button.task_id, 160)} · policies {short_digest(button.policy_digest)}"),
        ],
    )


def wrong_word(environment: str) -> str:
    """Under the field: what was typed is not the environment's name."""
    return f"That is not the name of the environment, so nothing was decided. Type {environment}, or close this form."


def form_not_opened() -> Message:
    """To the person who clicked only: Slack did not open the form."""
    return sentence(
        "This approval asks for more than a click, and Slack did not open the form for it. Nothing was decided; "
        "press Approve again."
    )

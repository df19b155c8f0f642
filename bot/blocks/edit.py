"""The form that Edit opens: the parameters of a rollout, each with its bounds."""

from __future__ import annotations

from bot.blocks.actions import EDIT_CANARY, EDIT_FORM, EDIT_PERCENT, EDIT_WAIT, EDIT_WITHOUT
from bot.blocks.edit_button import EditButton
from bot.blocks.message import Message, context, section, sentence
from bot.blocks.modal import Modal, input_field, option
from bot.blocks.text import code, inline
from bot.blocks.words import plural
from tools.contracts.common import JsonObject
from tools.contracts.edit import MAX_WAIT_SECONDS

UNREADABLE = "I could not read this form, so nothing was changed. Close it and press Edit on the newest card."
NOT_YOURS = "This form was opened for somebody else, so nothing was changed. Press Edit on the card yourself."
NOTHING = "Nothing here differs from the plan. Change a value, or close this form."
NONE_LEFT = "That leaves out every asset. To stop the whole plan, close this form and press Reject."
TASK_OVER = "This task is over, so there is nothing left to change. You can close this form."
NOT_RECORDED = "I could not record that: the workflow service did not answer. Nothing was changed. Send it again."


def edit_form(button: EditButton, *, metadata: str) -> Modal:
    """In front of the person who pressed Edit. Nothing is changed before they submit it."""
    now, binding = button.parameters, button.binding
    environment = inline(binding.target.partition("/")[0], 40)
    fields: list[JsonObject] = []
    if now.canary:
        fields.append(
            _number(
                EDIT_CANARY, f"Canary: assets changed first (1 to {now.assets})", now.canary, least=1, most=now.assets
            )
        )
    fields += [
        _number(EDIT_PERCENT, "Largest batch, in % of the assets (over 0 to 100)", now.percent, least=0, most=100),
        _number(
            EDIT_WAIT, "Pause after the canary, in seconds (0 to 604800)", now.wait, least=0, most=MAX_WAIT_SECONDS
        ),
    ]
    if len(now.names) > 1:
        choices: JsonObject = {
            "type": "multi_static_select",
            "action_id": EDIT_WITHOUT,
            "options": [option(name, str(at)) for at, name in enumerate(now.names)],
        }
        fields.append({**input_field(EDIT_WITHOUT, "Leave out these assets", choices), "optional": True})
    return Modal(
        callback_id=EDIT_FORM,
        title="Edit this plan",
        submit="Make a new revision",
        close="Keep it",
        private_metadata=metadata,
        blocks=[
            section(
                f"*A new revision of the plan for {plural(now.assets, 'asset')} in {environment}.* It goes through "
                "every gate and is put to people anew: approvals so far become void, and *you cannot approve what you "
                "changed*. It can leave assets out, and add none."
            ),
            *fields,
            context(
                f"Policy may ask for more care than these values. Task {code(binding.task_id, 160)} · revision "
                f"{binding.revision}"
            ),
        ],
    )


def out_of_bounds(least: str, most: int, *, decimals: int = 0) -> str:
    """Under a field. `decimals`: how many digits may follow the point."""
    which = f"A number with at most {decimals} decimals" if decimals else "A whole number"
    return f"{which} from {least} to {most:,}, please. Nothing was changed yet."


def form_not_opened() -> Message:
    """To the person who clicked only: Slack did not open the form."""
    return sentence(
        "Slack did not open the form to edit this plan. Nothing was changed and the plan waits as it was; press Edit "
        'again, or say in this thread what should be different, e.g. "batches of 10 %".'
    )


def _number(block_id: str, label: str, value: float, *, least: int, most: int) -> JsonObject:
    return input_field(
        block_id,
        label,
        {
            "type": "number_input",
            "action_id": block_id,
            "is_decimal_allowed": block_id == EDIT_PERCENT,
            "initial_value": f"{value:g}" if value < 100_000 else str(int(value)),
            "min_value": str(least),
            "max_value": str(most),
        },
    )

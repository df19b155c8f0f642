"""Why a reply changed nothing while a plan waited, and what its writer is told."""

from __future__ import annotations

from typing import Literal

from tools.contracts.edit import EditProblem

Turned = Literal[
    "not_for_you",
    "other_environment",
    "unclear",
    "nothing_changed",
    "unrelated",
    "not_read",
    "no_more_changes",
    "already_running",
    "no_more_replies",
    "files_not_read",
]
"""Why a reply changed nothing and was not answered either. Stable names: they stand in the ledger."""

_WAITS = "The plan waits as it was."

FOLLOW_UP_SENTENCES: dict[Turned, str] = {
    "not_for_you": (
        f"Only the person who asked, operators and approvers can change this plan. {_WAITS} You may ask about it."
    ),
    "other_environment": (
        f"A plan never moves to another environment. {_WAITS} For that one, mention me outside this thread."
    ),
    "unclear": (
        f"I am not sure what should be different, so I changed nothing. {_WAITS} "
        'Say it like "only eu-west-1" or "batches of 10 %".'
    ),
    "nothing_changed": f"The plan already is as you say, so I changed nothing. {_WAITS}",
    "unrelated": (
        f"I could not tell what that means for this plan, so I changed nothing. {_WAITS} "
        "Say what should be different, or ask what you want to know. For something new, mention me outside this thread."
    ),
    "not_read": f"I could not read that now, so I changed nothing. {_WAITS} Say it again in a moment.",
    "no_more_changes": (
        f"This task has been changed as often as one may be. {_WAITS} To change more, reject it and ask again."
    ),
    "already_running": (
        f"A part of this plan has run already, so it cannot be changed any more. {_WAITS} "
        "To go on otherwise, reject it and ask again."
    ),
    "no_more_replies": (
        f"I have read as many replies as I do for one task, so I did not read yours. {_WAITS} "
        "Decide with the buttons on its card."
    ),
    "files_not_read": (
        f"I did not read the files: what a plan rests on does not change once it was judged. {_WAITS} "
        "To have them looked into, mention me outside this thread with them."
    ),
}
"""What the writer is told, and only they: what was not done, and what to do instead."""

EDIT_SENTENCES: dict[EditProblem, str] = {
    "nothing_changed": f"Nothing in that form differs from the plan, so I changed nothing. {_WAITS}",
    "not_in_plan": (
        f"That form leaves out an asset that is not in this plan, so I changed nothing. {_WAITS} "
        "Press Edit on the newest card."
    ),
    "nothing_left": (
        f"That form leaves out every asset of the plan, so I changed nothing. {_WAITS} To stop all of it, press Reject."
    ),
    "out_of_bounds": (
        f"A value in that form is out of bounds for what would be left of the plan, so I changed nothing. {_WAITS} "
        "A canary has 1 asset up to all of them, a batch over 0 to 100 %, a wait at most 7 days."
    ),
}
"""What the sender of an edit is told, and only they."""

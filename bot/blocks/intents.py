"""Several tasks in one message: the list to confirm, and what was made of it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.blocks.actions import ANSWER_PREFIX, QUESTION_BLOCK, AnswerValue
from bot.blocks.message import Message, actions, button, compose, context, lines, section
from bot.blocks.text import code, inline
from bot.blocks.words import person, plural, quoted
from bot.workflows.parts import ALL, FIRST, NONE
from tools.contracts.taskspec import Intent, Question

_LABELS = {ALL: "Yes, in this order", FIRST: "Only the first", NONE: "Cancel"}


def intents_question(intents: Sequence[Intent]) -> Question:
    """The list as a question, for the record and for a model that reads the answer in words."""
    listed = " ".join(f"{number}. {intent.goal}" for number, intent in enumerate(intents, start=1))
    return Question(text=f"Shall I work on these in this order? {listed}"[:300], choices=[*_LABELS.values()])


def intents_card(intents: Sequence[Intent], *, task_id: str, question_id: str, simulated: bool) -> Message:
    """The list, with buttons."""
    buttons = [
        button(
            label,
            action_id=f"{ANSWER_PREFIX}{at}",
            value=AnswerValue(task_id=task_id, question_id=question_id, choice=choice).encode(),
            style="primary" if choice == ALL else None,
        )
        for at, (choice, label) in enumerate(_LABELS.items())
    ]
    lead = f"I read {plural(len(intents), 'task')} in that. Shall I work on them in this order?"
    return compose(
        f"{lead} {' '.join(_lines(intents, limit=80))}",
        [
            section(f"*{lead}*"),
            lines("In this order", _lines(intents)),
            actions(QUESTION_BLOCK, buttons),
            context(
                "Each becomes a task of its own, with its own plan and its own approval. Nothing runs until then. "
                "Pick one, or say it in your own words in this thread, mentioning me.",
                f"Task {code(task_id, 160)}",
            ),
        ],
        simulated=simulated,
    )


def confirmed_card(
    intents: Sequence[Intent], *, chosen: Sequence[int], user: str, task_id: str, simulated: bool
) -> Message:
    """The same list once confirmed: no buttons."""
    kept = [line for number, line in enumerate(_lines(intents), start=1) if number in chosen]
    who = person(user)
    what = (
        f"✓ {who} confirmed. I work on them one after the other." if kept else f"{who} cancelled. Nothing was started."
    )
    return compose(
        what,
        [section(what), lines("In this order", kept) if kept else None, context(f"Task {code(task_id, 160)}")],
        simulated=simulated,
    )


def _lines(intents: Sequence[Intent], *, limit: int = 200) -> list[str]:
    return [
        f"{number}. {inline(intent.goal, limit)}  ({intent.environment or 'where is still to be asked'}: "
        f"{quoted(intent.words, limit)})"
        for number, intent in enumerate(intents, start=1)
    ]

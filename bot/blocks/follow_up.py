"""What came of a reply while a plan waited: the plan is changed, or a question about it is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.blocks.actions import ANSWER_PREFIX, QUESTION_BLOCK, AnswerValue
from bot.blocks.feedback import explained_row
from bot.blocks.message import Message, actions, button, compose, context, lines, section
from bot.blocks.text import code, inline
from bot.blocks.words import person, plural, quoted
from tools.contracts.common import Environment
from tools.contracts.follow_up import Explanation, Statement

UNKNOWN = "That is not in what the tools of this task returned, so I do not know it."


def refined_note(
    *, user: str, changes: Sequence[str], revision: int, by_revision: int, voided: Sequence[str], task_id: str
) -> Message:
    """In the thread: what is different now, and that what was decided so far counts no more."""
    who = person(user)
    votes = (
        f" Void with it: {plural(len(voided), 'approval')} by {', '.join(map(person, voided[:10]))}." if voided else ""
    )
    void = f"*Revision {revision} of the plan will not run.*{votes}"
    next_up = f"Revision {by_revision} is made now and goes through every gate. Decide on its own card."
    return compose(
        f"{who} changed what is planned. Revision {revision} will not run. {next_up}",
        [
            lines(f"{who} changed what is planned", [f"• {inline(change, 300)}" for change in changes[:12]]),
            section(f"{void} {next_up}"),
            context(f"{who} cannot approve what they changed.", f"Task {code(task_id, 160)}"),
        ],
    )


NEW, KEEP = "new", "keep"
"""The values of the buttons of :func:`elsewhere_card`."""


def elsewhere_card(
    *, environment: Environment, here: Environment, user: str, question_id: str, task_id: str, simulated: bool
) -> Message:
    """A plan never moves: is another environment to be a task of its own?"""
    lead = f"{person(user)}, that is about {environment}, and this plan is for {here}. A plan never moves."
    labels = {NEW: f"A new task for {environment}", KEEP: f"Keep to {here}"}
    buttons = [
        button(
            label,
            action_id=f"{ANSWER_PREFIX}{at}",
            value=AnswerValue(task_id=task_id, question_id=question_id, choice=choice).encode(),
        )
        for at, (choice, label) in enumerate(labels.items())
    ]
    return compose(
        f"{lead} Shall I make it a task of its own?",
        [
            section(f"{lead}\n*Shall I make it a task of its own?*"),
            actions(QUESTION_BLOCK, buttons),
            context(
                f"It would have its own thread, plan and approval. The plan for {here} waits as it was.",
                f"Task {code(task_id, 160)}",
            ),
        ],
        simulated=simulated,
    )


def elsewhere_closed(
    *, environment: Environment, here: Environment, user: str, started: str, task_id: str, simulated: bool
) -> Message:
    """The same once it was answered: no buttons. `started`: the new task's id; empty: none."""
    if started:
        said = f"✓ {person(user)}: a task of its own for {environment}, {code(started, 160)}. Its thread opens here."
    else:
        said = f"{person(user)} keeps to {here}. Nothing was started for {environment}."
    return compose(
        said,
        [section(f"{said} The plan for {here} waits as it was."), context(f"Task {code(task_id, 160)}")],
        simulated=simulated,
    )


def elsewhere_unanswered(
    *, environment: Environment, here: Environment, user: str, task_id: str, simulated: bool
) -> Message:
    """The same once the plan is decided and nobody answered it: no buttons."""
    said = (
        f"{person(user)}, the plan for {here} waits no more, and nobody said whether {environment} is to be a task of "
        "its own. Nothing was started for it. To ask for it, mention me outside this thread."
    )
    return compose(said, [section(said), context(f"Task {code(task_id, 160)}")], simulated=simulated)


def explanation_card(
    explanation: Explanation,
    *,
    question: str,
    user: str,
    tools: Mapping[str, str],
    member: str,
    task_id: str,
    revision: int,
    simulated: bool,
) -> Message:
    """The answer, each sentence with where it stands. `tools`: tool call id → tool name. `member`: whose words."""
    said = [_sentence(statement, tools) for statement in explanation.statements]
    asked = f"{person(user)} asked: {quoted(question, 400)}"
    first = inline(explanation.statements[0].text, 300) if explanation.statements else UNKNOWN
    unknown = [f"• {inline(text, 200)}" for text in explanation.unknown]
    return compose(
        f"{asked} {first}",
        [
            section(asked),
            lines("From the evidence", said) if said else section(UNKNOWN),
            lines("Not known", unknown) if unknown and said else None,
            context("Nothing was run and nothing changed. The plan waits as it was.", f"Task {code(task_id, 160)}"),
            explained_row(member, task_id=task_id, revision=revision),
        ],
        simulated=simulated,
    )


def _sentence(statement: Statement, tools: Mapping[str, str]) -> str:
    places = [f"{tools.get(receipt.tool_call_id, 'tool')} {receipt.path}" for receipt in statement.receipts]
    shown = ", ".join(code(place, 90) for place in list(dict.fromkeys(places))[:3])
    more = f" and {len(set(places)) - 3} more" if len(set(places)) > 3 else ""
    return f"• {inline(statement.text, 400)}  ({shown}{more})"

"""Whether a reply answers the question that is open. Pure: the workflow runs this on every replay."""

from __future__ import annotations

from typing import Literal

from bot.workflows.messages import Answer, Exchange, TaskRequest

AnswerProblem = Literal["not_asking", "not_the_asker", "not_the_writer", "answered_before", "said_before"]

ANSWER_SENTENCES: dict[AnswerProblem, str] = {
    "not_asking": (
        "I am not asking anything in this thread now, so I did not use your reply. "
        "For something new, mention me outside this thread."
    ),
    "not_the_asker": (
        "This question is for the person who asked for the work: who shapes a change cannot approve it. "
        "Your answer was not used."
    ),
    "not_the_writer": "This question is for the person whose reply it is about. Your answer was not used.",
    "answered_before": "That question has been answered already. Your answer was not used.",
    # Nobody is told: it was not meant as an answer, or it is one that Slack delivers again.
    "said_before": "That was said before the question was asked. It was not used.",
}
"""What the one who answered is told: what was not done, and what to do where something can be done."""


def problem_with(answer: Answer, *, request: TaskRequest, exchange: Exchange | None) -> AnswerProblem | None:
    """Why it does not count, or None. `exchange`: the question that is open, None when there is none.

    `answer` is already authentic, and of this task.
    """
    if exchange is None:
        return "answered_before" if answer.question_id else "not_asking"
    # Only the person who asked may say what they meant: they are the one excluded from approving it.
    if answer.user != request.user:
        return "not_the_asker"
    if answer.question_id:
        return None if answer.question_id == exchange.question_id else "answered_before"
    # A typed reply names no question: it answers the one that was open when it was said. What came before is chatter,
    # or the answer to an earlier question, delivered twice.
    return None if _seconds(answer.unique) > _seconds(exchange.asked_at) else "said_before"


def is_older(answer: Answer, request: TaskRequest) -> bool:
    """Whether it was said before the task was asked for, or is that request itself, delivered once more.

    What names its question is neither, and what makes it unique need not be a ts.
    """
    if answer.question_id or not answer.unique:
        return False
    return _seconds(answer.unique) <= _seconds(request.message_ts or "")


def _seconds(ts: str) -> tuple[int, int]:
    """A Slack ts, to compare: exact, where a float is not. What is none came before everything."""
    whole, _, part = ts.partition(".")
    return (int(whole), int(part or "0")) if whole.isdecimal() and (part or "0").isdecimal() else (0, 0)

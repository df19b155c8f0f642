"""How much one message to or from Temporal may hold, and what is said where something holds more.

Temporal takes 2 MiB in one payload and 4 MiB in one call. What is larger it refuses each time it is tried, and a step
of a workflow's own code is tried for good: without a bound of ours a task would stand there, silent, for ever.
"""

from __future__ import annotations

from temporalio.exceptions import ActivityError, ApplicationError

MOST_BYTES = 1_900_000
"""Of one message, before it is encrypted. Two of them fit into one call."""

MOST_PLANNED = 1_200_000
"""Of what an investigation hands on, plan and votes together: the messages that carry it further hold the task, its
answers and the record of its phases besides."""

TOO_LARGE = "TooLarge"
"""Type of the error. It is final: the same again would be as large."""

MOST_TEXT = 40_000
"""Characters of what a person wrote, as many as Slack takes in a message. Who writes more by another way is cut."""

GAVE_UP = (ActivityError, ApplicationError)
"""What a step raises that is over for good: it ran out of attempts, or what it was to be handed is too large."""

MOST_ERROR = 20_000
"""Characters of an error's words: they quote what others wrote."""


def too_large(size: int) -> ApplicationError:
    """The refusal of a message of so many bytes."""
    return ApplicationError(
        f"This holds {megabytes(size)} MB, and at most {megabytes(MOST_BYTES)} MB can be handed on in one piece. "
        "Ask for a smaller part, e.g. one site, one region or one tag.",
        type=TOO_LARGE,
        non_retryable=True,
    )


def reason_of(error: ActivityError | ApplicationError) -> str:
    """Why a step gave up, for people."""
    cause = error.cause or error
    # The type is for code: Temporal puts it before the words.
    return cause.message if isinstance(cause, ApplicationError) and cause.type == TOO_LARGE else str(cause)


def megabytes(size: int) -> str:
    """As people read it."""
    return f"{size / 1_000_000:.1f}"


def shortened(words: str) -> str:
    """An error's words, cut in the middle where there are too many: both ends say something."""
    if len(words) <= MOST_ERROR:
        return words
    half = MOST_ERROR // 2
    return f"{words[:half]}\n… {len(words) - 2 * half:,} characters left out …\n{words[-half:]}"

"""What Gavel says when there is no card to show: something is away, unclear, declined or secret.

Each says what happened, what was *not* done, and what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from bot.blocks.controls import task_buttons
from bot.blocks.message import Message, compose, context, section, sentence
from bot.blocks.text import code, inline
from bot.blocks.words import either
from tools.contracts.common import JsonObject


def engine_away(what: str, *, task_id: str) -> Message:
    """Something that must be asked cannot be. `what`: a capitalized name, e.g. `The policy engine (OPA)`."""
    return _away(f"{inline(what, 160)} cannot be reached, and without it nothing runs.", task_id=task_id)


def llm_away(reason: str, *, task_id: str, will_retry: bool) -> Message:
    """No model answered. `reason`: one short sentence, already free of keys."""
    if will_retry:
        return _away(f"No model answered: {inline(reason, 300)}", task_id=task_id, below=task_buttons(task_id))
    return _ended(f"No model answered: {inline(reason, 300)}", task_id=task_id)


def ledger_away(*, task_id: str) -> Message:
    return _away(
        "I cannot write to the ledger, and nothing may happen that would go unrecorded.",
        task_id=task_id,
    )


def broken(kind: str, *, task_id: str) -> Message:
    """A step fails again and again, and it is our fault. `kind`: the error's type."""
    return _away(f"Something in me is broken ({inline(kind, 80)}); the log says what.", task_id=task_id)


def held_up(why: Literal["newer", "diverged", "broken"], *, task_id: str) -> Message:
    """No worker that runs now can go on with a task. `why`: as `bot.workflows.held` has it."""
    return _away(_HELD_UP[why], task_id=task_id)


_HELD_UP = {
    "newer": (
        "A newer version of me worked on this task, and the workers that run now are older: they leave it alone. No "
        "click is lost. Once workers of the newer version run, it goes on by itself within ten minutes."
    ),
    "diverged": (
        "Another version of me worked on this task, and the workers that run now cannot follow what it did: they leave "
        "it alone. No click is lost. Once workers of that version, or a newer one, run, it goes on by itself within "
        "ten minutes."
    ),
    "broken": "Something in me is broken, and this task stands still where it was; the log says what.",
}


def not_in_time(command: str) -> str:
    """Whether it was done is not known. `command`: one of ours, as code."""
    return (
        f"I could not answer that in time. If it was to change something, it may or may not be done: look first, "
        f"then try {command} again."
    )


def workflow_away() -> Message:
    """Temporal did not take the request: told to the person where Slack would not retry."""
    return sentence(
        "I could not take this: the workflow service did not answer in time. Nothing was changed. "
        "If no thread opens here within a minute, please send it again. If it keeps happening, run `gavel doctor`."
    )


def failed(what: str, *, task_id: str) -> Message:
    """The task ended because something broke. `what`: one sentence, free of secrets."""
    return _ended(inline(what, 400), task_id=task_id)


def secret_redacted(kinds: Sequence[str], *, visible: bool) -> Message:
    """To the person only: their message held what looks like a secret. `kinds`: e.g. `AWS access key`. `visible`:
    others can still read it in the channel."""
    seen = "but it is still visible in this channel. Please *rotate it now* and delete your message. "
    return sentence(
        f"Your message held what looks like a secret ({_named(kinds)}). I removed it before storing or passing "
        f"anything on{', ' + seen if visible else '. Please *rotate it now*. '}I went on with the rest."
        f"{_by_form(kinds)}"
    )


def _by_form(kinds: Sequence[str]) -> str:
    """Where a provider's key belongs, for somebody who seems to want to give one."""
    if not {"anthropic_key", "openai_key", "google_key"} & set(kinds):
        return ""
    return (
        " I never take a provider's key from a message: rotate it, then type the new one into the form of "
        "`/gavel keys`."
    )


def secret_in_alert(kinds: Sequence[str]) -> Message:
    """In the alert's thread: nobody wrote it, so everybody is told."""
    return sentence(
        f"This alert held what looks like a secret ({_named(kinds)}). I removed it before storing or passing anything "
        "on, but it is still visible in this channel. Please *rotate it now*, delete the message, and take it out of "
        "what the alert sends."
    )


def click_refused(why: str, *, roles: Sequence[str] = ()) -> Message:
    """To the person who clicked only. `why`: the workflow's sentence. `roles`: who may decide, where that helps."""
    who = f" It needs {either([f'*{inline(role, 40)}*' for role in roles[:6]])}." if roles else ""
    return sentence(f"{inline(why, 600)}{who}")


def click_unreadable() -> Message:
    """To the person who clicked only: the button's value is not one of ours."""
    return sentence("I could not read that button, so nothing was decided. Use the newest card in this thread.")


def click_not_recorded() -> Message:
    """To the person who clicked only: the workflow service is away, and Slack does not repeat clicks."""
    return sentence("I could not record that: the workflow service did not answer. Nothing was decided; click again.")


def _named(kinds: Sequence[str]) -> str:
    return ", ".join(inline(kind.replace("_", " "), 60) for kind in list(dict.fromkeys(kinds))[:5]) or "a secret"


def _away(what: str, *, task_id: str, below: Sequence[JsonObject] = ()) -> Message:
    return compose(
        f"Waiting. {what}",
        [
            section(f"*Waiting.* {what}"),
            context(
                "Nothing more is changed meanwhile and nothing is lost: the task goes on by itself when it is back. "
                f"To see what is wrong: `gavel doctor`. Task {code(task_id, 160)}"
            ),
            *below,
        ],
    )


def _ended(what: str, *, task_id: str) -> Message:
    return compose(
        f"Stopped. {what}",
        [
            section(f"*Stopped.* {what}"),
            context(f"Nothing further will run. To see what is wrong: `gavel doctor`. Task {code(task_id, 160)}"),
        ],
    )

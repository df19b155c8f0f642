"""The one card of an alert, and the one message of a storm. Both are edited in place; both hold strangers' words."""

from __future__ import annotations

import re
from datetime import datetime

from bot.blocks.actions import MalformedButton
from bot.blocks.message import MAX_TEXT, Message, actions, button, compose, context, lines, section, sentence
from bot.blocks.text import clip, inline
from bot.blocks.words import duration, plural, when
from bot.workflows.alerts.brief import SHOWN
from bot.workflows.messages.alerts import AlertEntry
from bot.workflows.messages.triage import AlertFace, StormFace
from tools.contracts.incident import AlertSeverity

LOOK_INTO = "gavel.look_into"
LOOK_INTO_BLOCK = "gavel.look_into.row"

_FINGERPRINT = re.compile(r"[0-9a-f]{16,64}")


def asked_for(value: str) -> str:
    """The fingerprint in a button's value. Raises :class:`MalformedButton`."""
    if _FINGERPRINT.fullmatch(value) is None:
        raise MalformedButton("This names no alert.")
    return value


def alert_card(face: AlertFace, *, lead_link: str = "") -> Message:
    """How the alert stands: fires or over, how bad, how often, since when, and what is being done about it.

    `lead_link`: Slack's permalink of the thread in which it is looked into with others.
    """
    entry = face.entry
    title = inline(entry.title, 200)
    again = f", for the {_ordinal(entry.episode)} time" if entry.episode > 1 else ""
    opened = datetime.fromisoformat(entry.opened_at)
    if entry.status == "firing":
        state = f"*Firing*{again} · {entry.severity} · since {when(opened)}"
        told = f"Firing{again}: {title} ({entry.severity})."
    else:
        took = duration((datetime.fromisoformat(entry.changed_at) - opened).total_seconds())
        state = f"*Over*{again} · was {entry.severity} · lasted {took}"
        told = f"Over{again}: {title}."
    return compose(
        told,
        [
            section(f"{state}\n{title}"),
            section(f"{inline(face.note, 600)}{_link(lead_link)}") if face.note else None,
            actions(LOOK_INTO_BLOCK, [button("Look into it", action_id=LOOK_INTO, value=entry.fingerprint)])
            if face.may_be_asked
            else None,
            context(f"Heard {plural(entry.count, 'time')} from {entry.source}.", *_places(entry)),
        ],
    )


def got_worse(entry: AlertEntry, was: AlertSeverity) -> Message:
    """In the thread in which it is being looked into, once for each step that it got worse by."""
    return sentence(
        f"*{inline(entry.title, 200)}* got worse: it is {entry.severity} now, and was {was} when I began. What is "
        "under way here goes on, and was not begun anew. If it is no better when this is over, I look into it again: "
        "decide on a plan that waits here, or cancel, to have that sooner."
    )


def without_blocks(card: Message, note: str) -> Message:
    """The same in plain text, for when Slack does not take the card. `note`: what the card says besides, untrusted."""
    return Message(text=clip(f"{card.text} {inline(note, 600)}".strip(), MAX_TEXT), blocks=[])


def storm_card(face: StormFace) -> Message:
    """Instead of a hundred messages about it."""
    began = datetime.fromisoformat(face.began_at)
    what = f"{plural(face.alerts, 'alert')} in one storm"
    state = "It is over." if face.over else f"Since {when(began)}."
    groups = (
        f"They came to {plural(face.groups, 'group')}: {face.running} being looked into, {face.done} looked into, "
        f"{face.waiting} waiting, {face.skipped} not looked into."
    )
    left_out = (
        "What was not looked into says why in its own thread, with a button to have it looked into."
        if face.skipped
        else "The worst are looked into first. Each alert's own thread says how it stands."
    )
    room = f"{plural(face.left_out, 'more alert')}: there was no room for them here, and each is in its own record."
    return compose(
        f"{what}: {face.firing} firing, {face.critical} critical. {groups}",
        [
            section(
                f"*{what}*. {state}\n{face.firing} still firing, {face.critical} critical, {face.count:,} messages."
            ),
            section(groups),
            lines("Worst", [f"• {inline(title, 160)}" for title in face.worst]) if face.worst else None,
            context(left_out, room) if face.left_out else context(left_out),
        ],
    )


_PERMALINK = re.compile(r"https?://[\w.:-]{1,255}/[\w./?=&%-]{1,500}", re.ASCII)
"""As Slack writes them; anything else is shown as no link."""


def _link(url: str) -> str:
    return f" <{url}|Open its thread>" if _PERMALINK.fullmatch(url) else ""


def _places(entry: AlertEntry) -> list[str]:
    found = [f"{name}: {inline(entry.labels[name], 80)}" for name in SHOWN if name in entry.labels]
    return [" · ".join(found)] if found else []


def _ordinal(number: int) -> str:
    words = {2: "second", 3: "third"}
    return words.get(number, f"{number}th")

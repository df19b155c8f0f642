"""What Slack sends, as little of each as is read: one for every name in the tables, with the command that it is."""

from __future__ import annotations

from collections.abc import Iterator

from bot.blocks import keys
from bot.local.slack.seed import BOT_USER_ID, TEAM_ID
from bot.permits import wishes
from tools.contracts.common import JsonObject

TEAM, ADA, BOT = "T1", "U0ADA00001", BOT_USER_ID
"""`TEAM`: as the desk is configured. The workspace whose bot it is, and whose people these are, is `HOME`."""
HOME = TEAM_ID
FIELD: JsonObject = {"type": "input", "block_id": "field"}


def typed(text: str, *, user: str = ADA, command: str = "/gavel") -> JsonObject:
    return {
        "command": command,
        "text": text,
        "team_id": HOME,
        "user_id": user,
        "channel_id": "C0OPS00001",
        "trigger_id": f"1.2.{text}",
    }


def pressed(action_id: str, *, user: str = ADA) -> JsonObject:
    return {
        "type": "block_actions",
        "team": {"id": HOME},
        "user": {"id": user, "team_id": HOME},
        "channel": {"id": "C0OPS00001"},
        "container": {"thread_ts": "1.1"},
        "trigger_id": "1.2",
        "actions": [{"action_id": action_id, "block_id": "x", "type": "button", "value": "x"}],
    }


def sent(
    callback_id: str, *, user: str = ADA, view_id: str = "V1", state: JsonObject | None = None, metadata: str = ""
) -> JsonObject:
    form: JsonObject = {"id": view_id, "type": "modal", "callback_id": callback_id, "blocks": [FIELD]}
    form |= {"state": state or {}, "private_metadata": metadata}
    return {"type": "view_submission", "team": {"id": HOME}, "user": {"id": user, "team_id": HOME}, "view": form}


def shortcut(callback_id: str, *, kind: str, user: str = ADA) -> JsonObject:
    who: JsonObject = {"id": user, "team_id": HOME}
    body: JsonObject = {"type": kind, "callback_id": callback_id, "team": {"id": HOME}, "user": who}
    return {**body, "trigger_id": "1.2", "channel": {"id": "C0OPS00001"}, "message": {"ts": "1.1", "text": "x"}}


def happened(kind: str, *, user: str = ADA, ts: str = "1.1", **event: object) -> JsonObject:
    said: JsonObject = {"type": kind, "user": user, "channel": "C0OPS00001", "ts": ts, "text": "fix it"}
    if kind == "message":
        said |= {"channel_type": "im", "channel": "D0ADA00001"}
    if kind.startswith("assistant"):
        said |= {"assistant_thread": {"user_id": user, "channel_id": "D0ADA00001", "thread_ts": "1.1"}}
    if kind == "app_home_opened":
        said |= {"tab": "home"}
    return {"type": "event_callback", "team_id": HOME, "event": {**said, **event}}


def of_another(body: JsonObject, *, team: str) -> JsonObject:
    """The same by somebody of another organisation, who is in a channel that is shared with it."""
    if "command" in body:
        return {**body, "team_id": team}
    if body["type"] != "event_callback":
        return {**body, "user": {**body["user"], "team_id": team}}
    said: JsonObject = {**body["event"], "user_team": team, "source_team": team, "team": team}
    return {**body, "is_ext_shared_channel": True, "event": said}


def owner(value: str) -> JsonObject:
    """The state of a form for a key."""
    return {"values": {keys.OWNER_BLOCK: {keys.OWNER_INPUT: {"selected_option": {"value": value}}}}}


def every_body() -> Iterator[tuple[str, str, JsonObject]]:
    """Name, command, body."""
    for verb, command in wishes.VERBS.items():
        words = f"{verb} web servers have drifted" if verb == "ask" else verb
        yield f"/gavel {verb}", command, typed(words)
    yield "/gavel ask without words", "ask.form", typed("ask")
    yield "/gavel mode council", "mode.set", typed("mode council")
    yield "/gavel keys delete openai org", "keys.org", typed("keys delete openai org")
    for action_id, command in wishes.BUTTONS.items():
        yield action_id, command, pressed(action_id)
    for prefix, command in wishes.BUTTONS_THAT_BEGIN.items():
        yield prefix, command, pressed(f"{prefix}7")
    for callback_id, command in wishes.FORMS.items():
        state = owner(keys.MINE) if callback_id == keys.KEY_FORM else None
        yield f"form {callback_id}", command, sent(callback_id, state=state)
    yield "form of the org's key", "keys.org", sent(keys.KEY_FORM, state=owner(keys.OURS))
    yield "form of a key of nobody says whose", "keys.org", sent(keys.KEY_FORM)
    kinds = {"gavel.shortcut.ask": "shortcut", "gavel.shortcut.about": "message_action"}
    for callback_id, command in wishes.SHORTCUTS.items():
        yield callback_id, command, shortcut(callback_id, kind=kinds[callback_id])
    for kind, command in wishes.EVENTS.items():
        yield f"event {kind}", command, happened(kind)

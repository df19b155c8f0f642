"""Whose people somebody is one of: read from what Slack signed, for every shape in which it tells of what was done.

In a channel that workspaces share (Slack Connect) those of all of them write, click and send, and Slack tells of each.
Nothing here reads whose event it is: see `bot.tenants.tenant`.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.slack_web import child
from tools.contracts.common import JsonObject

_CHANGED = {"message_changed": "message", "message_deleted": "previous_message"}
"""Subtype → where the message is that it tells of."""


@dataclass(frozen=True)
class Whence:
    teams: frozenset[str]
    """Every workspace (`T…`) and enterprise (`E…`) that Slack names whoever did it one of. Empty: it names none."""
    must_be_named: bool
    """Whether that is no answer: in a shared channel, and where Slack always says it."""


def whence(body: JsonObject) -> Whence:
    """Of who did what `body` tells of; of who wrote the message, where it is one, an app's too."""
    if "command" in body:
        # The workspace that it was typed in: who is of another is not offered our commands.
        return Whence(_ids(body.get("team_id")), must_be_named=True)
    if body.get("type") != "event_callback":
        # Not `team`, which is where the app is installed; of a form it is neither surely.
        named = _ids(child(body, "user").get("team_id"))
        if not named and body.get("type") == "message_action":
            # Slack does not always say it of the person here. `team` is where it was picked, as a command's is; it
            # opens a form, and of who sends that Slack says it.
            named = _ids(child(body, "team").get("id")) or _ids(child(body, "enterprise").get("id"))
        return Whence(named, must_be_named=True)
    event, shared = child(body, "event"), body.get("is_ext_shared_channel") is True
    told = child(event, _CHANGED.get(str(event.get("subtype")), "")) or event
    if not shared and (told.get("bot_id") or told.get("subtype") == "bot_message"):
        # A monitor of one's own, whichever workspace of a grid has it installed.
        return Whence(frozenset(), must_be_named=False)
    return Whence(teams_of(told), must_be_named=shared)


def teams_of(message: JsonObject) -> frozenset[str]:
    """Of its author, as far as it says. `user_team` and `source_team` are told in shared channels only."""
    named = _ids(
        message.get("user_team"),
        message.get("source_team"),
        child(message, "user_profile").get("team"),
        child(message, "bot_profile").get("team_id"),
    )
    return named or _ids(message.get("team"))


def _ids(*names: object) -> frozenset[str]:
    return frozenset(name for name in names if isinstance(name, str) and name)

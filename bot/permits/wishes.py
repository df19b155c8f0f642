"""What somebody wants, read from what Slack sent: which command of `ql.ai.commands`, by whom, and where.

What is not in these tables has no rule, and is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bot.blocks import actions, alerts, ask, clarify, delegation, freeze, home, keys
from bot.listeners.ask_where import channel_in
from bot.listeners.people import is_direct, is_mention
from bot.slack_web import child, listed
from policies.commands import Surface
from tools.contracts.common import JsonObject

ASK = "ask"
"""The one command that is a request, and counts as one."""

JUDGED_BY_ITS_TASK = frozenset({ASK, "answer", "approve", "cancel", "edit", "pause", "reject", "resume"})
"""What a task takes in durably and judges itself: who may decide and stop, by its quorum and the roles of that moment;
it asks OPA before it reads or changes anything of the estate, or offers a plan. While OPA is away these go on to the
task, which waits for it: no request and no decision is lost, and what runs can be stopped."""

LETS_RUN = frozenset({"approve", "resume"})
"""Of these what lets something run. The task knows the house's rules for it, and none of an org's own."""

VERBS: Mapping[str, str] = MappingProxyType(
    {
        "": "help",
        "help": "help",
        **{
            verb: verb
            for verb in (
                *("approvals", "ask", "delegate", "doctor", "freeze", "keys", "mode", "models", "policy"),
                *("task", "tasks", "usage"),
            )
        },
    }
)
"""First word after `/gavel` → command. Any other word is answered by the help."""

BUTTONS: Mapping[str, str] = MappingProxyType(
    {
        actions.APPROVE: "approve",
        actions.REJECT: "reject",
        actions.EDIT: "edit",
        actions.PAUSE: "pause",
        actions.RESUME: "resume",
        actions.CANCEL: "cancel",
        actions.FEEDBACK: "feedback",
        actions.FILES: "files",
        alerts.LOOK_INTO: "look_into",
        clarify.CLARIFY: "answer",
        home.ASK: "ask.form",
        home.FREEZE: "freeze",
        home.KEYS: "keys",
        home.LEND: "delegate",
        home.MODE: "mode.set",
        home.REFRESH: "home",
    }
)
"""Action id → command."""

BUTTONS_THAT_BEGIN: Mapping[str, str] = MappingProxyType(
    {
        actions.ANSWER_PREFIX: "answer",
        freeze.THAW_PREFIX: "freeze.thaw",
        home.CANCEL_PREFIX: "cancel",
        home.OPEN_PREFIX: "home",
        home.WAITING_PREFIX: "home",
    }
)
"""The same, by how the id begins."""

FORMS: Mapping[str, str] = MappingProxyType(
    {
        actions.STEP_UP_FORM: "approve",
        actions.REJECT_FORM: "reject",
        actions.EDIT_FORM: "edit",
        ask.ABOUT_FORM: ASK,
        ask.ASK_FORM: ASK,
        clarify.CLARIFY_FORM: "answer",
        delegation.LEND_FORM: "delegate",
        freeze.FREEZE_FORM: "freeze.declare",
        keys.KEY_FORM: "keys",
    }
)
"""Callback id → command."""

SHORTCUTS: Mapping[str, str] = MappingProxyType({"gavel.shortcut.ask": "ask.form", "gavel.shortcut.about": "ask.form"})

EVENTS: Mapping[str, str] = MappingProxyType(
    {
        "app_home_opened": "home",
        "app_mention": ASK,
        "assistant_thread_context_changed": "pane",
        "assistant_thread_started": "pane",
        "link_shared": "link",
        "message": ASK,
    }
)

OF_SLACK = frozenset({"app_uninstalled", "tokens_revoked"})
"""Events that Slack itself tells us. They name no person, and grant nothing."""

QUIET = frozenset({"home", "link", "pane"})
"""Nobody asked for an answer to these: where they are refused, they just do not happen."""


@dataclass(frozen=True)
class Request:
    """One thing that a person wants of us."""

    user: str
    command: str
    surface: Surface
    channel: str = ""
    """Where; empty: in no channel."""
    unique: str = ""
    """Of what was sent, however often it is delivered."""
    field: str = ""
    """Block id of a form's first field, at which the form can say why not. Empty: it has none."""


def request_in(body: JsonObject, *, bot_user: str) -> Request | None:
    """None: no person wants anything. An app posted it, or somebody wrote something that was not for us."""
    if "command" in body:
        return _typed(body)
    match body.get("type"):
        case "block_actions":
            return _pressed(body)
        case "view_submission":
            return _sent(body)
        case "shortcut" | "message_action":
            command = SHORTCUTS.get(str(body.get("callback_id")), _unlisted(body.get("callback_id")))
            return Request(_user(body), command, "shortcut", channel=_channel(body))
        case "event_callback":
            return _event(child(body, "event"), bot_user=bot_user)
        case kind:
            return Request(_user(body), _unlisted(kind), "event")


def _typed(body: JsonObject) -> Request:
    words = str(body.get("text") or "").split()
    verb = words[0].lower() if words else ""
    command = VERBS.get(verb, "help")
    if body.get("command") != "/gavel":
        command = _unlisted(body.get("command"))
    elif verb == "mode" and len(words) > 1:
        command = "mode.set"
    elif verb == "keys" and words[1:2] == ["delete"] and words[3:] == ["org"]:
        command = "keys.org"
    elif verb == "ask" and len(words) == 1:
        command = "ask.form"
    return Request(
        user=str(body.get("user_id") or ""),
        command=command,
        surface="command",
        channel=str(body.get("channel_id") or ""),
        unique=str(body.get("trigger_id") or ""),
    )


def _pressed(body: JsonObject) -> Request:
    pressed: object = body.get("actions")
    name = next((str(action.get("action_id")) for action in listed(pressed)), "")
    begins = (command for prefix, command in BUTTONS_THAT_BEGIN.items() if name.startswith(prefix))
    return Request(
        user=_user(body),
        command=BUTTONS.get(name) or next(begins, _unlisted(name)),
        surface="button",
        channel=_channel(body) or str(child(body, "view").get("private_metadata") or ""),
    )


def _sent(body: JsonObject) -> Request:
    view = child(body, "view")
    name = str(view.get("callback_id"))
    command = FORMS.get(name, _unlisted(name))
    if name == keys.KEY_FORM and _everybodys(view):
        command = "keys.org"
    blocks: object = view.get("blocks")
    fields = (str(block.get("block_id")) for block in listed(blocks) if block.get("type") == "input")
    return Request(
        user=_user(body),
        command=command,
        surface="form",
        channel=channel_in(view),
        unique=str(view.get("id") or ""),
        field=next(fields, ""),
    )


def _event(event: dict[str, Any], *, bot_user: str) -> Request | None:
    kind = str(event.get("type"))
    if kind in OF_SLACK:
        return None
    command = EVENTS.get(kind, _unlisted(kind))
    if kind == "app_mention" and not is_mention(event, bot_user=bot_user):
        return None
    if kind == "message" and not is_direct(event, bot_user=bot_user):
        return None
    return Request(
        user=str(event.get("user") or child(event, "assistant_thread").get("user_id") or ""),
        command=command,
        surface="event",
        channel=str(event.get("channel") or "") if command == ASK else "",
        unique=str(event.get("ts") or ""),
    )


def _everybodys(view: JsonObject) -> bool:
    """Whether a key is to be the org's. A form that does not say so plainly is taken to mean it."""
    owner = child(child(child(child(view, "state"), "values"), keys.OWNER_BLOCK), keys.OWNER_INPUT)
    return child(owner, "selected_option").get("value") != keys.MINE


def _user(body: JsonObject) -> str:
    return str(child(body, "user").get("id") or "")


def _channel(body: JsonObject) -> str:
    return str(child(body, "channel").get("id") or "")


def _unlisted(name: object) -> str:
    """A command that no policy knows, and that says what it was."""
    return f"unlisted:{str(name)[:60]}"

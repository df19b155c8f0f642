"""views.*, assistant.threads.*."""

from __future__ import annotations

from bot.local.slack.api.call import Call, Method
from bot.local.slack.errors import SlackError
from bot.local.slack.jsonvalues import is_list, objects
from bot.local.slack.messages import Change
from tools.contracts.common import JsonObject


def _trigger(call: Call) -> str:
    trigger = call.text("trigger_id") or call.text("interactivity_pointer")
    if not trigger:
        raise SlackError("invalid_arguments", "[ERROR] missing required field: trigger_id")
    return trigger


def _view(call: Call) -> object:
    call.required("view")
    return call.json("view")


def _open(call: Call) -> JsonObject:
    view = _view(call)
    return {"view": call.views.open(_trigger(call), view).shown()}


def _push(call: Call) -> JsonObject:
    view = _view(call)
    return {"view": call.views.push(_trigger(call), view).shown()}


def _update(call: Call) -> JsonObject:
    view = _view(call)
    view_id, external_id = call.text("view_id"), call.text("external_id")
    if not view_id and not external_id:
        raise SlackError("invalid_arguments", "[ERROR] missing required field: view_id")
    updated = call.views.update(view, view_id=view_id, external_id=external_id, known_hash=call.text("hash"))
    return {"view": updated.shown()}


def _publish(call: Call) -> JsonObject:
    view = _view(call)
    (user,) = call.required("user_id")
    if user not in call.workspace.users:
        raise SlackError("user_not_found")
    return {"view": call.views.publish(user, view, known_hash=call.text("hash")).shown()}


MAX_PROMPTS = 4
"""Slack shows no more of them."""
MAX_LOADING_MESSAGES = 10


def _pane(call: Call) -> tuple[str, str, JsonObject]:
    """Channel, thread, and what is set there."""
    channel = call.joined_channel("channel_id")
    (ts,) = call.required("thread_ts")
    if call.workspace.message(channel.id, ts) is None:
        raise SlackError("invalid_thread_ts")
    return channel.id, ts, call.workspace.panes.setdefault((channel.id, ts), {})


def _in_direct(call: Call) -> tuple[str, str, JsonObject]:
    channel, ts, pane = _pane(call)
    if call.workspace.channels[channel].kind != "im":
        raise SlackError("channel_type_not_supported")
    return channel, ts, pane


def _tell(call: Call, channel: str, ts: str, pane: JsonObject) -> JsonObject:
    call.workspace.tell(Change("status", channel, detail={"thread_ts": ts, **pane}))
    return {}


def _set_status(call: Call) -> JsonObject:
    channel, ts, pane = _pane(call)
    if call.args.get("status") is None:
        raise SlackError("invalid_arguments", "[ERROR] missing required field: status")
    given = call.json("loading_messages")
    loading = [str(item) for item in given] if is_list(given) else []
    if len(loading) > MAX_LOADING_MESSAGES:
        raise SlackError("invalid_arguments", f"[ERROR] no more than {MAX_LOADING_MESSAGES} items allowed")
    pane |= {"status": call.text("status") or "", "loading_messages": loading}
    return _tell(call, channel, ts, pane)


def _set_title(call: Call) -> JsonObject:
    channel, ts, pane = _in_direct(call)
    (pane["title"],) = call.required("title")
    return _tell(call, channel, ts, pane)


def _set_prompts(call: Call) -> JsonObject:
    channel, ts, pane = _in_direct(call)
    prompts = objects(call.json("prompts"))
    if not prompts or not all(prompt.get("title") and prompt.get("message") for prompt in prompts):
        raise SlackError("invalid_arguments", "[ERROR] missing required field: prompts")
    if len(prompts) > MAX_PROMPTS:
        raise SlackError("invalid_arguments", f"[ERROR] no more than {MAX_PROMPTS} items allowed")
    pane |= {"prompts": prompts, "prompts_title": call.text("title") or ""}
    return _tell(call, channel, ts, pane)


METHODS: dict[str, Method] = {
    "views.open": Method(_open, "tier4"),
    "views.push": Method(_push, "tier4"),
    "views.update": Method(_update, "tier4"),
    "views.publish": Method(_publish, "tier4"),
    "assistant.threads.setStatus": Method(_set_status, "special", ("chat:write", "assistant:write")),
    "assistant.threads.setTitle": Method(_set_title, "special", ("assistant:write",)),
    "assistant.threads.setSuggestedPrompts": Method(_set_prompts, "special", ("assistant:write",)),
}

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


def _thread(call: Call) -> tuple[str, str]:
    channel = call.joined_channel("channel_id")
    (ts,) = call.required("thread_ts")
    if call.workspace.message(channel.id, ts) is None:
        raise SlackError("thread_not_found")
    return channel.id, ts


def _set_status(call: Call) -> JsonObject:
    channel, ts = _thread(call)
    if call.args.get("status") is None:
        raise SlackError("invalid_arguments", "[ERROR] missing required field: status")
    loading = call.json("loading_messages")
    detail: JsonObject = {
        "thread_ts": ts,
        "status": call.text("status") or "",
        "loading_messages": loading if is_list(loading) else [],
    }
    call.workspace.tell(Change("status", channel, detail=detail))
    return {}


def _set_title(call: Call) -> JsonObject:
    channel, ts = _thread(call)
    (title,) = call.required("title")
    call.workspace.tell(Change("status", channel, detail={"thread_ts": ts, "title": title}))
    return {}


def _set_prompts(call: Call) -> JsonObject:
    channel, ts = _thread(call)
    prompts = objects(call.json("prompts"))
    if not prompts or not all(prompt.get("title") and prompt.get("message") for prompt in prompts):
        raise SlackError("invalid_arguments", "[ERROR] missing required field: prompts")
    call.workspace.tell(Change("status", channel, detail={"thread_ts": ts, "prompts": prompts}))
    return {}


METHODS: dict[str, Method] = {
    "views.open": Method(_open, "tier4"),
    "views.push": Method(_push, "tier4"),
    "views.update": Method(_update, "tier4"),
    "views.publish": Method(_publish, "tier4"),
    "assistant.threads.setStatus": Method(_set_status, "special", ("chat:write", "assistant:write")),
    "assistant.threads.setTitle": Method(_set_title, "special", ("assistant:write",)),
    "assistant.threads.setSuggestedPrompts": Method(_set_prompts, "special", ("assistant:write",)),
}

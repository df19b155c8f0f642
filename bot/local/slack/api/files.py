"""files.info, files.getUploadURLExternal, files.completeUploadExternal."""

from __future__ import annotations

from bot.local.slack.api.call import Call, Method
from bot.local.slack.api.chat import parent_of
from bot.local.slack.errors import SlackError
from bot.local.slack.jsonvalues import is_list, objects
from bot.local.slack.messages import Message
from bot.local.slack.seed import APP_ID
from tools.contracts.common import JsonObject


def _base(call: Call) -> str:
    return f"http://{call.host}"


def _info(call: Call) -> JsonObject:
    (file_id,) = call.required("file")
    file = call.workspace.files.file(file_id)
    seen = [name for name in file.channels if call.workspace.team.bot_user_id in call.workspace.channel(name).members]
    if not seen and file.user != call.workspace.team.bot_user_id:
        raise SlackError("file_not_found")
    return {"file": file.shown(_base(call)), "comments": [], "response_metadata": {"next_cursor": ""}}


def _expect(call: Call) -> JsonObject:
    name, length = call.required("filename", "length")
    if not length.isdecimal():
        raise SlackError("invalid_arguments", "[ERROR] length must be an integer")
    file, ticket = call.workspace.files.expect(name, user=call.workspace.team.bot_user_id, size=int(length))
    return {"upload_url": f"{_base(call)}/upload/v1/{ticket}", "file_id": file.id}


def _complete(call: Call) -> JsonObject:
    given = call.json("files")
    if not is_list(given) or not given:
        raise SlackError("invalid_arguments", "[ERROR] missing required field: files")
    shelf = call.workspace.files
    found = [(shelf.file(str(item.get("id"))), str(item.get("title") or "")) for item in objects(given)]
    if any(file.user != call.workspace.team.bot_user_id or file.shared for file, _ in found):
        raise SlackError("file_not_found")
    if call.text("channel_id"):
        channel = call.joined_channel("channel_id")
        thread_ts = call.text("thread_ts")
        call.take_posting(channel.id)
        for file, title in found:
            shelf.share(file, channel.id, title=title)
        call.workspace.post(
            Message(
                channel.id,
                "",
                call.text("initial_comment") or "",
                user=call.workspace.team.bot_user_id,
                bot_id=call.workspace.team.bot_id,
                app_id=APP_ID,
                subtype="file_share",
                thread_ts=parent_of(call, channel, thread_ts) if thread_ts else None,
                files=[file.shown(_base(call)) for file, _ in found],
            )
        )
    return {"files": [{"id": file.id, "title": file.title or file.name} for file, _ in found]}


METHODS: dict[str, Method] = {
    "files.info": Method(_info, "tier4", ("files:read",)),
    "files.getUploadURLExternal": Method(_expect, "tier4", ("files:write",)),
    "files.completeUploadExternal": Method(_complete, "tier4", ("files:write",)),
}

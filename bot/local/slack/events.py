"""The Events API: what the app is told when something changes, in Slack's shapes."""

from __future__ import annotations

import re
import secrets
from urllib.parse import urlsplit

from bot.local.slack.messages import Change, Message
from bot.local.slack.seed import APP_ID, Channel, Team
from bot.local.slack.workspace import Workspace, unix_now
from tools.contracts.common import JsonObject

_URL = re.compile(r"https?://[^\s<>|]+")

VERIFICATION_TOKEN = "0" * 24
"""Slack's deprecated `token` field; nothing is checked with it."""


def event_callback(event: JsonObject, team: Team, *, shared: bool = False) -> JsonObject:
    """The outer payload, with an `event_id` that redeliveries keep. `shared`: it was in a channel of Slack Connect."""
    enterprise = team.enterprise or None
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": team.id,
        **({"enterprise_id": enterprise} if enterprise else {}),
        "context_team_id": team.id,
        "context_enterprise_id": enterprise,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": "Ev" + secrets.token_hex(5).upper(),
        "event_time": unix_now(),
        "authorizations": [
            {
                "enterprise_id": enterprise,
                "team_id": None if enterprise else team.id,
                "user_id": team.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": bool(enterprise),
            }
        ],
        "is_ext_shared_channel": shared,
        "event_context": "4-" + secrets.token_urlsafe(24),
    }


def events_for(workspace: Workspace, change: Change) -> list[JsonObject]:
    """The inner events of one change that the app subscribed to and may see."""
    channel = workspace.channels.get(change.channel)
    if channel is None or change.silent:
        return []
    links = _links(workspace, change, channel)
    if workspace.team.bot_user_id not in channel.members:
        return links
    wanted = workspace.manifest.events
    message = change.message
    match change.kind:
        case "message" if message is not None:
            events = _message_events(workspace, message, channel)
        case "changed" | "deleted" if message is not None:
            events = [_edited(workspace, change, message, channel)]
        case "reaction" if message is not None:
            events = [_reaction(change, message, channel)]
        case "members" if change.user:
            events = [
                {
                    "type": "member_joined_channel",
                    "user": change.user,
                    "channel": channel.id,
                    "channel_type": "C",
                    "team": workspace.team.id,
                }
            ]
        case _:
            events = []
    return [*(event for event in events if _subscription(event) in wanted), *links]


def _links(workspace: Workspace, change: Change, channel: Channel) -> list[JsonObject]:
    """A person posted links of the app's domains: told wherever it is, a member or not."""
    message = change.message
    if change.kind != "message" or message is None or message.bot_id or "link_shared" not in workspace.manifest.events:
        return []
    urls = dict.fromkeys(match[0] for match in _URL.finditer(message.text))
    found = [
        {"domain": domain, "url": url}
        for url in urls
        if (domain := urlsplit(url).hostname) in workspace.manifest.unfurl_domains
    ]
    if not found:
        return []
    shared: JsonObject = {
        "type": "link_shared",
        "channel": channel.id,
        "is_bot_user_member": workspace.team.bot_user_id in channel.members,
        "user": message.user,
        "message_ts": message.ts,
        "source": "conversations_history",
        "unfurl_id": f"{channel.id}.{message.ts}",
        "links": found,
        "event_ts": message.ts,
    }
    return [{**shared, "thread_ts": message.thread_ts} if message.thread_ts else shared]


def _subscription(event: JsonObject) -> str:
    if event["type"] != "message":
        return str(event["type"])
    kinds = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}
    return kinds[str(event["channel_type"])]


def _type_of(channel: Channel) -> str:
    return "group" if channel.private else channel.kind


def _message_events(workspace: Workspace, message: Message, channel: Channel) -> list[JsonObject]:
    shown = message.shown(all_metadata=True)
    if message.is_reply and message.thread_ts:
        parent = workspace.message(channel.id, message.thread_ts)
        shown["parent_user_id"] = parent.user if parent else None
    shown |= _of_whom(workspace, message, channel)
    common = {**shown, "channel": channel.id, "event_ts": message.ts}
    events: list[JsonObject] = [{**common, "channel_type": _type_of(channel)}]
    typed_by_person = message.user is not None and message.bot_id is None
    if channel.kind == "channel" and typed_by_person and f"<@{workspace.team.bot_user_id}" in message.text:
        events.append({**common, "type": "app_mention"})
    return events


def _of_whom(workspace: Workspace, message: Message, channel: Channel) -> JsonObject:
    """Which workspace the author is of: Slack says so of people, and of everybody in a channel that is shared."""
    team = message.team or workspace.team.id
    said: JsonObject = {"team": team} if message.user is not None else {}
    if channel.shared == "ext":
        said |= {"user_team": team, "source_team": team} if message.user is not None else {}
        if message.bot_id is not None:
            said["bot_profile"] = {"id": message.bot_id, "app_id": message.app_id, "team_id": team, "deleted": False}
    return said


def _edited(workspace: Workspace, change: Change, message: Message, channel: Channel) -> JsonObject:
    gone = workspace.message(channel.id, message.ts) is None
    now = workspace.next_ts()
    event: JsonObject = {
        "type": "message",
        "subtype": "message_deleted" if gone else "message_changed",
        "hidden": True,
        "channel": channel.id,
        "channel_type": _type_of(channel),
        "previous_message": change.previous,
        "ts": now,
        "event_ts": now,
    }
    if gone:
        return {**event, "deleted_ts": message.ts}
    return {**event, "message": {**message.shown(all_metadata=True), **_of_whom(workspace, message, channel)}}


def _reaction(change: Change, message: Message, channel: Channel) -> JsonObject:
    return {
        "type": "reaction_added",
        "user": change.user,
        "reaction": change.detail["reaction"],
        "item": {"type": "message", "channel": channel.id, "ts": message.ts},
        "item_user": message.user,
        "event_ts": message.ts,
    }

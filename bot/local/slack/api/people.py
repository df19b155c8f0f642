"""auth.test, bots.info, users.*, usergroups.*, apps.connections.open."""

from __future__ import annotations

from bot.local.slack.api.call import Call, Method
from bot.local.slack.errors import SlackError
from bot.local.slack.seed import (
    ALERTMANAGER_APP_ID,
    ALERTMANAGER_BOT_ID,
    APP_ID,
    GRID_NAME,
    Channel,
    Team,
    User,
    UserGroup,
)
from tools.contracts.common import JsonObject


def _auth_test(call: Call) -> JsonObject:
    team = call.workspace.team
    return {
        "url": f"http://{call.host}/",
        "team": GRID_NAME if team.enterprise else team.name,
        "user": "gavel",
        "team_id": team.installed_as,
        "user_id": team.bot_user_id,
        "bot_id": team.bot_id,
        **({"enterprise_id": team.enterprise} if team.enterprise else {}),
        "is_enterprise_install": bool(team.enterprise),
    }


def _auth_teams_list(call: Call) -> JsonObject:
    """The workspaces that a token reaches."""
    whom = call.workspace.team.installed_as
    mine, metadata = call.page([team for team in call.teams if team.installed_as == whom])
    return {"teams": [{"id": team.id, "name": team.name} for team in mine], "response_metadata": metadata}


def _connections_open(call: Call) -> JsonObject:
    return {"url": call.sockets.open_url(call.host)}


def _bots_info(call: Call) -> JsonObject:
    bots = {
        call.workspace.team.bot_id: {
            "id": call.workspace.team.bot_id,
            "name": "gavel",
            "app_id": APP_ID,
            "user_id": call.workspace.team.bot_user_id,
        },
        ALERTMANAGER_BOT_ID: {"id": ALERTMANAGER_BOT_ID, "name": "Alertmanager", "app_id": ALERTMANAGER_APP_ID},
    }
    bot = bots.get(call.text("bot") or call.workspace.team.bot_id)
    if bot is None:
        raise SlackError("bot_not_found")
    return {"bot": {**bot, "deleted": False, "updated": 0, "icons": {}}}


def user_object(user: User, team: Team) -> JsonObject:
    """A user as `users.info` shows it."""
    of = user.team or team.id
    return {
        "id": user.id,
        "team_id": of,
        "is_stranger": False,
        "name": user.name,
        "deleted": False,
        "real_name": user.real_name,
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "profile": {
            "real_name": user.real_name,
            "display_name": user.name,
            "title": user.title,
            "team": of,
            **({"bot_id": team.bot_id, "api_app_id": APP_ID} if user.id == team.bot_user_id else {}),
        },
        "is_admin": False,
        "is_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": 0,
    }


def _users_info(call: Call) -> JsonObject:
    (name,) = call.required("user")
    user = call.workspace.users.get(name)
    if user is None:
        raise SlackError("user_not_found")
    return {"user": user_object(user, call.workspace.team)}


def _users_list(call: Call) -> JsonObject:
    users, metadata = call.page(call.workspace.users.values(), default=200)
    return {
        "members": [user_object(user, call.workspace.team) for user in users],
        "cache_ts": 0,
        "response_metadata": metadata,
    }


def _users_conversations(call: Call) -> JsonObject:
    member = call.text("user") or call.workspace.team.bot_user_id
    kinds = (call.text("types") or "public_channel").split(",")
    mine = [
        channel
        for channel in call.workspace.channels.values()
        if member in channel.members
        and channel.known_to(call.workspace.team.bot_user_id)
        and channel.kind_named in kinds
    ]
    channels, metadata = call.page(mine)
    return {
        "channels": [channel_object(channel, call.workspace.team) for channel in channels],
        "response_metadata": metadata,
    }


def channel_object(channel: Channel, team: Team) -> JsonObject:
    """A conversation as `conversations.info` shows it."""
    common: JsonObject = {
        "id": channel.id,
        "created": 1_767_225_600,
        "is_archived": False,
        "is_im": channel.kind == "im",
        "is_org_shared": channel.shared == "org",
        "context_team_id": team.id,
        "updated": 0,
    }
    if channel.kind == "im":
        return {**common, "user": channel.person, "is_user_deleted": False}
    return {
        **common,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.private,
        "is_group": channel.private,
        "is_mpim": False,
        "is_private": channel.private,
        "is_general": channel.name == "general",
        "is_shared": channel.shared in ("ext", "org"),
        "is_ext_shared": channel.shared == "ext",
        "is_pending_ext_shared": channel.shared == "pending_ext",
        "is_member": team.bot_user_id in channel.members,
        "creator": "U0ADA00001",
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "num_members": len(channel.members),
    }


def _usergroup_object(group: UserGroup, team: Team, *, users: bool) -> JsonObject:
    return {
        "id": group.id,
        "team_id": team.id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": 0,
        "date_update": 0,
        "date_delete": 0,
        "auto_type": None,
        "user_count": len(group.users),
        **({"users": group.users} if users else {}),
    }


def _usergroups_list(call: Call) -> JsonObject:
    groups = call.workspace.usergroups.values()
    return {
        "usergroups": [
            _usergroup_object(group, call.workspace.team, users=call.flag("include_users")) for group in groups
        ]
    }


def _usergroups_users_list(call: Call) -> JsonObject:
    (name,) = call.required("usergroup")
    group = call.workspace.usergroups.get(name)
    if group is None:
        raise SlackError("no_such_subteam")
    return {"users": list(group.users)}


METHODS: dict[str, Method] = {
    "auth.teams.list": Method(_auth_teams_list, "tier2"),
    "auth.test": Method(_auth_test, "special"),
    "apps.connections.open": Method(_connections_open, "tier1", app_token=True),
    "bots.info": Method(_bots_info, "tier3", ("users:read",)),
    "users.info": Method(_users_info, "tier4", ("users:read",)),
    "users.list": Method(_users_list, "tier2", ("users:read",)),
    "users.conversations": Method(_users_conversations, "tier3", ("channels:read", "groups:read", "im:read")),
    "usergroups.list": Method(_usergroups_list, "tier2", ("usergroups:read",)),
    "usergroups.users.list": Method(_usergroups_users_list, "tier2", ("usergroups:read",)),
}

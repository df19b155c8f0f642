"""Who and what is in the workspace when it starts. Ids are stable, so that tests and configuration can name them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import yaml

from bot.local.slack.jsonvalues import child, is_list, is_object, objects
from tools.contracts.common import JsonObject

TEAM_ID = "T0GAVEL001"
TEAM_NAME = "Gavel Local"
TEAM_DOMAIN = "gavel-local"
APP_ID = "A0GAVEL001"
BOT_ID = "B0GAVEL001"
BOT_USER_ID = "U0GAVEL001"
ALERTMANAGER_BOT_ID = "B0ALERTM01"
ALERTMANAGER_APP_ID = "A0ALERTM01"
SLACKBOT_ID = "USLACKBOT"


@dataclass
class User:
    id: str
    name: str
    """The handle, without `@`."""
    real_name: str
    title: str = ""
    is_bot: bool = False
    team: str = ""
    """The other organisation's workspace that they are of, in a channel that is shared with it. Empty: of this one."""


@dataclass(frozen=True)
class Team:
    """One workspace. The ids of two have nothing in common, as in Slack: what is of one is not found in the other."""

    id: str
    name: str
    domain: str
    bot_id: str
    bot_user_id: str
    """Of the same app each workspace has a user of its own."""
    suffix: str
    """Ends the ids of its people, channels and groups."""
    people: tuple[User, ...]
    roles: tuple[tuple[str, ...], ...]
    """Ids of the people in the groups of operators, approvers, admins, viewers, and the SREs."""
    enterprise: str = ""
    """`E…` of the Enterprise Grid that it is a workspace of, where the app is installed for all of it or not at all."""

    @property
    def installed_as(self) -> str:
        """Whom a token speaks for that the app is given here."""
        return self.enterprise or self.id

    @property
    def shown_enterprise(self) -> JsonObject | None:
        """As payloads name it."""
        return {"id": self.enterprise, "name": GRID_NAME} if self.enterprise else None


@dataclass
class Channel:
    id: str
    name: str
    kind: Literal["channel", "im"] = "channel"
    members: list[str] = field(default_factory=list[str])
    topic: str = ""
    private: bool = False
    """Only its members know of it."""
    shared: Literal["no", "ext", "pending_ext", "org"] = "no"
    """With another company, soon with one that was invited, or with other workspaces of the company."""

    @property
    def kind_named(self) -> str:
        """As `types` of `conversations.list` names it."""
        return "im" if self.kind == "im" else "private_channel" if self.private else "public_channel"

    def known_to(self, user: str) -> bool:
        """A private channel is there for its members only, an app among them or not."""
        return user in self.members or not (self.private or self.kind == "im")

    @property
    def person(self) -> str:
        """The human in a direct conversation with the bot."""
        return next(member for member in self.members if member not in BOT_USER_IDS)


@dataclass
class UserGroup:
    id: str
    handle: str
    name: str
    users: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class CommandHelp:
    """What Slack's composer shows of a slash command while a person types it."""

    command: str
    description: str
    usage_hint: str
    """Its subcommands, each with what it takes, between bars: `ask <what you need> | help`."""


@dataclass
class AppManifest:
    """What the app declared: scopes, the events it wants, its slash commands."""

    scopes: frozenset[str]
    events: frozenset[str]
    commands: frozenset[str]
    command_help: tuple[CommandHelp, ...] = ()
    shortcuts: frozenset[tuple[str, str]] = frozenset()
    """`global` or `message`, and the callback id."""
    shortcut_names: tuple[tuple[str, str], ...] = ()
    """The callback id, and what people see."""
    unfurl_domains: frozenset[str] = frozenset()


DEFAULT_MANIFEST = AppManifest(
    scopes=frozenset(
        {
            "app_mentions:read",
            "assistant:write",
            "channels:history",
            "channels:join",
            "channels:read",
            "chat:write",
            "commands",
            "files:read",
            "files:write",
            "groups:history",
            "groups:read",
            "im:history",
            "im:read",
            "im:write",
            "links:read",
            "links:write",
            "reactions:write",
            "usergroups:read",
            "users:read",
        }
    ),
    events=frozenset(
        {"app_home_opened", "app_mention", "message.channels", "message.groups", "message.im"}
        | {"assistant_thread_started", "assistant_thread_context_changed", "link_shared"}
        | {"app_uninstalled", "tokens_revoked"}
    ),
    commands=frozenset({"/gavel"}),
    command_help=(
        CommandHelp(
            "/gavel",
            "Ask Gavel for work, or see what it can do",
            "ask <what you need> | tasks | task <ID> | approvals | freeze | mode | models | usage | keys | policy"
            " | doctor | help",
        ),
    ),
    shortcuts=frozenset({("global", "gavel.shortcut.ask"), ("message", "gavel.shortcut.about")}),
    shortcut_names=(("gavel.shortcut.ask", "Ask Gavel"), ("gavel.shortcut.about", "Ask Gavel about this")),
    unfurl_domains=frozenset({"gavel.example.com"}),
)

PEOPLE = (
    User("U0ADA00001", "ada", "Ada Lovelace", "Operator"),
    User("U0GRACE001", "grace", "Grace Hopper", "Approver, SRE"),
    User("U0LINUS001", "linus", "Linus Torvalds", "Approver"),
    User("U0MALLORY1", "mallory", "Mallory", "Viewer"),
)
OTHERS = (
    User("U0WILMA002", "wilma", "Wilma Schmidt", "Operator"),
    User("U0XAVIER02", "xavier", "Xavier Roux", "Approver, SRE"),
    User("U0YUKI0002", "yuki", "Yuki Tanaka", "Approver"),
    User("U0ZOE00002", "zoe", "Zoe Novak", "Viewer"),
)
HOME_TEAM = Team(
    TEAM_ID,
    TEAM_NAME,
    TEAM_DOMAIN,
    BOT_ID,
    BOT_USER_ID,
    "1",
    PEOPLE,
    (("U0ADA00001",), ("U0GRACE001", "U0LINUS001"), (), ("U0MALLORY1",), ("U0GRACE001",)),
)
SECOND_TEAM = Team(
    "T0GAVEL002",
    "Second Local",
    "second-local",
    "B0GAVEL002",
    "U0GAVEL002",
    "2",
    OTHERS,
    (("U0WILMA002",), ("U0XAVIER02", "U0YUKI0002"), (), ("U0ZOE00002",), ("U0XAVIER02",)),
)
GRID_ID, GRID_NAME = "E0GAVEL001", "Gavel Grid"


def grid() -> tuple[Team, Team]:
    """Both as workspaces of one enterprise: an app that is installed for all of it has one bot user there."""
    home = replace(HOME_TEAM, enterprise=GRID_ID)
    return home, replace(SECOND_TEAM, enterprise=GRID_ID, bot_id=home.bot_id, bot_user_id=home.bot_user_id)


BOT_USER_IDS = frozenset({HOME_TEAM.bot_user_id, SECOND_TEAM.bot_user_id})


def seed_users(team: Team = HOME_TEAM) -> dict[str, User]:
    """Four people, the bot, and Slackbot."""
    bot = User(team.bot_user_id, "gavel", "Gavel", "App", is_bot=True)
    slackbot = User(SLACKBOT_ID, "slackbot", "Slackbot", is_bot=True)
    return {user.id: user for user in (*team.people, bot, slackbot)}


def seed_channels(team: Team = HOME_TEAM) -> dict[str, Channel]:
    """#ops and #alerts with the bot, #general without it, and a direct conversation for each person."""
    humans, end = [user.id for user in team.people], team.suffix
    public = (
        Channel(f"C0OPS0000{end}", "ops", members=[*humans, team.bot_user_id], topic="Ask for work here"),
        Channel(f"C0ALERTS0{end}", "alerts", members=[*humans, team.bot_user_id], topic="Alertmanager posts here"),
        Channel(f"C0GENERAL{end}", "general", members=humans, topic="Everyone; the bot is not a member"),
    )
    direct = tuple(
        Channel("D" + user.id[1:], user.name, "im", [user.id, team.bot_user_id], f"{user.real_name} and Gavel")
        for user in team.people
    )
    return {channel.id: channel for channel in (*public, *direct)}


_GROUPS = (
    ("S0GOPERATE", "gavel-operators", "Gavel operators"),
    ("S0GAPPROVE", "gavel-approvers", "Gavel approvers"),
    ("S0GADMINS1", "gavel-admins", "Gavel admins"),
    ("S0GVIEWERS", "gavel-viewers", "Gavel viewers"),
    ("S0SRE00001", "sre", "Site reliability"),
)


def seed_usergroups(team: Team = HOME_TEAM) -> dict[str, UserGroup]:
    """One group a role, and the SREs. One person may only look."""
    groups = (
        UserGroup(name if team.id == TEAM_ID else f"{name[:-1]}{team.suffix}", handle, title, [*users])
        for (name, handle, title), users in zip(_GROUPS, team.roles, strict=True)
    )
    return {group.id: group for group in groups}


def _strings(value: object) -> frozenset[str]:
    return frozenset(item for item in value if isinstance(item, str)) if is_list(value) else frozenset()


def manifest_from(path: Path) -> AppManifest:
    """Read a Slack app manifest (YAML). Raises ValueError with a sentence when it is not one."""
    document: object = yaml.safe_load(path.read_text())
    if not is_object(document) or not is_object(document.get("oauth_config")):
        raise ValueError(f"{path} is not a Slack app manifest: it has no oauth_config. Nothing was started.")
    subscriptions = child(child(document, "settings"), "event_subscriptions")
    features = child(document, "features")
    commands, shortcuts = objects(features.get("slash_commands")), objects(features.get("shortcuts"))
    return AppManifest(
        scopes=_strings(child(child(document, "oauth_config"), "scopes").get("bot")),
        events=_strings(subscriptions.get("bot_events")),
        commands=frozenset(str(command.get("command")) for command in commands),
        command_help=tuple(
            CommandHelp(*(str(command.get(name, "")) for name in ("command", "description", "usage_hint")))
            for command in commands
        ),
        shortcuts=frozenset((str(each.get("type")), str(each.get("callback_id"))) for each in shortcuts),
        shortcut_names=tuple((str(each.get("callback_id")), str(each.get("name"))) for each in shortcuts),
        unfurl_domains=_strings(features.get("unfurl_domains")),
    )

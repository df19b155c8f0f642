"""Who and what is in the workspace when it starts. Ids are stable, so that tests and configuration can name them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import yaml

from bot.local.slack.jsonvalues import child, is_list, is_object, objects

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
        return next(member for member in self.members if member != BOT_USER_ID)


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
BOT_USER = User(BOT_USER_ID, "gavel", "Gavel", "App", is_bot=True)


def seed_users() -> dict[str, User]:
    """Four people, the bot, and Slackbot."""
    slackbot = User(SLACKBOT_ID, "slackbot", "Slackbot", is_bot=True)
    return {user.id: user for user in (*PEOPLE, BOT_USER, slackbot)}


def seed_channels() -> dict[str, Channel]:
    """#ops and #alerts with the bot, #general without it, and a direct conversation for each person."""
    humans = [user.id for user in PEOPLE]
    public = (
        Channel("C0OPS00001", "ops", members=[*humans, BOT_USER_ID], topic="Ask for work here"),
        Channel("C0ALERTS01", "alerts", members=[*humans, BOT_USER_ID], topic="Alertmanager posts here"),
        Channel("C0GENERAL1", "general", members=humans, topic="Everyone; the bot is not a member"),
    )
    direct = tuple(
        Channel("D" + user.id[1:], user.name, "im", [user.id, BOT_USER_ID], f"{user.real_name} and Gavel")
        for user in PEOPLE
    )
    return {channel.id: channel for channel in (*public, *direct)}


def seed_usergroups() -> dict[str, UserGroup]:
    """One group a role, and the SREs. Mallory may only look."""
    groups = (
        UserGroup("S0GOPERATE", "gavel-operators", "Gavel operators", ["U0ADA00001"]),
        UserGroup("S0GAPPROVE", "gavel-approvers", "Gavel approvers", ["U0GRACE001", "U0LINUS001"]),
        UserGroup("S0GADMINS1", "gavel-admins", "Gavel admins", []),
        UserGroup("S0GVIEWERS", "gavel-viewers", "Gavel viewers", ["U0MALLORY1"]),
        UserGroup("S0SRE00001", "sre", "Site reliability", ["U0GRACE001"]),
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

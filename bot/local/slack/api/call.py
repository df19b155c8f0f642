"""One call of a Web API method: its arguments, however they came, and the workspace it is about."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.local.slack.errors import SlackError
from bot.local.slack.ratelimit import Tier
from bot.local.slack.seed import Channel, Team
from bot.local.slack.sockets import SocketHub
from bot.local.slack.views import Views
from bot.local.slack.workspace import Workspace
from tools.contracts.common import JsonObject

T = TypeVar("T")

_TRUE = {True, "true", "1", "True"}


@dataclass
class Call:
    """Arguments from a JSON body, a form or a query look the same here."""

    args: Mapping[str, Any]
    workspace: Workspace
    views: Views
    sockets: SocketHub
    host: str
    take_posting: Callable[[str], None]
    """Counts a post in a channel against its rate limit."""
    teams: tuple[Team, ...] = ()
    """All workspaces of this Slack."""

    def text(self, name: str) -> str | None:
        value = self.args.get(name)
        return None if value is None else str(value)

    def required(self, *names: str) -> tuple[str, ...]:
        """Raises `invalid_arguments` naming what is missing."""
        missing = [name for name in names if self.args.get(name) in (None, "")]
        if missing:
            raise SlackError("invalid_arguments", *(f"[ERROR] missing required field: {name}" for name in missing))
        return tuple(str(self.args[name]) for name in names)

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.args.get(name)
        return default if value is None else value in _TRUE

    def json(self, name: str, *, error: str = "invalid_arguments") -> Any:
        """A structured argument: as it is in a JSON body, JSON in a string elsewhere."""
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError as problem:
            raise SlackError(error, f"[ERROR] {name} is not valid JSON") from problem

    def channel(self, name: str = "channel") -> Channel:
        """The conversation named, by id (or name, where Slack takes one). A user id means their direct one.

        Raises `channel_not_found`, also for a private one that the app is not in: Slack does not say that it is there.
        """
        (value,) = self.required(name)
        direct = next(
            (each for each in self.workspace.channels.values() if each.kind == "im" and value in each.members), None
        )
        if value != self.workspace.team.bot_user_id and direct is not None and value in self.workspace.users:
            return direct
        channel = self.workspace.channel(value)
        if not channel.known_to(self.workspace.team.bot_user_id):
            raise SlackError("channel_not_found")
        return channel

    def joined_channel(self, name: str = "channel") -> Channel:
        """Raises `not_in_channel` when the bot is no member."""
        channel = self.channel(name)
        if self.workspace.team.bot_user_id not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def page(self, items: Iterable[T], *, default: int = 100, most: int = 1000) -> tuple[list[T], JsonObject]:
        """A slice by `cursor` and `limit`, and the `response_metadata` with the next cursor."""
        everything = list(items)
        try:
            limit = max(1, min(int(self.args.get("limit") or default), most))
            start = int(str(self.args.get("cursor") or "offset:0").removeprefix("offset:"))
        except ValueError as problem:
            raise SlackError("invalid_cursor" if self.args.get("cursor") else "invalid_limit") from problem
        end = start + limit
        following = f"offset:{end}" if end < len(everything) else ""
        return everything[start:end], {"next_cursor": following}


Handler = Callable[[Call], JsonObject]


@dataclass(frozen=True)
class Method:
    """A method with what Slack asks of a caller."""

    handler: Handler
    tier: Tier
    scopes: tuple[str, ...] = ()
    """Any one of these is enough; none: no scope is needed."""
    app_token: bool = False
    """Takes the app-level token instead of the bot's."""

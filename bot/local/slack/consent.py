"""The page on which a person lets an app into a workspace, and what the app's settings and its removal are here."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from bot.local.slack.control import post
from bot.local.slack.distribution import TOKEN_SECONDS, AppSettings, Distribution
from bot.local.slack.errors import Refused, SlackError
from bot.local.slack.rooms import Room
from bot.local.slack.seed import GRID_NAME
from tools.contracts.common import JsonObject


class Distribute(BaseModel):
    """The app's OAuth settings, as its pages at Slack have them."""

    model_config = ConfigDict(extra="forbid")

    client_id: str = Field(min_length=1)
    client_secret: str = Field(min_length=1)
    redirect_urls: list[str] = Field(min_length=1)
    token_rotation: bool = False
    token_seconds: int = Field(default=TOKEN_SECONDS, ge=1)


class OfTeam(BaseModel):
    model_config = ConfigDict(extra="forbid")

    team: str


class Consent:
    """The routes that a browser sees, and those of the control API that are about the app as such."""

    def __init__(self, distribution: Distribution, rooms: Mapping[str, Room]) -> None:
        self._app = distribution
        self._rooms = rooms

    def routes(self) -> list[web.RouteDef]:
        """Every route."""
        return [
            web.get("/oauth/v2/authorize", self.page),
            web.get("/oauth/v2/answer", self.answer),
            web.get("/local/distribution", self.look),
            post("/local/distribution", Distribute, self.distribute),
            post("/local/uninstall", OfTeam, self.uninstall),
            post("/local/expire_tokens", OfTeam, self.expire),
            post("/local/break_refreshing", OfTeam, self.break_refreshing),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Which workspace, and Allow or Cancel. What Slack would not show is said by Slack's name for it."""
        query = request.query
        try:
            page = self._app.open_page(
                client_id=query.get("client_id", ""),
                scope=query.get("scope", ""),
                redirect_uri=query.get("redirect_uri", ""),
                state=query.get("state", ""),
            )
        except SlackError as error:
            return web.Response(text=f"{error.name} {' '.join(error.messages)}".strip(), status=400)
        teams = [room.workspace.team for room in self._rooms.values()]
        offered = {team.installed_as: GRID_NAME if team.enterprise else team.name for team in teams}
        links = [
            f'<li><a href="/oauth/v2/answer?{escape(urlencode({"page": page, "team": whom, "allow": "1"}))}">'
            f"Allow in {escape(name)}</a></li>"
            for whom, name in offered.items()
        ]
        cancel = f'<p><a href="/oauth/v2/answer?{escape(urlencode({"page": page}))}">Cancel</a></p>'
        scopes = escape(", ".join(sorted(query.get("scope", "").split(","))))
        return web.Response(
            text=f"<!doctype html><title>Install</title><h1>Gavel asks for: {scopes}</h1><ul>{''.join(links)}</ul>"
            f"{cancel}",
            content_type="text/html",
        )

    async def answer(self, request: web.Request) -> web.Response:
        """The browser goes back to the app, with a code or with `access_denied`."""
        query = request.query
        allow = query.get("allow") == "1"
        teams = [room.workspace.team for room in self._rooms.values()]
        named = (team for team in teams if not allow or query.get("team", "") == team.installed_as)
        team = next(named, None)
        if team is None:
            return web.Response(text="team_not_found", status=400)
        try:
            asked, code = self._app.answer_page(
                query.get("page", ""), team=team.installed_as, user=team.people[0].id, allow=allow
            )
        except SlackError as error:
            return web.Response(text=error.name, status=400)
        said = {"code": code} if code is not None else {"error": "access_denied"}
        raise web.HTTPFound(f"{asked.redirect_uri}?{urlencode({**said, 'state': asked.state})}")

    async def look(self, _: web.Request) -> web.Response:
        """Where the app is installed by OAuth, and how often a token was refreshed."""
        return web.json_response({"teams": self._app.teams, "refreshed": self._app.refreshed})

    async def distribute(self, body: Distribute) -> JsonObject:
        self._app.settings = AppSettings(
            body.client_id, body.client_secret, tuple(body.redirect_urls), body.token_rotation, body.token_seconds
        )
        return {"redirect_urls": body.redirect_urls}

    async def uninstall(self, body: OfTeam) -> JsonObject:
        """Somebody removes the app in a workspace: its tokens end, and then it is told."""
        room = self._room(body.team)
        if not self._app.uninstall(body.team):
            raise Refused(f"The app is not installed in {body.team}: nothing was removed.")
        told = removal_events(room)
        return {"events": told}

    async def expire(self, body: OfTeam) -> JsonObject:
        """Twelve hours go by for the tokens of a workspace."""
        self._room(body.team)
        return {"expired": self._app.expire(body.team)}

    async def break_refreshing(self, body: OfTeam) -> JsonObject:
        """The refresh token that the app holds stops being good."""
        self._room(body.team)
        self._app.break_refreshing(body.team)
        return {}

    def _room(self, team: str) -> Room:
        room = next((each for each in self._rooms.values() if each.workspace.team.installed_as == team), None)
        if room is None:
            raise Refused(f"There is no workspace {team}: nothing was done.")
        return room


def removal_events(room: Room) -> list[str]:
    """Tell the app that it was removed, as far as it subscribed: the names of the events."""
    events: list[JsonObject] = [
        {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [room.workspace.team.bot_user_id]}},
        {"type": "app_uninstalled"},
    ]
    wanted = [event for event in events if event["type"] in room.workspace.manifest.events]
    for event in wanted:
        room.outbox.event(event)
    return [str(event["type"]) for event in wanted]

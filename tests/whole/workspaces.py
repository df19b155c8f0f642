"""A town whose bot is installed by workspaces, and a person's browser that installs it."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot.blocks.actions import APPROVE
from bot.local.ports import Ports
from bot.local.slack.seed import HOME_TEAM, SECOND_TEAM, Team
from bot.local.stage import Said, Stage
from bot.workflows.messages import TaskResult
from bot.workflows.task import TaskWorkflow
from tests.whole.town import Town, open_town
from tools.contracts.common import JsonObject

CLIENT_ID, CLIENT_SECRET = "1234.5678", "c" * 32
DRIFT = "@gavel single: production web servers have drifted, fix it"


@dataclass(frozen=True)
class Workspaces:
    town: Town
    door: str
    """`http://127.0.0.1:…` of the bot."""

    @property
    def slack(self) -> str:
        return self.town.stack.part("slack").address

    def stage(self, team: Team) -> Stage:
        home = self.town.stage
        return home if team is HOME_TEAM else Stage(home.http, base=f"{self.slack}/team/{team.id}/")

    async def app(self, path: str, **body: object) -> JsonObject:
        """What is about the app as such: its settings at Slack, its tokens, its removal."""
        async with self.town.stage.http.post(f"{self.slack}/local/{path}", json=body) as response:
            answer: JsonObject = await response.json()
        assert answer["ok"], answer
        return answer

    async def refreshed(self) -> int:
        async with self.town.stage.http.get(f"{self.slack}/local/distribution") as response:
            answer: JsonObject = await response.json()
        return int(answer["refreshed"])

    async def began(self, *, cookie: str = "") -> tuple[str, str]:
        """A browser opens the bot's install page: Slack's address that it is sent to, and its cookie afterwards."""
        response = await self.get(f"{self.door}/slack/install", cookie=cookie)
        assert response.status == 302, response.text
        set_cookie = response.headers["Set-Cookie"]
        assert "HttpOnly" in set_cookie
        assert "SameSite=Lax" in set_cookie
        return response.headers["Location"], set_cookie.partition(";")[0]

    async def allowed(self, address: str, team: Team) -> str:
        """Slack's page, and Allow on it: the address that the browser is sent back to."""
        page = await self.get(address)
        links = re.findall(r'<a href="([^"]+)">([^<]+)</a>', page.text)
        (link,) = [href for href, text in links if text == f"Allow in {team.name}"]
        return (await self.get(self.slack + link.replace("&amp;", "&"))).headers["Location"]

    async def install(self, team: Team) -> None:
        address, cookie = await self.began()
        done = await self.get(await self.allowed(address, team), cookie=cookie)
        assert (done.status, "Gavel is installed in" in done.text) == (200, True), done.text

    async def get(self, address: str, *, cookie: str = "") -> Answer:
        """As a browser that follows no redirect by itself."""
        headers = {"Cookie": cookie} if cookie else {}
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser,
            browser.get(address, headers=headers, allow_redirects=False) as response,
        ):
            return Answer(response.status, dict(response.headers), await response.text())

    async def asked(self, team: Team, text: str = DRIFT) -> tuple[Said, dict[str, Any]]:
        """Its operator asks in #ops: the thread, and the plan's card."""
        stage = self.stage(team)
        operator, approver = team.people[0].name, team.people[1].name
        said = await stage.say(operator, "ops", text)
        return said, await stage.until(said, approver, has=f"'{APPROVE}'", seconds=120, what="The plan card")

    async def approve(self, team: Team, said: Said, card: dict[str, Any]) -> None:
        await self.stage(team).click(team.people[1].name, said.channel, card["ts"], APPROVE)

    async def result(self, team: Team, said: Said) -> TaskResult:
        handle = self.town.temporal.get_workflow_handle_for(TaskWorkflow.run, task_of(team, said))
        return await handle.result()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str


def task_of(team: Team, said: Said) -> str:
    return f"{team.id}.{said.channel}.{said.ts}"


@asynccontextmanager
async def open_workspaces(data_dir: Path, **environ: str) -> AsyncGenerator[Workspaces]:
    """The bot and a worker in processes of their own; nobody has installed the app yet."""
    async with open_town(data_dir, **environ) as town:
        port = Ports(data_dir / "bot-ports.json").take("bot")
        door = f"http://127.0.0.1:{port}"
        there = Workspaces(town, door)
        slack = town.stack.settings.slack
        assert slack.signing_secret is not None
        configured = {
            "SLACK_API_URL": slack.api_url,
            "SLACK_SIGNING_SECRET": slack.signing_secret.get_secret_value(),
            "SLACK_CLIENT_ID": CLIENT_ID,
            "SLACK_CLIENT_SECRET": CLIENT_SECRET,
            "SLACK_REDIRECT_URL": f"{door}/slack/oauth_redirect",
            "SLACK_MODE": "http",
            "SLACK_PORT": str(port),
        }
        await there.app(
            "distribution",
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            redirect_urls=[configured["SLACK_REDIRECT_URL"]],
            token_rotation=True,
        )
        await town.serve("worker", **configured, **environ)
        await town.serve("bot", **configured, **environ)
        assert (await there.app("delivery", url=f"{door}/slack/events"))["mode"] == "http"
        assert urlsplit(door).port == port
        yield there


BOTH = (HOME_TEAM, SECOND_TEAM)

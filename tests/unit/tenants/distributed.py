"""How the tests install the app as a person's browser and the app's server would, step by step."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from slack_sdk.oauth.installation_store import Installation

from bot.local.slack.seed import GRID_ID, GRID_NAME
from tests.unit.local_slack.harness import Slack
from tools.contracts.common import JsonObject

CLIENT_ID, CLIENT_SECRET = "1234.5678", "c" * 32
REDIRECT = "http://127.0.0.1:3999/slack/oauth_redirect"
HOME, SECOND = "T0GAVEL001", "T0GAVEL002"
SCOPES = "chat:write,commands,usergroups:read"


async def opened(slack: Slack, **query: str) -> tuple[int, str]:
    """The install page: its status and text."""
    asked = {"client_id": CLIENT_ID, "scope": SCOPES, "redirect_uri": REDIRECT, "state": "s1", **query}
    async with slack.session.get(f"{slack.base}/oauth/v2/authorize?{urlencode(asked)}") as response:
        return response.status, await response.text()


async def answered(slack: Slack, page: str, team: str | None) -> dict[str, str]:
    """What the browser brings back to the app. `team`: where Allow was pressed; None: Cancel."""
    names = {HOME: "Gavel Local", SECOND: "Second Local", GRID_ID: GRID_NAME}
    wanted = f"Allow in {names[team]}" if team else "Cancel"
    links = re.findall(r'<a href="([^"]+)">([^<]+)</a>', page)
    (link,) = [href for href, text in links if re.match(wanted, text)]
    async with slack.session.get(slack.base + link.replace("&amp;", "&"), allow_redirects=False) as response:
        assert response.status == 302, await response.text()
        back = urlsplit(response.headers["Location"])
    return {name: values[0] for name, values in parse_qs(back.query).items()}


async def allowed(slack: Slack, team: str, **query: str) -> str:
    """A code, as the browser brings it."""
    status, page = await opened(slack, **query)
    assert status == 200, page
    return (await answered(slack, page, team))["code"]


async def exchanged(slack: Slack, **fields: str) -> JsonObject:
    """`oauth.v2.access` by the app; the answer, `ok` or not."""
    body = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **fields}
    async with slack.session.post(f"{slack.base}/api/oauth.v2.access", data=body) as response:
        return await response.json()


async def granted(slack: Slack, team: str) -> JsonObject:
    """The whole way, once."""
    answer = await exchanged(slack, code=await allowed(slack, team), redirect_uri=REDIRECT)
    assert answer["ok"], answer
    return answer


def installation_of(answer: JsonObject) -> Installation:
    team: dict[str, Any] = answer["team"]
    return Installation(
        app_id=answer["app_id"],
        team_id=team["id"],
        team_name=team["name"],
        bot_token=answer["access_token"],
        bot_id="B0",
        bot_user_id=answer["bot_user_id"],
        bot_scopes=answer["scope"],
        bot_refresh_token=answer.get("refresh_token"),
        bot_token_expires_in=answer.get("expires_in"),
        user_id=answer["authed_user"]["id"],
    )

"""Which workspace somebody is of, in every shape in which Slack tells of what they did, and who is at home."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.app import build_client
from bot.intake import HandOverFailed
from bot.listeners.later import Later
from bot.permits import words
from bot.permits.gate import Gate, RolesOnce
from bot.permits.home import Home, HomeUnavailable
from bot.permits.middleware import Gatekeeper
from bot.permits.strangers import Strangers
from bot.permits.time_left import seconds_left
from bot.permits.whence import Whence, whence
from bot.roles import ListedRoles
from tests.unit.permits.test_every_surface import NoToAll
from tools.contracts.common import JsonObject


def event(*, shared: bool | None = None, **said: object) -> JsonObject:
    body: JsonObject = {"type": "event_callback", "team_id": "T1", "event": {"type": "message", "user": "U1", **said}}
    return body if shared is None else {**body, "is_ext_shared_channel": shared}


SHAPES: Mapping[str, tuple[JsonObject, set[str], bool]] = {
    "a command": ({"command": "/gavel", "team_id": "T2", "user_id": "U1"}, {"T2"}, True),
    "a click": ({"type": "block_actions", "team": {"id": "T1"}, "user": {"id": "U1", "team_id": "T2"}}, {"T2"}, True),
    "a click of an org-wide app": (
        {"type": "block_actions", "team": None, "enterprise": {"id": "E1"}, "user": {"id": "U1", "team_id": "T2"}},
        {"T2"},
        True,
    ),
    "a form": (
        {
            "type": "view_submission",
            "team": {"id": "T2"},
            "user": {"id": "U1", "team_id": "T2"},
            "view": {"team_id": "T2", "app_installed_team_id": "T1"},
        },
        {"T2"},
        True,
    ),
    "a click that does not say": ({"type": "block_actions", "team": {"id": "T1"}, "user": {"id": "U1"}}, set(), True),
    "a shortcut of a message": (
        {"type": "message_action", "team": {"id": "T1"}, "user": {"id": "U1", "team_id": "T2"}},
        {"T2"},
        True,
    ),
    "one that does not say it of the person": (
        {"type": "message_action", "team": {"id": "T2"}, "user": {"id": "U1", "name": "ada"}},
        {"T2"},
        True,
    ),
    "the same of an org-wide app": (
        {"type": "message_action", "team": None, "enterprise": {"id": "E1"}, "user": {"id": "U1"}},
        {"E1"},
        True,
    ),
    "a message in a channel of one workspace": (event(team="T1"), {"T1"}, False),
    "a message that says nothing of it": (event(shared=False), set(), False),
    "a message in a shared channel": (event(shared=True, team="T1", user_team="T2", source_team="T2"), {"T2"}, True),
    "two that do not agree": (event(shared=True, user_team="T1", source_team="T2"), {"T1", "T2"}, True),
    "one that says nothing of it in a shared channel": (event(shared=True), set(), True),
    "of a grid": (event(shared=True, user_team="E2", team="E2"), {"E2"}, True),
    "an app's message": (event(shared=True, bot_id="B1", bot_profile={"team_id": "T2"}, team="T1"), {"T2"}, True),
    "an app's message in a channel of one's own": (
        event(shared=False, bot_id="B1", bot_profile={"team_id": "T2"}, team="T2"),
        set(),
        False,
    ),
    "its edit": (
        event(shared=False, subtype="message_changed", message={"subtype": "bot_message", "team": "T2"}),
        set(),
        False,
    ),
    "a person of another workspace in a channel of a grid": (event(shared=False, team="T2"), {"T2"}, False),
    "a profile": (event(shared=True, team="T1", user_profile={"team": "T2"}), {"T2"}, True),
    "an edit": (event(shared=True, subtype="message_changed", message={"team": "T2"}, team="T1"), {"T2"}, True),
    "nothing of a name": (event(shared=True, team=7, user_team=None, source_team=""), set(), True),
}


@pytest.mark.parametrize(("body", "teams", "must"), SHAPES.values(), ids=SHAPES.keys())
def test_it_is_read_from_what_slack_says_of_the_person(body: JsonObject, teams: set[str], *, must: bool) -> None:
    assert whence(body) == Whence(frozenset(teams), must)


@asynccontextmanager
async def slack_with(
    names: list[str], *, status: int = 200, seconds: float = 0
) -> AsyncGenerator[tuple[Any, list[str]]]:
    """A Slack that lists these workspaces, and what it was asked for."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.match_info["method"])
        await asyncio.sleep(seconds)
        cursor = request.query.get("cursor", "")
        # One a page, as Slack may make of any list.
        at = int(cursor or 0)
        more = str(at + 1) if at + 1 < len(names) else ""
        body = {"ok": True, "teams": [{"id": name} for name in names[at : at + 1]]}
        return web.json_response({**body, "response_metadata": {"next_cursor": more}}, status=status)

    app = web.Application()
    app.router.add_route("*", "/api/{method}", answer)
    async with TestServer(app) as server:
        client = build_client(api_url=str(server.make_url("/api/")), bot_token="xoxb-1")
        client.retry_handlers.clear()
        yield client, asked


async def test_at_home_are_those_of_the_workspace_and_of_its_enterprise_by_name() -> None:
    async with slack_with(["T2"]) as (api, asked):
        home = Home(api, team="T1", enterprise="E1")
        assert [await home.has({name}) for name in ("T1", "E1", "T2", "E2")] == [True, True, False, False]
        assert not await home.has([])
        assert not await home.has(["T1", "T2"])
        assert asked == [], "another workspace of the enterprise is another workspace"
        assert not await Home(api, team="T1").has([""])


async def test_where_an_enterprise_has_the_app_all_its_workspaces_are_at_home() -> None:
    async with slack_with(["T1", "T2", "T3"]) as (api, asked):
        home = Home(api, team="E1", enterprise="E1", wide=True)
        assert await home.has(["E1"])
        assert asked == []
        assert [await home.has({name}) for name in ("T3", "T2", "T9", "E2")] == [True, True, False, False]
        assert asked == ["auth.teams.list"] * 3, "the list is read once, page by page"


async def test_where_slack_does_not_list_them_nobody_is_let_in_unheard() -> None:
    async with slack_with([], status=500) as (api, _):
        strangers = Strangers(Home(api, team="E1", enterprise="E1", wide=True))
        with pytest.raises(HomeUnavailable):
            await strangers.refusal(event(shared=True, user_team="T2"))
        assert await strangers.refusal(event(shared=True, user_team="E1")) is None


def gatekeeper(api: Any, policies: NoToAll) -> Gatekeeper:
    async def unheard(*_said: object) -> None:
        return

    home = Home(api, team="E1", enterprise="E1", wide=True)
    gate = Gate(policies, RolesOnce(ListedRoles({})))
    return Gatekeeper(gate, Strangers(home), "E1", "UBOT", whisper=unheard, tell=unheard, later=Later())


async def test_while_slack_does_not_list_them_a_person_is_told_and_what_nobody_would_send_again_waits() -> None:
    command = {"command": "/gavel", "text": "tasks", "team_id": "T2", "user_id": "U1", "channel_id": "C1"}
    monitors = event(shared=True, bot_id="B1", subtype="bot_message", bot_profile={"team_id": "T2"}, channel="C1")
    for slack in (slack_with([], status=500), slack_with(["T2"], seconds=5)):
        async with slack as (api, _):
            keeper, no = gatekeeper(api, (policies := NoToAll())), policies.asked
            answer = await keeper.refusal(command)
            assert answer is not None
            assert json.loads(answer.body)["text"] == words.HOME_AWAY
            with pytest.raises(HandOverFailed):
                await keeper.refusal(monitors)
            assert no == [], "whether they may is not even asked"


async def test_what_it_takes_to_list_them_is_not_there_for_what_lies_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.permits.strangers.HOME_SECONDS", 20)
    async with slack_with(["T2"], seconds=0.3) as (api, _):
        answer = await gatekeeper(api, NoToAll()).refusal({"command": "/gavel", "team_id": "T2", "user_id": "U1"})
    assert answer is not None
    assert "nobody may" in str(answer.body)
    assert seconds_left(2.6) < 2.31


async def test_what_slack_itself_says_is_of_no_stranger() -> None:
    async with slack_with([]) as (api, _):
        strangers = Strangers(Home(api, team="T1"))
        gone = {"type": "event_callback", "is_ext_shared_channel": True, "event": {"type": "app_uninstalled"}}
        assert await strangers.refusal(gone) is None
        assert await strangers.refusal(event(shared=True)) == words.FROM_NOWHERE
        assert await strangers.refusal(event(shared=True, user_team="T2")) == words.STRANGER
        assert await strangers.refusal(event(shared=False)) is None


def test_the_form_shows_all_of_it() -> None:
    """Slack's own limit for the words under a field."""
    assert max(map(len, (words.STRANGER, words.FROM_NOWHERE, words.HOME_AWAY))) <= 150

"""The home tab in a workspace: filled when opened, following what happens, its buttons doing what they say."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient
from temporalio.client import Client

from bot.blocks import home as says
from bot.blocks.ask import ASK_FORM
from bot.blocks.freeze import FREEZE_FORM
from bot.blocks.message import MAX_SECTION
from bot.keys import load_keys
from bot.late import LateMode
from bot.late_surfaces import LateFreezes, LateHome
from bot.listeners.freezes import FreezeDoor
from bot.modes.channels import ChannelModes
from bot.roles import ListedRoles
from bot.settings import DatabaseSettings, Settings
from tests.unit.blocks import samples
from tests.unit.blocks.cards import listed
from tests.unit.blocks.rules import assert_harmless, texts
from tests.unit.ledger.book import Book
from tests.unit.listeners.desk import Desk, open_desk
from tests.unit.local_slack.harness import OPS, Slack, until
from tests.unit.policies.opa_server import free_port
from tests.unit.tasks.history import ADA, GRACE, MALLORY, TEAM, Life
from tools.contracts.common import JsonObject

ROLES = ListedRoles({"operator": frozenset({ADA}), "approver": frozenset({GRACE}), "viewer": frozenset({MALLORY})})


@pytest.fixture
def settings(book: Book, tmp_path: Path) -> Settings:
    return Settings.embedded(data_dir=tmp_path).model_copy(
        update={"database": DatabaseSettings.model_validate({"url": book.url}), "secret_key": SecretStr("ab" * 32)}
    )


@pytest.fixture
async def desk(slack: Slack, temporal: Client, settings: Settings) -> AsyncGenerator[Desk]:
    keys = load_keys(settings)

    def mode(client: AsyncWebClient) -> LateMode:
        return LateMode(settings, keys, client, ROLES)

    def reader(client: AsyncWebClient) -> LateHome:
        return LateHome(settings, keys, client, ROLES, "https://gavel-local.slack.com/")

    door = FreezeDoor(LateFreezes(settings, keys), ROLES)
    async with open_desk(
        slack, temporal, desks={"mode": mode}, roles=ROLES, freeze_door=door, home_reader=reader
    ) as opened:
        yield opened


async def shown(desk: Desk, user: str) -> JsonObject:
    """The tab as the person has it before them."""
    return (await desk.slack.act("home", user=user))["view"] or {"blocks": []}


async def home(desk: Desk, user: str, *, has: str) -> JsonObject:
    """Opened, and waited for until it says this."""
    await shown(desk, user)
    view: JsonObject = {}

    async def says_so() -> bool:
        nonlocal view
        view = (await desk.slack.look("state", viewer=user))["home"] or {"blocks": []}
        return has in str(view["blocks"])

    await until(says_so)
    return view


async def test_each_sees_what_is_theirs_and_it_follows_what_happens(desk: Desk, book: Book) -> None:
    life = Life(book)
    await life.begin()
    await life.understand()
    mine = await home(desk, "ada", has="Bring the web servers back")
    assert "Nothing waits for your decision." in str(mine["blocks"])
    assert "Freeze changes" not in str(mine["blocks"])
    assert "Bring the web servers" not in str((await home(desk, "grace", has="Nothing waits"))["blocks"])
    await life.offer()
    theirs = await home(desk, "grace", has="Look and decide")
    assert "0 of 2 approved; *admin* or *approver* may." in str(theirs["blocks"])

    async def follows() -> bool:
        return "waits for approval" in str((await desk.slack.look("state", viewer="ada"))["home"]["blocks"])

    await until(follows)
    await life.end("rolled_back")

    async def ended() -> bool:
        return "↩ rolled back" in str((await desk.slack.look("state", viewer="ada"))["home"]["blocks"])

    await until(ended)


async def test_its_buttons_do_what_they_say(desk: Desk, book: Book) -> None:
    view = await home(desk, "grace", has="Your settings")

    async def click(action_id: str, value: str | None = None) -> None:
        answer = await desk.slack.act("click", user="grace", view_id=view["id"], action_id=action_id, value=value)
        assert answer["ok"], answer

    await click(says.ASK)
    form = await desk.view()
    assert form is not None
    assert (form["callback_id"], form["private_metadata"]) == (ASK_FORM, "D0GRACE001")
    await desk.slack.act("close_view", user="grace", view_id=form["id"])
    await click(says.FREEZE)
    form = await desk.view()
    assert form is not None
    assert form["callback_id"] == FREEZE_FORM
    await desk.slack.act("close_view", user="grace", view_id=form["id"])
    await click(says.MODE, "council")
    kept = await ChannelModes(book.database).of(TEAM, "D0GRACE001")
    assert kept is not None
    assert kept.setting == "council"
    await home(desk, "grace", has="*In your direct messages with me*  council")
    await click(says.MODE, "as_set")
    assert await ChannelModes(book.database).of(TEAM, "D0GRACE001") is None


async def test_a_task_that_is_over_is_not_cancelled_and_the_person_is_told(desk: Desk, book: Book) -> None:
    life = Life(book, task_id=f"T1.{OPS}.never")
    await life.begin()
    view = await home(desk, "ada", has="Cancel")
    answer = await desk.slack.act("click", user="ada", view_id=view["id"], action_id=f"{says.CANCEL_PREFIX}0")
    assert answer["ok"], answer

    async def told() -> bool:
        messages = (await desk.slack.look("channel", channel="D0ADA00001", viewer="ada"))["messages"]
        return any("That task is over" in message["text"] for message in messages)

    await until(told)


async def test_where_the_database_is_away_it_says_so(slack: Slack, temporal: Client, settings: Settings) -> None:
    away = settings.model_copy(
        update={"database": DatabaseSettings.model_validate({"url": f"postgresql://x@127.0.0.1:{free_port()}/x"})}
    )

    def reader(client: AsyncWebClient) -> LateHome:
        return LateHome(away, load_keys(settings), client, ROLES, "")

    async with open_desk(slack, temporal, roles=ROLES, home_reader=reader) as opened:
        await home(opened, "ada", has="The database does not answer, so this may be out of date.")


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
async def test_whatever_the_words_it_fits_and_is_harmless(text: str, slack: Slack) -> None:
    tasks = [listed(text, status="awaiting_approval")] * 60
    record = says.Record(9, 7, [(text, 3, 2)] * 20)
    full = says.Home(
        waiting=tasks,
        hidden=2,
        running=tasks,
        recent=tasks,
        freezes=[],
        spent=[says.Spent("you", 3, text[:50])],
        record=record,
        days=7,
        mode="council",
        mode_set=True,
        may_set=True,
        at=samples.NOW,
        trouble="",
    )
    view = says.home_view(full, channel="D1")
    assert len(view["blocks"]) <= 100
    for kind, words in texts(view["blocks"]):
        assert 0 < len(words) <= MAX_SECTION
        if kind == "mrkdwn" and "cost" not in words:
            assert_harmless(words, mentions=("U0ADA00001", "U0GRACE001"))
    answer = await slack.call("views.publish", user_id=ADA, view=view)
    assert answer["ok"], answer

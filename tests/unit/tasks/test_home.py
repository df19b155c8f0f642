"""The home tab in a workspace: filled when opened, following what happens, its buttons doing what they say."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
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
from bot.local.slack.seed import TEAM_ID, Channel
from bot.modes.channels import ChannelModes, SetMode
from bot.opening import open_ledger
from bot.roles import Address, ListedRoles, RolesUnavailable
from bot.settings import DatabaseSettings, Settings
from tests.unit.blocks import samples
from tests.unit.blocks.cards import listed
from tests.unit.blocks.rules import assert_harmless, texts
from tests.unit.ledger.book import Book
from tests.unit.listeners.desk import Desk, open_desk
from tests.unit.local_slack.harness import BOT, OPS, Slack, until
from tests.unit.policies.opa_server import NOBODYS_PORT
from tests.unit.tasks.history import ADA, GRACE, MALLORY, TEAM, Life
from tools.contracts.common import JsonObject
from tools.contracts.identity import Role

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


@pytest.fixture
async def own(book: Book, settings: Settings) -> AsyncGenerator[Book]:
    """The book as the processes of these settings write it."""
    async with AsyncExitStack() as exits:
        yield replace(book, ledger=await open_ledger(exits, settings, load_keys(settings)))


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
        update={"database": DatabaseSettings.model_validate({"url": f"postgresql://x@127.0.0.1:{NOBODYS_PORT}/x"})}
    )

    def reader(client: AsyncWebClient) -> LateHome:
        return LateHome(away, load_keys(settings), client, ROLES, "")

    async with open_desk(slack, temporal, roles=ROLES, home_reader=reader) as opened:
        view = await home(opened, "ada", has="What stands here cannot be read now.")
        assert "Nothing waits" not in str(view["blocks"])


async def told(desk: Desk, user: str, words: str) -> None:
    """In the direct messages."""
    direct = f"D0{user.upper()}"

    async def said() -> bool:
        channel = next(name for name in desk.slack.workspace.channels if name.startswith(direct))
        messages = (await desk.slack.look("channel", channel=channel, viewer=user))["messages"]
        return any(words in message["text"] for message in messages)

    await until(said)


async def test_what_the_forms_behind_its_buttons_say_is_told_in_the_direct_messages(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A form that is not opened takes all its time, and a busy machine the rest.
    monkeypatch.setattr("bot.speaking.OPEN_SECONDS", 0.3)
    monkeypatch.setattr("bot.listeners.home.DESK_SECONDS", 20.0)
    view = await home(desk, "grace", has="Your settings")

    async def click(action_id: str) -> None:
        answer = await desk.slack.act("click", user="grace", view_id=view["id"], action_id=action_id)
        assert answer["ok"], answer

    await click(says.FREEZE)
    await told(desk, "grace", "Nothing is frozen.")
    await click(says.KEYS)
    await told(desk, "grace", "That is not configured here, so nothing was done.")
    await desk.slack.act("close_view", user="grace")
    await desk.slack.act("faults", errors_seconds=60, methods=["views.open"])
    await click(says.FREEZE)
    await told(desk, "grace", "Slack did not open the form, so nothing was frozen.")


def clicked(action: JsonObject, *, user: str, channel: str) -> JsonObject:
    """A click on the tab as Slack sends it."""
    return {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": user, "team_id": TEAM_ID},
        "trigger_id": "1.2.3",
        "view": {"id": "V1", "type": "home", "private_metadata": channel},
        "actions": [{"block_id": "x", "type": "button", **action}],
    }


@pytest.mark.parametrize("value", ["", "counsel", None])
async def test_a_mode_that_cannot_be_read_changes_nothing(desk: Desk, book: Book, value: str | None) -> None:
    set_by_hand = SetMode("council", by=GRACE, at=samples.NOW)
    await ChannelModes(book.database).put(TEAM, "D0GRACE001", set_by_hand)
    await home(desk, "grace", has="*In your direct messages with me*  council")
    picked: JsonObject = {"action_id": says.MODE, "type": "static_select", "selected_option": {"value": value}}
    await desk.send(clicked(picked, user=GRACE, channel="D0GRACE001"))
    await told(desk, "grace", "I could not read which mode you picked")
    kept = await ChannelModes(book.database).of(TEAM, "D0GRACE001")
    assert kept is not None
    assert kept.setting == "council"


class Away:
    """Nobody can say who holds which role."""

    async def roles_of(self, user: str) -> list[Role]:
        raise RolesUnavailable(user)

    async def address_of(self, role: Role) -> Address:
        raise RolesUnavailable(role)


async def test_while_nobody_knows_the_roles_nothing_that_needs_one_is_shown_or_done(
    slack: Slack, temporal: Client, settings: Settings, own: Book
) -> None:
    life, keys = Life(own), load_keys(settings)
    await life.begin("web drifts")
    await life.offer()
    freezes = LateFreezes(settings, keys)
    end = datetime.now(UTC) + timedelta(hours=1)
    await freezes.declare(org=TEAM, user=GRACE, name="V1", environment="staging", reason="the merger", end=end)

    def reader(client: AsyncWebClient) -> LateHome:
        return LateHome(settings, keys, client, Away(), "")

    async with open_desk(
        slack, temporal, roles=Away(), freeze_door=FreezeDoor(freezes, Away()), home_reader=reader
    ) as opened:
        view = await home(opened, "grace", has="Slack did not say which roles you have")
        for shown in ("web drifts", "the merger", "Everybody", says.FREEZE, says.MODE):
            assert shown not in str(view["blocks"]), shown
        await opened.send(clicked({"action_id": says.FREEZE}, user=GRACE, channel="D0GRACE001"))
        await told(opened, "grace", "Slack did not say which roles you have, so nothing was done.")
        assert "the merger" not in str(await slack.look("channel", channel="D0GRACE001", viewer="grace"))
        assert await opened.view() is None


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (None, {"waits": False, "the merger": False, "Everybody": False, says.FREEZE: False}),
        ("viewer", {"waits": False, "the merger": True, "Everybody": False, says.FREEZE: False}),
        ("approver", {"waits": True, "the merger": True, "Everybody": False, says.FREEZE: True}),
        ("admin", {"waits": True, "the merger": True, "Everybody": True, says.FREEZE: True}),
    ],
)
async def test_a_tab_shows_what_the_role_is_for(
    slack: Slack, temporal: Client, settings: Settings, own: Book, role: Role | None, seen: dict[str, bool]
) -> None:
    slack.workspace.channels["G0SECRET01"] = Channel("G0SECRET01", "secret", members=[ADA, BOT], private=True)
    life, hidden = Life(own), Life(own, task_id="T1.G0SECRET01.1")
    await life.begin("web drifts")
    await life.offer()
    await hidden.begin("the takeover", channel="G0SECRET01")
    await hidden.offer()
    keys, end = load_keys(settings), datetime.now(UTC) + timedelta(hours=1)
    freezes = LateFreezes(settings, keys)
    await freezes.declare(org=TEAM, user=ADA, name="V1", environment="staging", reason="the merger", end=end)
    roles = ListedRoles({role: frozenset({GRACE})} if role is not None else {})

    def reader(client: AsyncWebClient) -> LateHome:
        return LateHome(settings, keys, client, roles, "https://gavel-local.slack.com/")

    async with open_desk(slack, temporal, roles=roles, home_reader=reader) as opened:
        blocks = str((await home(opened, "grace", has="Your settings"))["blocks"])
        words = {"waits": "Look and decide"}
        assert {name: words.get(name, name) in blocks for name in seen} == seen
        assert "the takeover" not in blocks
        assert ("1 more, some of them in conversations" in blocks) == seen["waits"]


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
        may_lend=True,
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

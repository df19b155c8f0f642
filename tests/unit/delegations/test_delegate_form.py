"""The form that lends a role: opened by the command and from the home tab, for who has one, and answered as typed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient
from temporalio.client import Client

from bot.blocks.delegation import LEND_FORM, TAKER_BLOCK, TAKER_INPUT, UNTIL_BLOCK, UNTIL_INPUT
from bot.blocks.home import LEND
from bot.blocks.message import Message, sentence
from bot.delegations.lending import LONGEST, Lending
from bot.delegations.store import Delegations
from bot.desks import Typed
from bot.keys import load_keys
from bot.late import LateDelegation
from bot.late_surfaces import LateHome
from bot.opening import open_ledger
from bot.roles import Address, ListedRoles, RolesUnavailable
from bot.settings import DatabaseSettings, Settings
from tests.unit.ledger.book import Book
from tests.unit.listeners.conftest import slack, temporal
from tests.unit.listeners.desk import Desk, open_desk
from tests.unit.local_slack.harness import ADA, GRACE, MALLORY, OPS, TEAM, Slack, until
from tools.contracts.common import JsonObject
from tools.contracts.identity import Role

__all__ = ["slack", "temporal"]

ORG, LINUS = "T1", "U0LINUS001"
ROLES = ListedRoles(
    {"operator": frozenset({ADA}), "approver": frozenset({GRACE}), "viewer": frozenset({MALLORY, LINUS})}
)
SOON = int((datetime.now(UTC) + timedelta(days=2)).timestamp())


@pytest.fixture
def settings(book: Book, tmp_path: Path) -> Settings:
    database = DatabaseSettings.model_validate({"url": book.url})
    embedded = Settings.embedded(data_dir=tmp_path)
    return embedded.model_copy(update={"database": database, "secret_key": SecretStr("ab" * 32)})


@pytest.fixture
async def desk(slack: Slack, temporal: Client, settings: Settings) -> AsyncGenerator[Desk]:
    keys = load_keys(settings)

    def delegate(_client: AsyncWebClient) -> LateDelegation:
        return LateDelegation(settings, keys, ROLES)

    def reader(client: AsyncWebClient) -> LateHome:
        return LateHome(settings, keys, client, ROLES, "")

    async with open_desk(slack, temporal, desks={"delegate": delegate}, roles=ROLES, home_reader=reader) as opened:
        yield opened


async def lent(book: Book, user: str = GRACE) -> list[Lending]:
    return list(await Delegations(book.database).about(ORG, user, now=datetime.now(UTC)))


async def typed(desk: Desk, words: str = "delegate", *, user: str = "grace") -> str:
    answer = await desk.slack.act("command", user=user, channel=OPS, text=words)
    assert answer["ok"], answer
    return (await desk.slack.look("channel", channel=OPS, viewer=user))["messages"][-1]["text"]


async def told(desk: Desk, words: str, *, user: str = "grace", channel: str = OPS) -> None:
    async def so() -> bool:
        messages = (await desk.slack.look("channel", channel=channel, viewer=user))["messages"]
        return any(words in message["text"] for message in messages)

    await until(so)


def filled(taker: str = LINUS, end: int = SOON) -> JsonObject:
    return {TAKER_BLOCK: {TAKER_INPUT: taker}, UNTIL_BLOCK: {UNTIL_INPUT: end}}


async def submit(desk: Desk, values: JsonObject, *, user: str = "grace") -> JsonObject:
    view = await desk.view(user)
    assert view is not None
    assert view["callback_id"] == LEND_FORM
    return await desk.slack.act("submit_view", user=user, view_id=view["id"], values=values)


def submitted(taker: object, end: object, *, user: str = GRACE) -> JsonObject:
    """The form as Slack sends it, or as nobody's Slack would."""
    values: dict[str, Any] = {
        TAKER_BLOCK: {TAKER_INPUT: {"selected_user": taker}},
        UNTIL_BLOCK: {UNTIL_INPUT: {"selected_date_time": end}},
    }
    view: JsonObject = {"id": "V9", "type": "modal", "callback_id": LEND_FORM, "private_metadata": OPS}
    return {
        "type": "view_submission",
        "team": {"id": ORG},
        "user": {"id": user, "team_id": TEAM},
        "view": {**view, "state": {"values": values}},
    }


@pytest.mark.parametrize("user", ["grace", "ada"])
async def test_who_has_a_role_to_lend_lends_it_in_a_form_and_it_is_on_record_once(
    desk: Desk, book: Book, settings: Settings, user: str
) -> None:
    giver = {"grace": GRACE, "ada": ADA}[user]
    assert "You have lent no role" in await typed(desk, user=user)
    assert (await submit(desk, filled(), user=user))["ok"]
    assert await lent(book, giver) == [Lending(giver, LINUS, datetime.fromtimestamp(SOON, UTC))]
    await told(desk, f"<@{LINUS}> may decide in your name", user=user)
    async with AsyncExitStack() as exits:
        ledger = await open_ledger(exits, settings, load_keys(settings))
        (entry,) = await ledger.show(ORG, limit=9)
    assert (entry.kind, entry.actor) == ("role_lent", giver)


async def test_the_same_form_twice_is_on_record_once(desk: Desk, book: Book, settings: Settings) -> None:
    for _ in range(2):
        assert await desk.send(submitted(LINUS, SOON)) == {}
    async with AsyncExitStack() as exits:
        ledger = await open_ledger(exits, settings, load_keys(settings))
        assert len(await ledger.show(ORG, limit=9)) == 1
    assert len(await lent(book)) == 1


async def test_who_has_none_gets_no_form_and_nothing_is_lent_by_one(desk: Desk, book: Book) -> None:
    assert "You have lent no role" in await typed(desk, user="mallory")
    assert await desk.view("mallory") is None
    await desk.send(submitted(LINUS, SOON, user=MALLORY))
    await told(desk, "You hold no role of your own", user="mallory")
    assert await lent(book, MALLORY) == []


async def test_list_shows_what_is_lent_and_opens_nothing(desk: Desk) -> None:
    assert "You have lent no role" in await typed(desk, "delegate list")
    assert await desk.view() is None


@pytest.mark.parametrize(
    ("taker", "end", "said"),
    [
        (GRACE, SOON, "That is you."),
        (LINUS, int(datetime.now(UTC).timestamp()) - 5, "The end must lie ahead"),
        (LINUS, int((datetime.now(UTC) + LONGEST).timestamp()) + 86_400, "within 90 days"),
        (None, SOON, "could not read this form"),
        ("!channel> until 2099", SOON, "could not read this form"),
        (f"{LINUS}> until 2099-01-01 <@U1", SOON, "could not read this form"),
        (LINUS, "soon", "could not read this form"),
        (LINUS, None, "could not read this form"),
    ],
    # Not by the values: each of several processes has another time, and all must have the same tests.
    ids=["oneself", "past", "too_long", "nobody", "everybody", "more_than_one", "no_time", "no_end"],
)
async def test_a_form_that_lends_nothing_says_so_at_its_field(
    desk: Desk, book: Book, taker: object, end: object, said: str
) -> None:
    assert said in str(await desk.send(submitted(taker, end)))
    assert await lent(book) == []


async def test_it_is_reached_from_the_home_tab(desk: Desk, book: Book) -> None:
    async def tab(user: str) -> JsonObject:
        await desk.slack.act("home", user=user)
        view: JsonObject = {}

        async def there() -> bool:
            nonlocal view
            view = (await desk.slack.look("state", viewer=user))["home"] or {"blocks": []}
            return "Your settings" in str(view["blocks"])

        await until(there)
        return view

    assert LEND not in str((await tab("mallory"))["blocks"])
    view = await tab("grace")
    answer = await desk.slack.act("click", user="grace", view_id=view["id"], action_id=LEND)
    assert answer["ok"], answer
    await told(desk, "You have lent no role", channel="D0GRACE001")
    assert (await submit(desk, filled()))["ok"]
    await told(desk, f"<@{LINUS}> may decide in your name", channel="D0GRACE001")
    assert len(await lent(book)) == 1


class Away:
    """Nobody can say who holds which role."""

    async def roles_of(self, user: str) -> list[Role]:
        raise RolesUnavailable(user)

    async def address_of(self, role: Role) -> Address:
        raise RolesUnavailable(role)


class Late:
    """Answers when nobody waits any more."""

    async def answer(self, typed: Typed) -> Message:
        await asyncio.sleep(60)
        return sentence(typed.words)


async def test_while_nobody_knows_the_roles_no_form_is_opened(slack: Slack, temporal: Client) -> None:
    async with open_desk(slack, temporal, desks={"delegate": lambda _: Late()}, roles=Away()) as desk:
        assert "Slack did not say which roles you have" in await typed(desk)
        assert await desk.view() is None


async def test_a_form_whose_answer_comes_too_late_says_that_it_is_not_known(
    slack: Slack, temporal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.listeners.delegations.LEND_SECONDS", 0.2)
    async with open_desk(slack, temporal, desks={"delegate": lambda _: Late()}, roles=ROLES) as desk:
        assert "Whether it is lent I do not know" in str(await desk.send(submitted(LINUS, SOON)))

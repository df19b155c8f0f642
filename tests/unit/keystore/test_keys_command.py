"""`/gavel keys` in a workspace: a form takes the key, and a message or a command never does."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from temporalio.client import Client

from agents.orchestrator.providers.catalog import provider_names
from bot.blocks.keys import KEY_BLOCK, KEY_INPUT, MINE, OURS, OWNER_BLOCK, OWNER_INPUT, PROVIDER_BLOCK, PROVIDER_INPUT
from bot.keystore.desk import ServiceDesk
from bot.keystore.service import KeyService
from bot.keystore.store import ORG
from bot.listeners.keys import KeyDoor
from bot.roles import ListedRoles
from tests.unit.ledger.book import Book
from tests.unit.listeners.conftest import slack, temporal
from tests.unit.listeners.desk import Desk, open_desk
from tests.unit.local_slack.harness import GRACE, OPS, TEAM, Slack, until
from tests.unit.orchestrator.provider import Provider, fails, says
from tools.contracts.common import JsonObject

__all__ = ["slack", "temporal"]

TYPED = "zq-7f3e9a1c5b2d8e4f6a0b"


@pytest.fixture
async def desk(slack: Slack, temporal: Client, service: KeyService) -> AsyncGenerator[Desk]:
    roles = ListedRoles({"admin": frozenset({GRACE})})
    door = KeyDoor(ServiceDesk(service), provider_names(service.members), roles)
    async with open_desk(slack, temporal, key_door=door) as opened:
        yield opened


async def command(desk: Desk, words: str, *, user: str = "ada") -> None:
    answer = await desk.slack.act("command", user=user, channel=OPS, text=words)
    assert answer["ok"], answer


async def heard(desk: Desk, *, user: str = "ada") -> list[str]:
    """What this person alone was told in #ops."""
    messages = (await desk.slack.look("channel", channel=OPS, viewer=user))["messages"]
    assert all(message["ephemeral"] for message in messages)
    return [str(message["text"]) for message in messages]


async def hears(desk: Desk, words: str, *, user: str = "ada") -> None:
    async def said() -> bool:
        return any(words in text for text in await heard(desk, user=user))

    await until(said)


async def submit(desk: Desk, key: str, *, user: str = "ada", owner: str = MINE) -> JsonObject:
    await command(desk, "keys set compatible", user=user)
    view = await desk.view(user)
    assert view is not None
    values = {
        PROVIDER_BLOCK: {PROVIDER_INPUT: "compatible"},
        OWNER_BLOCK: {OWNER_INPUT: owner},
        KEY_BLOCK: {KEY_INPUT: key},
    }
    return await desk.slack.act("submit_view", user=user, view_id=view["id"], values=values)


async def owners(service: KeyService) -> list[str]:
    return [kept.place.owner for kept in await service.kept("T1")]


async def test_a_key_goes_from_the_form_into_the_store(
    desk: Desk, service: KeyService, provider: Provider, book: Book, tmp_path: Path
) -> None:
    provider.play("alpha", says("ok"))
    with capture_logs() as logs:
        assert (await submit(desk, f" {TYPED} "))["ok"]
        await hears(desk, "Saved: the key for")
    assert provider.calls[-1].authorization == f"Bearer {TYPED}"
    assert await owners(service) == ["user:U0ADA00001"]
    assert await desk.view("ada") is None
    assert TYPED not in str(logs) + str(await heard(desk))
    assert TYPED not in str([entry.body for entry in await book.entries("T1")])
    assert await heard(desk, user="linus") == []


async def test_a_key_its_provider_refuses_is_not_saved_and_the_person_hears_why(
    desk: Desk, service: KeyService, provider: Provider
) -> None:
    provider.play("alpha", fails(401, message=f"bad key {TYPED}"))
    assert (await submit(desk, TYPED))["ok"]
    await hears(desk, "The key was not taken, so nothing was saved")
    assert await owners(service) == []
    assert TYPED not in str(await heard(desk))


async def test_only_an_admin_sets_everybodys(desk: Desk, service: KeyService, provider: Provider) -> None:
    provider.play("alpha", says("ok"))
    refused = await submit(desk, TYPED, owner=OURS)
    assert refused["errors"] == {
        OWNER_BLOCK: "Only an admin sets a key for everybody. Nothing was saved. Choose yourself, or ask an admin."
    }
    assert provider.calls == []
    assert (await submit(desk, TYPED, user="grace", owner=OURS))["ok"]
    await hears(desk, "Saved: the key for", user="grace")
    assert await owners(service) == [ORG]
    await command(desk, "keys delete compatible org")
    await hears(desk, "Only an admin")
    assert await owners(service) == [ORG]
    await command(desk, "keys delete compatible org", user="grace")
    await hears(desk, "Deleted: the key for", user="grace")
    assert await owners(service) == []


@pytest.mark.parametrize(
    "words",
    [f"keys set compatible {TYPED}", f"keys set {TYPED}", "keys AKIAZ7Q2M4X6C8V0B1N3", f"keys set claude key {TYPED}"],
)
async def test_a_key_in_a_command_is_refused_with_advice_to_rotate_it(
    desk: Desk, service: KeyService, provider: Provider, words: str
) -> None:
    with capture_logs() as logs:
        await command(desk, words)
    [said] = await heard(desk)
    assert "*rotate it now*" in said
    assert "Nothing was saved" in said
    assert words.split()[-1] not in said + str(logs)
    assert (provider.calls, await owners(service), await desk.view("ada")) == ([], [], None)


async def test_the_list_names_ones_own_and_everybodys_and_nobody_elses(
    desk: Desk, service: KeyService, provider: Provider
) -> None:
    provider.play("alpha", says("ok"))
    await submit(desk, TYPED)
    await hears(desk, "Saved")
    await command(desk, "keys list", user="grace")
    blocks = (await desk.slack.look("channel", channel=OPS, viewer="grace"))["messages"][-1]["blocks"]
    assert "None." in str(blocks)
    await command(desk, "keys list")
    blocks = (await desk.slack.look("channel", channel=OPS, viewer="ada"))["messages"][-1]["blocks"]
    assert "OpenAI-compatible" in str(blocks)
    assert TYPED not in str(blocks)


async def test_what_is_not_understood_says_what_would_be(desk: Desk) -> None:
    await command(desk, "keys frobnicate")
    assert "Try `/gavel keys`" in (await heard(desk))[0]


async def test_a_form_that_is_not_ours_saves_nothing(desk: Desk, service: KeyService) -> None:
    view: JsonObject = {"type": "modal", "callback_id": "gavel.keys", "state": {"values": {}}, "private_metadata": ""}
    hostile: list[JsonObject] = [{}, {KEY_BLOCK: {KEY_INPUT: {"value": TYPED}}}, {KEY_BLOCK: []}]
    for values in hostile:
        view["state"]["values"] = values
        who = {"id": "U1", "team_id": TEAM}
        answer = await desk.send({"type": "view_submission", "team": {"id": "T1"}, "user": who, "view": view})
        assert list(answer["errors"]) == [KEY_BLOCK]
    assert await owners(service) == []

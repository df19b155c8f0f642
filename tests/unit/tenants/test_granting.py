"""What becomes of a token that Slack gave for a code: kept, revoked, or left alone where revoking could do harm."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bot.keystore.ring import RingSource
from bot.settings_slack import SlackSettings
from bot.tenants.client import app_client
from bot.tenants.granting import Granting, NotGranted
from bot.tenants.store import SqlInstallations
from tests.unit.ledger.book import Book
from tests.unit.tenants.distributed import CLIENT_ID, CLIENT_SECRET, REDIRECT
from tests.unit.tenants.test_store import installation
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerUnavailable

ACME, OTHER = "T0ACME", "T0OTHER"
NEW = "xoxb-given-for-the-code"


@dataclass
class OddSlack:
    """A server that answers as it is told to, as Slack can and the local workspace never does."""

    told: dict[str, JsonObject] = field(
        default_factory=lambda: {
            "oauth.v2.access": {
                "ok": True,
                "token_type": "bot",
                "access_token": NEW,
                "scope": "chat:write",
                "bot_user_id": "U1",
                "app_id": "A1",
                "team": {"id": ACME, "name": "Acme"},
                "enterprise": None,
                "authed_user": {"id": "U9"},
                "is_enterprise_install": False,
            },
            "auth.test": {"ok": True, "team_id": ACME, "bot_id": "B1", "user_id": "U1"},
            "auth.revoke": {"ok": True, "revoked": True},
        }
    )
    silent: bool = False
    """`auth.test` gets no answer."""
    revoked: list[str] = field(default_factory=list[str])

    async def answer(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        if method == "auth.test" and self.silent and request.transport is not None:
            request.transport.close()
        if method == "auth.revoke":
            self.revoked.append(request.headers["Authorization"].removeprefix("Bearer "))
        return web.json_response(self.told[method])


@dataclass
class Door:
    odd: OddSlack
    base: str
    store: SqlInstallations
    book: Book

    async def comes(self, *teams: str) -> None:
        """A browser brings a code. `teams`: those that may install, if not all."""
        slack = SlackSettings.model_construct(
            mode="http",
            client_id=CLIENT_ID,
            client_secret=SecretStr(CLIENT_SECRET),
            redirect_url=REDIRECT,
            install_teams=[*teams],
        )
        await Granting(slack, app_client(self.base), self.store, self.book.ledger).install("1.code")

    async def token(self, org: str = ACME) -> str | None:
        """The one that is kept."""
        kept = await self.store.kept(org)
        return kept.bot.bot_token if kept is not None else None


@pytest.fixture
async def door(book: Book, ring: RingSource) -> AsyncGenerator[Door]:
    odd = OddSlack()
    app = web.Application()
    app.add_routes([web.post("/api/{method}", odd.answer)])
    server = TestServer(app)
    await server.start_server()
    store = SqlInstallations(book.database, ring, now=lambda: datetime.now(UTC))
    yield Door(odd, str(server.make_url("/api/")), store, book)
    await server.close()


async def test_what_is_right_is_kept_and_not_revoked(door: Door) -> None:
    await door.comes(ACME)
    assert await door.token() == NEW
    assert door.odd.revoked == []
    (entry,) = await door.book.ledger.show(ACME)
    assert (entry.kind, entry.actor) == ("workspace_installed", "U9")


@pytest.mark.parametrize(
    "wrong",
    [{"token_type": "user"}, {"team": {"id": "acme"}}, {"team": None}, {"is_enterprise_install": True}],
    ids=["of_a_person", "no_id", "no_team", "no_enterprise"],
)
async def test_an_answer_that_is_of_no_workspaces_bot_installs_nothing(door: Door, wrong: JsonObject) -> None:
    door.odd.told["oauth.v2.access"] |= wrong
    with pytest.raises(NotGranted, match="names no workspace and no bot of one"):
        await door.comes()
    assert await door.store.all() == []
    assert door.odd.revoked == []


async def test_a_token_of_another_workspace_than_the_answers_installs_nothing(door: Door) -> None:
    door.odd.told["auth.test"]["team_id"] = OTHER
    with pytest.raises(NotGranted, match="names one workspace, and its token another"):
        await door.comes()
    assert await door.store.all() == []
    assert door.odd.revoked == [NEW]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({"team_id": "E0ACME", "enterprise_id": "E0ACME"}, True),
        ({"team_id": ACME, "enterprise_id": "E0ACME"}, True),
        ({"team_id": "E0OTHER", "enterprise_id": "E0OTHER"}, False),
        ({"team_id": ACME}, False),
    ],
)
async def test_a_token_for_an_enterprise_is_one_of_it(door: Door, told: JsonObject, *, kept: bool) -> None:
    wide = {"team": None, "enterprise": {"id": "E0ACME", "name": "Acme"}, "is_enterprise_install": True}
    door.odd.told["oauth.v2.access"] |= wide
    door.odd.told["auth.test"] |= told
    if not kept:
        with pytest.raises(NotGranted, match="names one workspace, and its token another"):
            await door.comes()
    else:
        await door.comes()
    assert [one.org for one in await door.store.all()] == (["E0ACME"] if kept else [])


@pytest.mark.parametrize("there", [ACME, OTHER])
async def test_a_token_of_another_is_left_alone_where_either_has_the_app(door: Door, there: str) -> None:
    await door.store.async_save(installation(there))
    door.odd.told["auth.test"]["team_id"] = OTHER
    with pytest.raises(NotGranted):
        await door.comes()
    assert door.odd.revoked == []


async def test_a_stranger_is_turned_away_and_its_token_revoked(door: Door) -> None:
    await door.store.async_save(installation(OTHER))
    with pytest.raises(NotGranted, match="not for that workspace"):
        await door.comes(OTHER)
    assert await door.token() is None
    assert door.odd.revoked == [NEW]


async def test_who_is_turned_away_but_has_the_app_keeps_it(door: Door) -> None:
    """Without rotation Slack gives the same token again: revoking it would remove the app there."""
    await door.store.async_save(installation(bot_token=NEW))
    with pytest.raises(NotGranted, match="not for that workspace"):
        await door.comes(OTHER)
    assert door.odd.revoked == []


@pytest.mark.parametrize("error", ["ratelimited", "internal_error", ""])
async def test_where_slack_does_not_say_whose_token_it_is_nothing_is_revoked(door: Door, error: str) -> None:
    door.odd.told["auth.test"] = {"ok": False, "error": error}
    door.odd.silent = not error
    with pytest.raises(NotGranted, match=error or "could not be reached"):
        await door.comes()
    assert await door.store.all() == []
    assert door.odd.revoked == []


async def test_where_it_cannot_be_read_who_is_installed_nothing_is_revoked(door: Door) -> None:
    await door.book.sql("ALTER TABLE slack_installations RENAME TO elsewhere")
    with pytest.raises(NotGranted):
        await door.comes(OTHER)
    with pytest.raises(LedgerUnavailable):
        await door.comes()
    assert door.odd.revoked == []


async def no_writing(book: Book, table: str) -> None:
    """The database refuses a new row there."""
    if book.url.startswith("sqlite"):
        refuse = "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        await book.sql(f"CREATE TRIGGER refuse BEFORE INSERT ON {table} {refuse}")
    else:
        await book.sql(f"ALTER TABLE {table} ADD CONSTRAINT refuse CHECK (org = '') NOT VALID")


@pytest.mark.parametrize("table", ["ledger_entries", "slack_installations"])
async def test_a_token_that_could_not_be_kept_is_revoked(door: Door, table: str) -> None:
    await no_writing(door.book, table)
    with pytest.raises(LedgerUnavailable):
        await door.comes()
    assert await door.token() is None
    assert door.odd.revoked == [NEW]


@pytest.mark.parametrize("table", ["ledger_entries", "slack_installations"])
async def test_a_token_that_could_not_be_kept_anew_is_left_alone(door: Door, table: str) -> None:
    await door.store.async_save(installation())
    before = await door.token()
    await no_writing(door.book, table)
    with pytest.raises(LedgerUnavailable):
        await door.comes()
    assert await door.token() == before
    assert door.odd.revoked == []

"""Installations in SQL: sealed, one for each tenant, and found by it alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_sdk.oauth.installation_store import Installation

from bot.keystore.ring import RingSource
from bot.keystore.sealing import KeyUnreadable, MasterKey
from bot.keystore.store import KeyStore
from bot.tenants.store import SqlInstallations
from bot.tenants.tenant import NoTenant
from tests.unit.ledger.book import Book
from tools.contracts.ledger import LedgerUnavailable

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TOKEN, REFRESH = "xoxe.xoxb-1-secret-of-acme", "xoxe-1-refresh-of-acme"


def installation(team: str | None = "T0ACME", **changed: Any) -> Installation:
    values: dict[str, Any] = {
        "app_id": "A1",
        "team_id": team,
        "team_name": "Acme",
        "bot_token": TOKEN,
        "bot_id": "B1",
        "bot_user_id": "U1",
        "bot_scopes": "chat:write,commands",
        "bot_refresh_token": REFRESH,
        "bot_token_expires_at": int((NOW + timedelta(hours=12)).timestamp()),
        "user_id": "U9",
        "user_token": "xoxp-of-a-person",
        "installed_at": NOW.timestamp(),
    }
    return Installation(**{**values, **changed})


@pytest.fixture
def store(book: Book, ring: RingSource) -> SqlInstallations:
    return SqlInstallations(book.database, ring, now=lambda: NOW)


async def test_what_was_saved_is_found_by_its_tenant_only(store: SqlInstallations) -> None:
    await store.async_save(installation())
    bot = await store.async_find_bot(enterprise_id=None, team_id="T0ACME")
    assert bot is not None
    assert (bot.bot_token, bot.bot_refresh_token, bot.bot_user_id, bot.team_id) == (TOKEN, REFRESH, "U1", "T0ACME")
    assert list(bot.bot_scopes) == ["chat:write", "commands"]
    assert await store.async_find_bot(enterprise_id=None, team_id="T0OTHER") is None
    assert await store.async_find_bot(enterprise_id="E1", team_id="T0ACME", is_enterprise_install=True) is None
    with pytest.raises(NoTenant):
        await store.async_find_bot(enterprise_id="E1", team_id=None)


async def test_an_install_for_a_whole_enterprise_is_the_enterprises(store: SqlInstallations) -> None:
    await store.async_save(
        installation(None, enterprise_id="E1", enterprise_name="Acme Group", is_enterprise_install=True)
    )
    bot = await store.async_find_bot(enterprise_id="E1", team_id="T0ANY", is_enterprise_install=True)
    assert bot is not None
    assert (bot.is_enterprise_install, bot.enterprise_name, bot.team_id) == (True, "Acme Group", None)
    assert await store.async_find_bot(enterprise_id="E1", team_id="T0ANY") is None
    await store.async_delete_all(enterprise_id="E1", team_id=None)
    assert await store.all() == []


async def test_no_token_is_legible_in_sql_and_no_persons_token_is_there_at_all(
    store: SqlInstallations, book: Book
) -> None:
    await store.async_save(installation())
    (row,) = await book.sql("SELECT * FROM slack_installations")
    kept = " ".join(map(str, row))
    assert not [secret for secret in (TOKEN, REFRESH, "xoxp") if secret in kept]
    assert not [secret for secret in (TOKEN, REFRESH) if secret in repr(await store.all())]
    person = await store.async_find_installation(enterprise_id=None, team_id="T0ACME", user_id="U9")
    found = await store.async_find_installation(enterprise_id=None, team_id="T0ACME")
    assert person is None
    assert found is not None
    assert (found.bot_token, found.user_token) == (TOKEN, None)


async def test_a_row_moved_to_another_tenant_does_not_open(store: SqlInstallations, book: Book) -> None:
    await store.async_save(installation())
    await book.sql("UPDATE slack_installations SET org = 'T0EVIL'")
    with pytest.raises(KeyUnreadable):
        await store.kept("T0EVIL")
    (told,) = await store.all()
    assert (told.org, told.readable) == ("T0EVIL", False)


async def test_a_rotation_of_master_keys_takes_the_tokens_along(
    store: SqlInstallations, book: Book, ring: RingSource
) -> None:
    await store.async_save(installation())
    done = await KeyStore(book.database, ring, now=lambda: NOW).rotate()
    assert (done.sealed_anew, done.unreadable) == (1, [])
    kept = await SqlInstallations(book.database, ring, now=lambda: NOW).kept("T0ACME")
    assert kept is not None
    assert kept.bot.bot_token == TOKEN
    (row,) = await book.sql("SELECT master_id FROM slack_installations")
    assert row.master_id == ring.read().current.id != ring.derived.id


async def test_tokens_under_a_master_key_that_is_gone_keep_the_older_ones(store: SqlInstallations, book: Book) -> None:
    await store.async_save(installation())
    other = RingSource((MasterKey(b"o" * 32),), None, MasterKey(b"p" * 32))
    done = await KeyStore(book.database, other, now=lambda: NOW).rotate()
    assert [(place.org, place.owner) for place in done.unreadable] == [("T0ACME", "slack")]


async def test_installing_again_takes_the_place_of_what_was(store: SqlInstallations) -> None:
    await store.async_save(installation())
    await store.async_save(installation(bot_token="xoxb-anew", user_id="U8"))
    kept = await store.kept("T0ACME")
    assert kept is not None
    assert (kept.bot.bot_token, kept.version) == ("xoxb-anew", 2)
    assert [one.installed_by for one in await store.all()] == ["U8"]


async def test_a_removal_told_late_leaves_an_installation_that_came_after_it(store: SqlInstallations) -> None:
    await store.async_save(installation())
    assert not await store.remove("T0ACME", before=NOW - timedelta(seconds=1))
    assert await store.remove("T0ACME", before=NOW)
    assert not await store.remove("T0ACME")


async def test_what_is_refreshed_of_an_installation_that_is_gone_changes_nothing_of_the_next(
    store: SqlInstallations,
) -> None:
    await store.async_save(installation())
    gone = await store.kept("T0ACME")
    assert gone is not None
    assert await store.claim(gone, who="slow")
    assert await store.remove("T0ACME")
    await store.async_save(installation(bot_token="xoxb-anew", installed_at=(NOW + timedelta(seconds=1)).timestamp()))
    anew = await store.kept("T0ACME")
    assert anew is not None
    assert anew.version == gone.version, "the version alone does not tell the two from one another"
    assert not await store.claim(gone, who="slow")
    assert await store.claim(anew, who="slow")
    await store.not_refreshed(gone, "It was refused.", who="slow")
    assert [one.trouble for one in await store.all()] == [""]
    assert not await store.claim(anew, who="another"), "the lease is held"
    await store.refreshed(gone, gone.bot)
    kept = await store.kept("T0ACME")
    assert kept is not None
    assert (kept.bot.bot_token, kept.version) == ("xoxb-anew", 1)


async def test_a_database_that_is_away_is_told_and_not_taken_for_no_installation(
    store: SqlInstallations, book: Book
) -> None:
    await book.sql("DROP TABLE slack_installations")
    with pytest.raises(LedgerUnavailable):
        await store.kept("T0ACME")

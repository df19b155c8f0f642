"""`/gavel delegate` in a workspace: lent until a date, on record, seen, taken back; and what standing comes of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient
from temporalio.client import Client

from bot.delegations.desk import NotLent, until_of
from bot.delegations.lending import Lending
from bot.delegations.standing import standing_of
from bot.delegations.store import Delegations
from bot.keys import load_keys
from bot.late import LateDelegation
from bot.opening import open_ledger
from bot.roles import ListedRoles
from bot.settings import DatabaseSettings, Settings
from bot.workflows.messages import Standing
from tests.unit.ledger.book import Book
from tests.unit.listeners.conftest import slack, temporal
from tests.unit.listeners.desk import Desk, open_desk
from tests.unit.local_slack.harness import GRACE, OPS, Slack
from tools.contracts.ledger import LedgerUnavailable

__all__ = ["slack", "temporal"]

ORG, LINUS, MALLORY = "T1", "U0LINUS001", "U0MALLORY1"
ROLES = ListedRoles({"approver": frozenset({GRACE}), "viewer": frozenset({MALLORY})})
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def settings(book: Book, tmp_path: Path) -> Settings:
    database = DatabaseSettings.model_validate({"url": book.url})
    embedded = Settings.embedded(data_dir=tmp_path)
    return embedded.model_copy(update={"database": database, "secret_key": SecretStr("ab" * 32)})


@pytest.fixture
async def desk(slack: Slack, temporal: Client, settings: Settings) -> AsyncGenerator[Desk]:
    def delegate(_client: AsyncWebClient) -> LateDelegation:
        return LateDelegation(settings, load_keys(settings), ROLES)

    async with open_desk(slack, temporal, desks={"delegate": delegate}) as opened:
        yield opened


async def told(desk: Desk, words: str = "", *, user: str = "grace") -> str:
    answer = await desk.slack.act("command", user=user, channel=OPS, text=f"delegate {words}".strip())
    assert answer["ok"], answer
    messages = (await desk.slack.look("channel", channel=OPS, viewer=user))["messages"]
    assert messages[-1]["ephemeral"]
    return str(messages[-1]["blocks"])


async def standing(book: Book, user: str, *, at: datetime | None = None) -> Standing:
    now = at or datetime.now(UTC)
    return await standing_of(user, org=ORG, roles=ROLES, delegations=Delegations(book.database), now=now)


async def test_an_approver_lends_their_role_it_is_on_record_seen_by_both_and_taken_back(
    desk: Desk, book: Book, settings: Settings
) -> None:
    said = await told(desk, f"<@{LINUS}> for 3d")
    assert f"<@{LINUS}> may decide in your name, as *approver*, until <!date^" in said
    assert f"to <@{LINUS}> until" in await told(desk)
    assert f"from <@{GRACE}> until" in await told(desk, user="linus")
    lent = await standing(book, LINUS)
    assert (lent.roles, [(each.giver, each.roles) for each in lent.lent]) == ([], [(GRACE, ["approver"])])
    assert (await standing(book, LINUS, at=datetime.now(UTC) + timedelta(days=4))).lent == []
    assert (await standing(book, GRACE)).lent == []

    assert "may not decide in your name any more" in await told(desk, f"revoke <@{LINUS}>")
    assert (await standing(book, LINUS)).lent == []
    async with AsyncExitStack() as exits:
        ledger = await open_ledger(exits, settings, load_keys(settings))
        entries = await ledger.show(ORG, task_id=f"{ORG}.delegations")
        assert [(entry.kind, entry.actor) for entry in entries] == [("role_lent", GRACE), ("role_taken_back", GRACE)]


@pytest.mark.parametrize(
    ("user", "words", "why"),
    [
        ("mallory", f"<@{LINUS}> for 3d", "no role of your own"),
        ("grace", f"<@{GRACE}> for 3d", "That is you"),
        ("grace", f"<@{LINUS}> for 91d", "90 days at most"),
        ("grace", f"<@{LINUS}> until 2020-01-01", "a time to come"),
        ("grace", f"<@{LINUS}> until tomorrow", "until when"),
        ("grace", f"<@{LINUS}> until 9999-12-31", "no such time in the calendar"),
        ("grace", f"<@{LINUS}>", "did not understand"),
        ("grace", "linus for 3d", "did not understand"),
        ("grace", "<!channel> for 3d", "did not understand"),
    ],
)
async def test_what_cannot_be_lent_is_said_and_nothing_is_changed(
    desk: Desk, book: Book, user: str, words: str, why: str
) -> None:
    said = await told(desk, words, user=user)
    assert why in said
    assert "othing was changed" in said
    assert await Delegations(book.database).to(ORG, LINUS, now=datetime.now(UTC)) == []


async def test_there_is_no_chain_and_what_the_giver_has_lost_is_not_lent(book: Book) -> None:
    delegations, soon = Delegations(book.database), datetime.now(UTC) + timedelta(days=1)
    for giver, taker in ((GRACE, LINUS), (LINUS, MALLORY)):
        await delegations.lend(ORG, Lending(giver, taker, soon), now=datetime.now(UTC))
    by_linus = await standing(book, MALLORY)
    assert [(each.giver, each.roles) for each in by_linus.lent] == [(LINUS, [])]
    nobody = ListedRoles({"approver": frozenset()})
    lost = await standing_of(LINUS, org=ORG, roles=nobody, delegations=delegations, now=datetime.now(UTC))
    assert [each.roles for each in lost.lent] == [[]]


async def test_lent_again_to_the_same_person_the_last_word_counts(book: Book) -> None:
    delegations, now = Delegations(book.database), datetime.now(UTC)
    for days in (3, 1):
        await delegations.lend(ORG, Lending(GRACE, LINUS, now + timedelta(days=days)), now=now)
    assert [each.until for each in await delegations.about(ORG, GRACE, now=now)] == [now + timedelta(days=1)]
    assert (await standing(book, LINUS, at=now + timedelta(days=2))).lent == []
    await delegations.revoke(ORG, giver=GRACE, taker=LINUS)
    assert await delegations.about(ORG, GRACE, now=now) == []


async def test_another_orgs_delegation_is_worth_nothing_here(book: Book) -> None:
    soon = datetime.now(UTC) + timedelta(days=1)
    await Delegations(book.database).lend("T2", Lending(GRACE, LINUS, soon), now=datetime.now(UTC))
    assert (await standing(book, LINUS)).lent == []


async def test_a_database_that_is_away_lends_nothing_and_says_so(book: Book) -> None:
    await book.sql("DROP TABLE delegations")
    with pytest.raises(LedgerUnavailable):
        await standing(book, LINUS)


def test_until_when() -> None:
    assert until_of("for", "8h", now=NOW) == NOW + timedelta(hours=8)
    assert until_of("until", "2026-03-02", now=NOW) == datetime(2026, 3, 3, tzinfo=UTC)
    for outside in ("9999-12-31", "9999-12-31T23:59-01:00", "0001-01-01T00:00+01:00"):
        with pytest.raises(NotLent, match="no such time in the calendar"):
            until_of("until", outside, now=NOW)
    assert until_of("until", "2026-03-02T18:00+01:00", now=NOW) == datetime(2026, 3, 2, 17, tzinfo=UTC)
    for word, when in (("for", "3w"), ("until", "3d"), ("until", "2026-13-01"), ("for", "2026-03-02"), ("for", "-1d")):
        with pytest.raises(NotLent):
            until_of(word, when, now=NOW)

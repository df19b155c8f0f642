"""A freeze from the form to the policies: who may declare and thaw one, what it holds, and what cannot undo it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from temporalio.client import Client

from bot.blocks.freeze import (
    END_BLOCK,
    END_INPUT,
    ENVIRONMENT_BLOCK,
    ENVIRONMENT_INPUT,
    FREEZE_FORM,
    NOT_IN_ROLE,
    REASON_BLOCK,
    REASON_INPUT,
    THAW_PREFIX,
    Frozen,
)
from bot.desks import NotDone
from bot.freeze_desk import LedgerFreezes
from bot.keys import load_keys
from bot.late_surfaces import LateFreezes
from bot.ledger.ledger import Ledger
from bot.listeners.freezes import FreezeDesk, FreezeDoor
from bot.local.slack.seed import TEAM_ID, Channel
from bot.opening import open_ledger
from bot.roles import Address, ListedRoles, RolesUnavailable
from bot.settings import DatabaseSettings, Settings
from policies.build import open_engine
from policies.pipeline import build_pipeline
from tests.unit.ledger.book import Book
from tests.unit.listeners.desk import Desk, open_desk
from tests.unit.local_slack.harness import OPS, Slack, until
from tests.unit.policies.plans import CATALOG, NoHistory, make_context, make_estate, make_plan
from tests.unit.tasks.history import ADA, GRACE, MALLORY, TEAM
from tools.contracts.common import JsonObject
from tools.contracts.identity import Role
from tools.contracts.ledger import LedgerUnavailable

NOW = datetime.now(UTC).replace(microsecond=0)
ROLES = ListedRoles(
    {"operator": frozenset({ADA}), "approver": frozenset({GRACE, "U0LINUS001"}), "viewer": frozenset({MALLORY})}
)


@pytest.fixture
def settings(book: Book, tmp_path: Path) -> Settings:
    return Settings.embedded(data_dir=tmp_path).model_copy(
        update={"database": DatabaseSettings.model_validate({"url": book.url}), "secret_key": SecretStr("ab" * 32)}
    )


@pytest.fixture
async def desk(slack: Slack, temporal: Client, settings: Settings) -> AsyncGenerator[Desk]:
    door = FreezeDoor(LateFreezes(settings, load_keys(settings)), ROLES)
    async with open_desk(slack, temporal, roles=ROLES, freeze_door=door) as opened:
        yield opened


@pytest.fixture
async def ledger(settings: Settings) -> AsyncGenerator[Ledger]:
    async with AsyncExitStack() as exits:
        yield await open_ledger(exits, settings, load_keys(settings))


async def typed(desk: Desk, words: str = "freeze", *, user: str = "grace") -> JsonObject:
    answer = await desk.slack.act("command", user=user, channel=OPS, text=words)
    assert answer["ok"], answer
    return (await desk.slack.look("channel", channel=OPS, viewer=user))["messages"][-1]


def filled(*, environment: str = "production", reason: str = "year end", end: int | None = None) -> JsonObject:
    until_then = end if end is not None else int((NOW + timedelta(hours=2)).timestamp())
    return {
        ENVIRONMENT_BLOCK: {ENVIRONMENT_INPUT: environment},
        REASON_BLOCK: {REASON_INPUT: reason},
        END_BLOCK: {END_INPUT: until_then},
    }


async def submit(desk: Desk, values: JsonObject, *, user: str = "grace") -> JsonObject:
    await typed(desk, user=user)
    view = await desk.view(user)
    assert view is not None
    return await desk.slack.act("submit_view", user=user, view_id=view["id"], values=values)


async def test_an_approver_freezes_it_stands_on_record_and_another_thaws_it(desk: Desk, ledger: Ledger) -> None:
    assert (await submit(desk, filled(reason="year end <!channel>")))["ok"]
    (freeze,) = await ledger.declared_freezes(TEAM, now=NOW)
    assert (freeze.environment, freeze.by, freeze.reason) == ("production", GRACE, "year end <!channel>")
    (entry,) = await ledger.show(TEAM, limit=10)
    assert (entry.kind, entry.actor) == ("change_frozen", GRACE)

    async def told() -> bool:
        return "Recorded: *production* until" in str(await desk.slack.look("channel", channel=OPS, viewer="grace"))

    await until(told)
    listed = await typed(desk, "freeze list", user="linus")
    assert "1 freeze stands." in listed["text"]
    assert "<!channel>" not in str(listed["blocks"])
    (button,) = [block["elements"][0] for block in listed["blocks"] if block["type"] == "actions"]
    assert button["confirm"]["title"]["text"] == "Thaw it?"
    await desk.slack.act("click", user="linus", channel=OPS, message_ts=listed["ts"], action_id=f"{THAW_PREFIX}0")

    async def thawed() -> bool:
        return await ledger.declared_freezes(TEAM, now=NOW) == []

    await until(thawed)
    assert [(each.kind, each.actor) for each in await ledger.show(TEAM, limit=10)][1] == ("change_thawed", "U0LINUS001")
    assert "Nothing is frozen." in (await typed(desk, "freeze list"))["text"]
    await desk.slack.act("click", user="linus", channel=OPS, message_ts=listed["ts"], action_id=f"{THAW_PREFIX}0")

    async def refused() -> bool:
        return "stands no more" in str(await desk.slack.look("channel", channel=OPS, viewer="linus"))

    await until(refused)
    assert len(await ledger.show(TEAM, limit=10)) == 2


@pytest.mark.parametrize("user", ["ada", "mallory"])
async def test_who_may_not_approve_sees_what_stands_and_freezes_nothing(desk: Desk, ledger: Ledger, user: str) -> None:
    assert (await submit(desk, filled()))["ok"]
    listed = await typed(desk, user=user)
    assert listed["text"] == f"{NOT_IN_ROLE} 1 freeze stands."
    assert [block for block in listed["blocks"] if block["type"] == "actions"] == []
    assert await desk.view(user) is None
    await desk.send(_thaw((await ledger.declared_freezes(TEAM, now=NOW))[0].id, user=ADA))

    async def told() -> bool:
        return "you hold none of them" in str(await desk.slack.look("channel", channel=OPS, viewer="ada"))

    await until(told)
    assert len(await ledger.declared_freezes(TEAM, now=NOW)) == 1


def _thaw(name: str, *, user: str, channel: str = OPS) -> JsonObject:
    return {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": user, "team_id": TEAM_ID},
        "channel": {"id": channel},
        "container": {},
        "actions": [{"action_id": f"{THAW_PREFIX}0", "block_id": "x", "value": name, "type": "button"}],
    }


def _submitted(*, user: str) -> JsonObject:
    """The form as Slack sends it."""
    values: dict[str, Any] = {
        ENVIRONMENT_BLOCK: {ENVIRONMENT_INPUT: {"selected_option": {"value": "production"}}},
        REASON_BLOCK: {REASON_INPUT: {"value": "x"}},
        END_BLOCK: {END_INPUT: {"selected_date_time": int((NOW + timedelta(hours=1)).timestamp())}},
    }
    blocks = [{"type": "input", "block_id": ENVIRONMENT_BLOCK}]
    view: JsonObject = {"id": "V9", "type": "modal", "callback_id": FREEZE_FORM, "private_metadata": OPS}
    return {
        "type": "view_submission",
        "team": {"id": TEAM},
        "user": {"id": user, "team_id": TEAM_ID},
        "view": {**view, "blocks": blocks, "state": {"values": values}},
    }


async def test_a_role_lost_while_the_form_was_open_freezes_nothing(desk: Desk, ledger: Ledger) -> None:
    assert "you hold none of them" in str(await desk.send(_submitted(user=ADA)))
    assert await ledger.declared_freezes(TEAM, now=NOW) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (filled(end=int((NOW - timedelta(minutes=1)).timestamp())), "The end must lie ahead"),
        (filled(end=int((NOW + timedelta(days=91)).timestamp())), "within 90 days"),
        (filled(reason="   "), "Say why"),
    ],
)
async def test_a_form_that_makes_no_freeze_says_so_at_its_field(
    desk: Desk, ledger: Ledger, values: JsonObject, said: str
) -> None:
    assert said in str((await submit(desk, values))["errors"])
    assert await ledger.declared_freezes(TEAM, now=NOW) == []


async def test_the_same_form_twice_freezes_once(ledger: Ledger, settings: Settings) -> None:
    desk = LedgerFreezes(settings, load_keys(settings), lambda: NOW)
    for _ in range(2):
        await desk.declare(org=TEAM, user=GRACE, name="V1", environment="*", reason="x", end=NOW + timedelta(hours=1))
    assert len(await ledger.declared_freezes(TEAM, now=NOW)) == 1
    assert await ledger.declared_freezes("T2", now=NOW) == []
    assert await ledger.declared_freezes(TEAM, now=NOW + timedelta(hours=1)) == []


async def test_a_name_that_has_another_freeze_or_one_that_was_thawed_is_not_said_to_be_frozen(
    ledger: Ledger, settings: Settings
) -> None:
    desk, end = LedgerFreezes(settings, load_keys(settings), lambda: NOW), NOW + timedelta(hours=1)
    await desk.declare(org=TEAM, user=GRACE, name="V1", environment="staging", reason="first", end=end)
    for environment, until_then in (("production", end), ("staging", end + timedelta(hours=1))):
        with pytest.raises(NotDone, match="another freeze is on record"):
            await desk.declare(
                org=TEAM, user=GRACE, name="V1", environment=environment, reason="second", end=until_then
            )
    again = await desk.declare(org=TEAM, user=GRACE, name="V1", environment="staging", reason="second", end=end)
    assert again.reason == "first"
    assert await desk.thaw(org=TEAM, user=GRACE, name="V1")
    with pytest.raises(NotDone, match="stands no more"):
        await desk.declare(org=TEAM, user=GRACE, name="V1", environment="staging", reason="first", end=end)


@dataclass(frozen=True)
class Slow:
    """Writes, and answers too late the first time."""

    inner: FreezeDesk
    late: list[str]

    async def standing(self, org: str) -> Sequence[Frozen]:
        return await self.inner.standing(org)

    async def declare(self, *, org: str, user: str, name: str, environment: str, reason: str, end: datetime) -> Frozen:
        frozen = await self.inner.declare(
            org=org, user=user, name=name, environment=environment, reason=reason, end=end
        )
        if "declare" in self.late:
            self.late.remove("declare")
            await asyncio.sleep(60)
        return frozen

    async def thaw(self, *, org: str, user: str, name: str) -> bool:
        thawed = await self.inner.thaw(org=org, user=user, name=name)
        if "thaw" in self.late:
            await asyncio.sleep(60)
        return thawed


async def test_a_form_whose_answer_came_too_late_says_so_and_freezes_what_the_next_one_asks(
    slack: Slack, temporal: Client, settings: Settings, ledger: Ledger
) -> None:
    slow = Slow(LateFreezes(settings, load_keys(settings)), ["declare"])
    async with open_desk(slack, temporal, roles=ROLES, freeze_door=FreezeDoor(slow, ROLES)) as desk:
        await typed(desk)
        view = await desk.view()
        assert view is not None
        sent = await desk.slack.act(
            "submit_view", user="grace", view_id=view["id"], values=filled(environment="staging")
        )
        assert "it may or may not be" in str(sent["errors"])
        assert (await desk.slack.act("submit_view", user="grace", view_id=view["id"], values=filled()))["ok"]
        assert {each.environment for each in await ledger.declared_freezes(TEAM, now=NOW)} == {"staging", "production"}

        async def told() -> bool:
            return "Recorded: *production* until" in str(await desk.slack.look("channel", channel=OPS, viewer="grace"))

        await until(told)


async def test_who_thaws_where_the_bot_is_no_member_or_gets_no_answer_is_told_directly(
    slack: Slack, temporal: Client, settings: Settings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.listeners.freezes.THAW_SECONDS", 1.0)
    slack.workspace.channels["C0APART001"] = Channel("C0APART001", "apart", members=[GRACE])
    slow = Slow(LateFreezes(settings, load_keys(settings)), [])
    end = NOW + timedelta(hours=1)
    async with open_desk(slack, temporal, roles=ROLES, freeze_door=FreezeDoor(slow, ROLES)) as desk:
        for name, late, words in (("V1", [], "it is thawed"), ("V2", ["thaw"], "may or may not be")):
            slow.late[:] = late
            await slow.inner.declare(org=TEAM, user=GRACE, name=name, environment="staging", reason="x", end=end)
            await desk.send(_thaw(name, user=GRACE, channel="C0APART001"))

            async def told(words: str = words) -> bool:
                return words in str(await desk.slack.look("channel", channel="D0GRACE001", viewer="grace"))

            await until(told)
        assert await ledger.declared_freezes(TEAM, now=NOW) == []


class Away:
    """Nobody can say who holds which role."""

    async def roles_of(self, user: str) -> list[Role]:
        raise RolesUnavailable(user)

    async def address_of(self, role: Role) -> Address:
        raise RolesUnavailable(role)


async def test_while_nobody_can_say_who_holds_which_role_nothing_is_frozen_or_thawed(
    slack: Slack, temporal: Client, settings: Settings, ledger: Ledger
) -> None:
    freezes = LateFreezes(settings, load_keys(settings))
    end = NOW + timedelta(hours=1)
    async with open_desk(slack, temporal, roles=ROLES, freeze_door=FreezeDoor(freezes, Away())) as desk:
        await freezes.declare(org=TEAM, user=GRACE, name="V1", environment="staging", reason="x", end=end)
        assert "did not say which roles you have" in str(await desk.send(_submitted(user=GRACE)))
        await desk.send(_thaw("V1", user=GRACE))

        async def told() -> bool:
            return "so nothing was thawed" in str(await desk.slack.look("channel", channel=OPS, viewer="grace"))

        await until(told)
        assert [each.environment for each in await ledger.declared_freezes(TEAM, now=NOW)] == ["staging"]


async def frozen_book(book: Book, plan_org: str) -> None:
    body: JsonObject = {
        "freeze": "V1",
        "environment": "production",
        "reason": "year end",
        "start": "2026-01-01T00:00:00+00:00",
        "end": "2099-01-01T00:00:00+00:00",
    }
    await book.ledger.record("change_frozen", body, org=plan_org, task_id="f", actor=GRACE, key="frozen")


async def test_the_gate_refuses_what_lies_inside_a_freeze_and_lets_it_through_once_thawed(book: Book) -> None:
    plan, engine = make_plan(30), await open_engine(None)
    await frozen_book(book, plan.org)

    class History(NoHistory):
        async def freezes(self, org: str, *, now: datetime) -> list[JsonObject]:
            return await book.ledger.freezes(org, now=datetime.now(UTC))

    pipeline = build_pipeline(engine, estate=make_estate(), catalog=CATALOG, history=History())
    report = await pipeline.judge(plan.model_dump(mode="json"), make_context())
    assert [refusal.rule for refusal in report.refusals] == ["plan.window_frozen"]
    assert "year end (until 2099-01-01 00:00 UTC)" in report.refusals[0].reason
    await book.ledger.record("change_thawed", {"freeze": "V1"}, org=plan.org, task_id="f", actor=GRACE, key="thawed")
    assert (await pipeline.judge(plan.model_dump(mode="json"), make_context())).allowed


async def test_a_freeze_that_was_edited_or_cannot_be_read_stops_everything(book: Book) -> None:
    await frozen_book(book, TEAM)
    (entry,) = await book.entries(TEAM)
    edited = json.dumps({**json.loads(entry.body), "end": "2000-01-01T00:00:00+00:00"})
    await book.sql("UPDATE ledger_entries SET body = :body", body=edited)
    with pytest.raises(LedgerUnavailable, match="was changed after it was written"):
        await book.ledger.freezes(TEAM, now=NOW)
    plan = make_plan(30)

    class History(NoHistory):
        async def freezes(self, org: str, *, now: datetime) -> list[JsonObject]:
            return await book.ledger.freezes(TEAM, now=now)

    pipeline = build_pipeline(await open_engine(None), estate=make_estate(), catalog=CATALOG, history=History())
    report = await pipeline.judge(plan.model_dump(mode="json"), make_context())
    assert not report.allowed
    assert report.unavailable is not None


async def test_a_freeze_whose_time_was_edited_is_not_hidden_by_it(book: Book) -> None:
    await frozen_book(book, TEAM)
    await book.sql("UPDATE ledger_entries SET at = :at", at="2001-01-01T00:00:00.000000Z")
    with pytest.raises(LedgerUnavailable, match="was changed after it was written"):
        await book.ledger.freezes(TEAM, now=datetime.now(UTC))


@pytest.mark.parametrize(
    "body", [{}, {"freeze": "V1"}, {"freeze": 1}, {"freeze": "V1", "environment": "p", "end": "x"}]
)
async def test_a_freeze_of_another_shape_stops_everything(book: Book, body: JsonObject) -> None:
    await book.ledger.record("change_frozen", body, org=TEAM, task_id="f", actor=GRACE, key="frozen")
    with pytest.raises(LedgerUnavailable, match="about a freeze, cannot be read"):
        await book.ledger.freezes(TEAM, now=NOW)

"""`/gavel` in a workspace: what each subcommand shows, to whom, and that nothing is ever silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient
from temporalio.client import Client

from bot.blocks.message import Message, sentence
from bot.desks import Desk as CommandDesk
from bot.desks import Typed
from bot.doctor_desk import AT_ONCE_SECONDS
from bot.keys import load_keys
from bot.late_surfaces import LateFreezes, policy_desk, task_desk
from bot.listeners.commands import ANSWER_SECONDS
from bot.listeners.freezes import FreezeDoor
from bot.listeners.home import DESK_SECONDS
from bot.local.slack.seed import Channel
from bot.permits.gate import GATE_SECONDS
from bot.roles import Address, ListedRoles, RolesUnavailable
from bot.settings import DatabaseSettings, Settings
from tests.unit.ledger.book import Book
from tests.unit.listeners.desk import Desk, open_desk
from tests.unit.local_slack.harness import GENERAL, OPS, Slack
from tests.unit.tasks.history import ADA, GRACE, MALLORY, Life
from tools.contracts.identity import Role

HOME = "https://gavel-local.slack.com/"
ROLES = ListedRoles(
    {"operator": frozenset({ADA}), "approver": frozenset({GRACE, "U0LINUS001"}), "viewer": frozenset({MALLORY})}
)
SECRET = "G0SECRET01"


@pytest.fixture
def settings(book: Book, tmp_path: Path) -> Settings:
    return Settings.embedded(data_dir=tmp_path).model_copy(
        update={
            "database": DatabaseSettings.model_validate({"url": book.url}),
            "secret_key": SecretStr("ab" * 32),
        }
    )


@pytest.fixture
async def desk(slack: Slack, temporal: Client, settings: Settings) -> AsyncGenerator[Desk]:
    slack.workspace.channels[SECRET] = Channel(SECRET, "secret", members=[ADA, "U0GAVEL001"], private=True)
    desks: Mapping[str, Callable[[AsyncWebClient], CommandDesk]] = {
        "tasks": lambda client: task_desk("tasks", settings, client, roles=ROLES, home=HOME),
        "task": lambda client: task_desk("task", settings, client, roles=ROLES, home=HOME),
        "approvals": lambda client: task_desk("approvals", settings, client, roles=ROLES, home=HOME),
        "policy": lambda _: policy_desk(settings, load_keys(settings)),
    }
    async with open_desk(slack, temporal, desks=desks, roles=ROLES) as opened:
        yield opened


async def told(desk: Desk, words: str, *, user: str = "ada", channel: str = OPS) -> str:
    answer = await desk.slack.act("command", user=user, channel=channel, text=words)
    assert answer["ok"], answer
    messages = (await desk.slack.look("channel", channel=channel, viewer=user))["messages"]
    assert messages[-1]["ephemeral"]
    blocks = messages[-1]["blocks"]
    return "\n".join(str(block.get("text", {}).get("text", block.get("elements"))) for block in blocks)


async def test_tasks_lists_those_of_the_channel_and_mine_those_of_the_person(desk: Desk, book: Book) -> None:
    here, elsewhere = Life(book), Life(book, task_id="T1.C0GENERAL1.9.9")
    await here.begin("web drifts")
    await here.understand()
    await elsewhere.begin("db drifts", user=GRACE, channel=GENERAL)
    await elsewhere.end()
    said = await told(desk, "tasks")
    assert "1 task in this channel at work, 0 that ended lately." in said
    assert "◔ being worked on" in said
    assert f"<{HOME}archives/{OPS}/p1795000000000100|Bring the web servers back to the golden image>" in said
    assert "db drifts" not in said
    said = await told(desk, "tasks mine", user="grace")
    assert "✓ completed" in said
    assert "db drifts" in said
    assert "web drifts" not in said
    assert "There are no tasks" in await told(desk, "tasks mine", user="mallory")
    assert "I did not understand that" in await told(desk, "tasks of everybody")


async def test_a_task_is_told_where_it_may_be_seen_and_nowhere_else(desk: Desk, book: Book) -> None:
    here, private = Life(book), Life(book, task_id=f"T1.{SECRET}.1.1")
    await here.begin()
    await here.offer()
    await private.begin("the merger", channel=SECRET)
    said = await told(desk, f"task {here.task_id}", channel=GENERAL, user="grace")
    assert "⏳ waits for approval" in said
    assert "0 of 2 approved; *admin* or *approver* may." in said
    assert "put to approval" in said
    unseen = await told(desk, f"task {private.task_id}", user="grace")
    assert unseen == await told(desk, "task T1.never.1.1", user="grace")
    assert "merger" not in unseen
    assert "the merger" in await told(desk, f"task {private.task_id}", user="ada")
    assert "the merger" in await told(desk, f"task {private.task_id}", channel=SECRET)


async def test_approvals_are_those_that_wait_for_who_asks(desk: Desk, book: Book) -> None:
    open_one, private = Life(book), Life(book, task_id=f"T1.{SECRET}.1.1")
    await open_one.begin()
    await open_one.offer()
    await private.begin("the merger", channel=SECRET)
    await private.offer()
    said = await told(desk, "approvals", user="grace")
    assert "1 plan waits for your decision" in said
    assert open_one.task_id in said
    assert "merger" not in said
    assert "1 more waits in conversations that you are not in here." in said
    for user in ("ada", "mallory"):
        assert "No plan waits for your decision." in await told(desk, "approvals", user=user)


async def test_policy_says_what_decides_and_what_was_refused_by_name_only(desk: Desk, book: Book) -> None:
    life = Life(book)
    await life.begin()
    refusal = {"gate": "policy", "rule": "plan.batch_too_large", "reason": "of the merger", "repairable": True}
    await life.tell("plan_validated", {"results": [{"gate": "policy", "refusals": [refusal, refusal]}]})
    await life.tell("plan_validated", {"results": [{"gate": "policy", "refusals": []}]})
    said = await told(desk, "policy")
    assert "8 packages decide, by regorus." in said
    assert "as configured" in said
    assert "`ql.ai.execution`: " in said
    assert "Largest batch in production, % of the assets: 20" in said
    assert "`plan.batch_too_large`: 1 time" in said
    assert "merger" not in said


@pytest.mark.parametrize("words", ["", "help", "frobnicate the disks", "TASKS?", "\u202etasks"])
async def test_what_is_no_command_is_answered_with_those_that_are(desk: Desk, words: str) -> None:
    said = await told(desk, words)
    for command in ("ask", "tasks", "task ID", "approvals", "freeze", "usage", "models", "keys", "mode", "policy"):
        assert f"`/gavel {command}" in said, command
    assert ("There is no such command, so nothing was done." in said) == (words not in ("", "help"))
    assert "frobnicate" not in said


@pytest.mark.parametrize("verb", ["tasks", "task x", "approvals", "policy"])
async def test_without_a_role_nothing_is_shown(slack: Slack, temporal: Client, settings: Settings, verb: str) -> None:
    name = verb.split()[0]
    nobody = ListedRoles({"approver": frozenset({GRACE})})
    desks: Mapping[str, Callable[[AsyncWebClient], CommandDesk]] = {
        name: lambda _: policy_desk(settings, load_keys(settings))
    }
    async with open_desk(slack, temporal, desks=desks, roles=nobody) as opened:
        assert "and you hold none of them. Nothing was done." in await told(opened, verb)


class Away:
    async def roles_of(self, user: str) -> list[Role]:
        raise RolesUnavailable(f"nobody knows {user}")

    async def address_of(self, role: Role) -> Address:
        raise RolesUnavailable(f"nobody knows who is {role}")


async def test_where_nobody_knows_the_roles_nothing_is_shown(
    slack: Slack, temporal: Client, settings: Settings
) -> None:
    desks: Mapping[str, Callable[[AsyncWebClient], CommandDesk]] = {
        "policy": lambda _: policy_desk(settings, load_keys(settings))
    }
    async with open_desk(slack, temporal, desks=desks, roles=Away()) as opened:
        assert "Slack did not say which roles" in await told(opened, "policy")


@dataclass
class Slow:
    """Says who holds which role, and what a desk says, each after a while. Counts how often it is asked."""

    seconds: float
    asked: int = 0
    ended: bool = False

    async def roles_of(self, user: str) -> list[Role]:
        self.asked += 1
        await asyncio.sleep(self.seconds)
        return ["viewer"] if user == ADA else []

    async def address_of(self, role: Role) -> Address:
        raise RolesUnavailable(role)

    async def answer(self, typed: Typed) -> Message:
        await asyncio.sleep(self.seconds)
        self.ended = True
        return sentence("done")


@pytest.mark.parametrize("verb", ["tasks", "task x", "approvals", "freeze"])
async def test_who_may_is_asked_once_for_a_command(
    slack: Slack, temporal: Client, settings: Settings, verb: str
) -> None:
    roles = Slow(0)
    names: list[Literal["tasks", "task", "approvals"]] = ["tasks", "task", "approvals"]
    desks: Mapping[str, Callable[[AsyncWebClient], CommandDesk]] = {
        name: lambda client, name=name: task_desk(name, settings, client, roles=roles, home=HOME) for name in names
    }
    door = FreezeDoor(LateFreezes(settings, load_keys(settings)), roles)
    async with open_desk(slack, temporal, desks=desks, roles=roles, freeze_door=door) as opened:
        await told(opened, verb)
    assert roles.asked == 1


@pytest.mark.parametrize(
    ("seconds", "of_roles", "of_all", "said"),
    [(0.8, 9.0, 1.2, "may or may not be done"), (2.0, 0.5, 2.5, "did not say which roles")],
)
async def test_who_may_and_what_is_answered_take_less_than_slack_waits_together(
    slack: Slack,
    temporal: Client,
    monkeypatch: pytest.MonkeyPatch,
    *,
    seconds: float,
    of_roles: float,
    of_all: float,
    said: str,
) -> None:
    monkeypatch.setattr("bot.listeners.commands.ANSWER_SECONDS", of_all)
    monkeypatch.setattr("bot.permits.gate.GATE_SECONDS", of_roles)
    slow = Slow(seconds)
    async with open_desk(slack, temporal, desks={"policy": lambda _: slow}, roles=slow) as opened:
        assert said in await told(opened, "policy")
    assert not slow.ended


def test_an_answer_is_there_before_slack_waits_no_more() -> None:
    assert ANSWER_SECONDS < 3
    assert GATE_SECONDS + AT_ONCE_SECONDS < ANSWER_SECONDS
    assert DESK_SECONDS < 3

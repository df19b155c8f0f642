"""A task's row says what its entries say, no sooner and no later; and no body can stop an entry from being written."""

from __future__ import annotations

import pytest

from bot.tasks.board import TaskBoard, TaskEntry
from tests.unit.ledger.book import Book
from tests.unit.tasks.history import ADA, GRACE, OPS, TEAM, Life
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerKind


async def row(book: Book, life: Life) -> TaskEntry:
    found = await TaskBoard(book.database, "https://acme.slack.com/").one(life.org, life.task_id)
    assert found is not None
    return found


async def test_the_row_follows_the_task_from_its_request_to_its_end(book: Book) -> None:
    life = Life(book)
    await life.begin()
    first = await row(book, life)
    assert (first.status, first.user, first.channel, first.goal) == ("working", ADA, OPS, "web servers drift")
    assert first.link == f"https://acme.slack.com/archives/{OPS}/p1795000000000100"
    await life.tell("question_asked", {"text": "which?"})
    assert (await row(book, life)).status == "asking"
    await life.tell("question_answered", {"answer": "web"})
    await life.understand()
    understood = await row(book, life)
    assert (understood.status, understood.agent, understood.environment) == ("working", "drift", "production")
    assert understood.goal == "Bring the web servers back to the golden image"
    await life.offer()
    offered = await row(book, life)
    assert (offered.status, offered.roles, offered.quorum) == ("awaiting_approval", {"approver", "admin"}, 2)
    assert offered.expires_at is not None
    await life.tell("decision_accepted", {"verdict": "approve", "settled": False}, actor=GRACE)
    assert (await row(book, life)).voters == (GRACE,)
    await life.tell("decision_accepted", {"verdict": "approve", "settled": True}, actor="U0LINUS001")
    running = await row(book, life)
    assert (running.status, running.roles, running.expires_at) == ("executing", frozenset(), None)
    await life.tell("run_paused", {})
    assert (await row(book, life)).status == "paused"
    await life.tell("run_resumed", {})
    await life.end("rolled_back")
    ended = await row(book, life)
    assert (ended.status, ended.outcome, ended.cost_usd) == ("ended", "rolled_back", 0.25)


async def test_a_command_s_thread_is_known_once_it_is_open(book: Book) -> None:
    life = Life(book)
    await life.tell("task_received", {"source": "command", "text": "x", "channel": OPS, "thread_ts": None}, actor=ADA)
    assert (await row(book, life)).link == ""
    await life.tell("thread_opened", {"thread_ts": "1.5"})
    assert (await row(book, life)).link.endswith(f"{OPS}/p15")


async def test_a_plan_that_was_superseded_waits_for_nobody(book: Book) -> None:
    life, board = Life(book), TaskBoard(book.database, "")
    await life.begin()
    await life.offer()
    assert [task.task_id for task in await board.waiting(TEAM, GRACE, ["approver"], limit=5)] == [life.task_id]
    await life.tell("plan_superseded", {})
    assert await board.waiting(TEAM, GRACE, ["approver"], limit=5) == []


async def test_a_plan_waits_for_those_who_may_decide_and_have_not(book: Book) -> None:
    life, board = Life(book), TaskBoard(book.database, "")
    await life.begin()
    await life.offer()
    for user, roles, waits in ((GRACE, ["approver"], 1), (GRACE, ["operator"], 0), (GRACE, [], 0), (ADA, ["admin"], 0)):
        assert len(await board.waiting(TEAM, user, roles, limit=5)) == waits, (user, roles)
    await life.tell("decision_accepted", {"verdict": "approve", "settled": False}, actor=GRACE)
    assert await board.waiting(TEAM, GRACE, ["approver"], limit=5) == []
    assert len(await board.waiting(TEAM, "U0LINUS001", ["approver"], limit=5)) == 1


async def test_an_org_sees_its_own_tasks_only(book: Book) -> None:
    mine, theirs = Life(book), Life(book, org="T2")
    for life in (mine, theirs):
        await life.begin()
        await life.offer()
    board = TaskBoard(book.database, "")
    assert len(await board.recent(TEAM, channel=OPS, running=True, limit=5)) == 1
    assert len(await board.waiting(TEAM, GRACE, ["approver"], limit=5)) == 1
    assert await board.one("T3", mine.task_id) is None


ODD: list[tuple[LedgerKind, JsonObject]] = [
    ("task_received", {"text": 5, "channel": ["x"]}),
    ("task_spec", {"goal": None, "agents": "drift"}),
    ("approval_requested", {"requirement": 3, "revision": "1", "expires_at": 7}),
    ("approval_requested", {"requirement": {"roles": {"a": 1}, "quorum": []}}),
    ("decision_accepted", {}),
    ("task_ended", {"cost_usd": "much", "outcome": 1}),
    ("task_received", {"text": "fix\x00drift", "source": "\x00", "channel": "C\x00", "thread_ts": "1\x00"}),
    ("task_spec", {"goal": "a\x00b", "agents": ["dr\x00ift"], "environment": "\x00"}),
    ("approval_requested", {"requirement": {"roles": ["\x00"], "quorum": 10**400}, "revision": 2**31}),
    ("approval_requested", {"requirement": {"quorum": -1}, "revision": True}),
    ("task_ended", {"cost_usd": 10**400, "outcome": "\x00"}),
    ("task_ended", {"cost_usd": True}),
]


@pytest.mark.parametrize(("kind", "body"), ODD)
async def test_a_body_of_another_shape_is_written_all_the_same(book: Book, kind: LedgerKind, body: JsonObject) -> None:
    life = Life(book)
    await life.tell(kind, body)
    assert (await book.entries(TEAM))[0].kind == kind
    assert (await row(book, life)).task_id == life.task_id


async def test_a_row_holds_only_what_every_database_can(book: Book) -> None:
    life = Life(book)
    await life.tell("task_received", {"text": "fix\x00drift", "channel": "C\x00"}, actor=ADA)
    requirement: JsonObject = {"roles": ["adm\x00in"], "quorum": True}
    await life.tell("approval_requested", {"requirement": requirement, "revision": 2**31})
    ((goal, channel, roles, quorum, revision),) = await book.sql(
        "SELECT goal, channel, roles, quorum, revision FROM tasks"
    )
    assert (goal, channel, roles) == ("fix\ufffddrift", "C\ufffd", "adm\ufffdin")
    assert (quorum, revision) == (0, 0)


async def test_a_deadline_that_is_none_is_not_shown(book: Book) -> None:
    life = Life(book)
    await life.begin()
    await life.offer(expires_at="soon")
    assert (await row(book, life)).expires_at is None

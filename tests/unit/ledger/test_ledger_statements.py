"""The two ways of a statement answer alike: SQLite's own driver, and SQLAlchemy, which PostgreSQL's goes through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, delete, insert, select, text, tuple_, update
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError

from bot.ledger.statements import Change, Question, Row
from bot.ledger.tables import CouncilLabel, TaskRow
from tests.unit.ledger.book import Book

AT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
LABEL: dict[str, Any] = {
    "org": "acme",
    "task_id": "t1",
    "item": "plan:r1",
    "agent": "patch",
    "kind": "plan",
    "right": True,
    "source": "run",
    "margin": None,
    "created_at": AT.astimezone(timezone(timedelta(hours=2))),
}

ADD = Change(insert(CouncilLabel))
ALL = select(CouncilLabel.item, CouncilLabel.right, CouncilLabel.margin, CouncilLabel.created_at).where(
    CouncilLabel.org == bindparam("org")
)


async def test_what_is_written_and_read_by_either_way_is_the_same(book: Book) -> None:
    # Times and truth values are no types of SQLite's: SQLAlchemy says how it keeps them.
    def work(connection: Connection) -> tuple[list[Row], list[Row]]:
        ADD.make(connection, LABEL)
        connection.execute(insert(CouncilLabel), [{**LABEL, "item": "plan:r2", "right": False, "margin": 0.25}])
        both, wanted = ALL.order_by(CouncilLabel.item), {"org": "acme"}
        return Question(both).rows(connection, wanted), [
            dict(row) for row in connection.execute(both, wanted).mappings()
        ]

    ours, theirs = await book.database.transact("test", work)
    assert ours == theirs
    assert ours == [
        {"item": "plan:r1", "right": True, "margin": None, "created_at": AT},
        {"item": "plan:r2", "right": False, "margin": 0.25, "created_at": AT},
    ]


async def test_lists_of_any_length_find_what_they_name(book: Book) -> None:
    chosen = Question(
        select(CouncilLabel.item)
        .where(CouncilLabel.org == bindparam("org"), CouncilLabel.item.in_(bindparam("items", expanding=True)))
        .order_by(CouncilLabel.item)
    )
    pairs = Question(
        select(CouncilLabel.item)
        .where(tuple_(CouncilLabel.org, CouncilLabel.item).in_(bindparam("pairs", expanding=True)))
        .order_by(CouncilLabel.item)
    )

    def work(connection: Connection) -> None:
        ADD.make(connection, *({**LABEL, "item": str(number)} for number in range(9)))
        for items in ([], ["3"], ["1", "2"], ["5", "4"], ["7", "none"], [str(number) for number in range(9)]):
            there = sorted(set(items) - {"none"})
            found = chosen.rows(connection, {"org": "acme", "items": items})
            assert [row["item"] for row in found] == there
            found = pairs.rows(connection, {"pairs": [("acme", item) for item in items]})
            assert [row["item"] for row in found] == there
        assert chosen.rows(connection, {"org": "another", "items": ["3"]}) == []

    await book.database.transact("test", work)


async def test_a_row_is_one_or_none_and_never_one_of_several(book: Book) -> None:
    def work(connection: Connection) -> None:
        assert Question(ALL).row(connection, {"org": "acme"}) is None
        ADD.make(connection, LABEL, {**LABEL, "item": "plan:r2"})
        with pytest.raises(ValueError, match="2 rows"):
            Question(ALL).row(connection, {"org": "acme"})

    await book.database.transact("test", work)


async def test_changes_and_removals_touch_what_they_name(book: Book) -> None:
    mine = (CouncilLabel.org == bindparam("of_org")) & (CouncilLabel.item == bindparam("of_item"))

    def work(connection: Connection) -> list[Row]:
        ADD.make(connection, *({**LABEL, "item": item} for item in "abc"))
        given = {"of_org": "acme", "of_item": "a"}
        Change(update(CouncilLabel).where(mine).values(margin=bindparam("margin"))).make(
            connection, {**given, "margin": 0.5}
        )
        Change(delete(CouncilLabel).where(mine)).make(connection, {**given, "of_item": "b"})
        return Question(ALL.order_by(CouncilLabel.item)).rows(connection, {"org": "acme"})

    found = await book.database.transact("test", work)
    assert [(row["item"], row["margin"]) for row in found] == [("a", 0.5), ("c", None)]


async def test_what_the_database_refuses_is_raised_as_sqlalchemy_has_it_and_undoes_everything(book: Book) -> None:
    def twice(connection: Connection) -> None:
        ADD.make(connection, LABEL)
        ADD.make(connection, LABEL)

    with pytest.raises(IntegrityError) as refused:
        await book.database.transact("test", twice)
    assert "acme" not in str(refused.value).split("DETAIL")[0], "what was given is not shown"
    assert await book.database.look(lambda connection: Question(ALL).rows(connection, {"org": "acme"})) == []
    # And the next has a connection that works.
    await book.database.transact("test", lambda connection: ADD.make(connection, LABEL))
    assert len(await book.database.glance(lambda connection: Question(ALL).rows(connection, {"org": "acme"}))) == 1


async def test_a_value_that_is_missing_is_an_error_and_no_null(book: Book) -> None:
    by_task = Question(select(TaskRow.task_id).where(TaskRow.org == bindparam("org")))
    with pytest.raises((SQLAlchemyError, KeyError)):
        await book.database.look(lambda connection: by_task.rows(connection, {}))


async def test_a_table_that_is_not_there_is_told_as_by_sqlalchemy(book: Book) -> None:
    def gone(connection: Connection) -> None:
        connection.execute(text("DROP TABLE tasks"))
        Question(select(TaskRow.task_id)).rows(connection, {})

    with pytest.raises((OperationalError, ProgrammingError)):
        await book.database.transact("test", gone)

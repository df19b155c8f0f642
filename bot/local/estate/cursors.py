"""Pages of rows in time order, the last first. A cursor is the moment and the id of a page's last row."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, and_, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from tools.connectors.base import EstateError
from tools.contracts.common import Contract

Model = TypeVar("Model", bound=Contract)


async def timed_page(
    connection: AsyncConnection,
    statement: Select[Any],
    model: type[Model],
    *,
    at: str,
    limit: int,
    cursor: str | None,
) -> tuple[list[Model], str | None]:
    """One page of the statement in descending order of (column `at`, column `id`), each row as the model.

    Raises `EstateError` for a cursor of no page.
    """
    if limit < 1:
        raise EstateError(f"A page holds at least 1 row; got {limit}.")
    moments, ids = statement.selected_columns[at], statement.selected_columns["id"]
    if cursor is not None:
        moment, last_id = _parsed(cursor)
        statement = statement.where(or_(moments < moment, and_(moments == moment, ids < last_id)))
    ordered = statement.order_by(moments.desc(), ids.desc()).limit(limit + 1)
    rows = (await connection.execute(ordered)).mappings().all()
    next_cursor = f"{rows[limit - 1][at].isoformat()}|{rows[limit - 1]['id']}" if len(rows) > limit else None
    return [model.model_validate(dict(row)) for row in rows[:limit]], next_cursor


def _parsed(cursor: str) -> tuple[datetime, str]:
    moment, _, last_id = cursor.partition("|")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not last_id:
        raise EstateError(f"{cursor[:80]!r} is no page cursor. Use the `next_cursor` of the page before.")
    return at, last_id

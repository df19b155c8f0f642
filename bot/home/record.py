"""How the council did: what is known to have been right, and whose votes were."""

from __future__ import annotations

from sqlalchemy import Integer, case, cast, func, select
from sqlalchemy.exc import SQLAlchemyError

from bot.blocks.home import Record
from bot.ledger.database import Database, reason_of
from bot.ledger.tables import CouncilLabel, CouncilVote
from tools.contracts.ledger import LedgerUnavailable


async def council_record(database: Database, org: str) -> Record:
    """Of all that was ever confirmed. Raises `LedgerUnavailable`."""
    right = func.coalesce(func.sum(cast(case((CouncilLabel.right, 1), else_=0), Integer)), 0)
    confirmed = select(func.count(), right).where(CouncilLabel.org == org, CouncilLabel.kind != "answer")
    good = func.coalesce(func.sum(cast(case((CouncilVote.right, 1), else_=0), Integer)), 0)
    votes = (
        select(CouncilVote.member, func.count(), good)
        .where(CouncilVote.org == org)
        .group_by(CouncilVote.member)
        .order_by(CouncilVote.member)
    )
    try:
        async with database.reading() as connection:
            count, proved = (await connection.execute(confirmed)).one()
            members = (await connection.execute(votes)).all()
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise LedgerUnavailable(f"What became of plans could not be read ({reason_of(error)}).") from error
    return Record(int(count), int(proved), [(str(name), int(cast_), int(won)) for name, cast_, won in members])

"""Brings the advisories' tables to the current schema: beside the ledger's, with a version of their own."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.ledger.database import Database, reason_of
from bot.ledger.schema import ALEMBIC
from tools.connectors.base import EstateError

VERSION_TABLE = "gavel_advisories_version"


async def migrate_advisories(url: str, *, lock_timeout_seconds: float = 30) -> None:
    """Apply the versions that are missing, in one transaction; safe when several processes start at once.

    Raises `DatabaseUrlError`, and `EstateError` for a database that does not answer or refuses.
    """
    database = Database.open(url, lock_timeout_seconds=lock_timeout_seconds)
    try:
        await database.use_write_ahead_log()
        # The ledger's topic: two sets of tables are not made at once in one file.
        async with ALEMBIC, database.writing("schema") as connection:
            await connection.run_sync(_upgrade)
    except (SQLAlchemyError, OSError) as error:
        raise EstateError(
            f"The tables for CVE data could not be brought up to date ({reason_of(error)}). Nothing was changed; "
            "check DATABASE_URL and that its user may create tables."
        ) from error
    finally:
        await database.close()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

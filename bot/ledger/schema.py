"""Brings a database to the current schema. Safe when several processes start at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.ledger.database import Database, reason_of
from tools.contracts.ledger import LedgerUnavailable

VERSION_TABLE = "gavel_schema_version"

ALEMBIC = asyncio.Lock()
"""Alembic keeps in its modules what it is at work on: one migration at a time in a process, of whichever tables."""


async def migrate(url: str, *, to: str = "head", lock_timeout_seconds: float = 30) -> None:
    """Apply the versions that are missing, up to `to`, in one transaction; none missing: nothing happens.

    Raises `DatabaseUrlError` for a URL that cannot hold a ledger, `LedgerUnavailable` for a database that does not
    answer or refuses.
    """
    database = Database.open(url, lock_timeout_seconds=lock_timeout_seconds)
    try:
        await database.use_write_ahead_log()
        async with ALEMBIC, database.writing("schema") as connection:
            await connection.run_sync(_upgrade, to)
    except (SQLAlchemyError, OSError) as error:
        raise LedgerUnavailable(
            f"The database's schema could not be brought up to date ({reason_of(error)}). Nothing was changed; "
            "check DATABASE_URL and that its user may create tables."
        ) from error
    finally:
        await database.close()


def newest_version() -> str | None:
    """The version that :func:`migrate` brings a database to. Blocking: reads the migrations' files."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def versions() -> list[str]:
    """All there are, the oldest first. Blocking: reads the migrations' files."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config


def _upgrade(connection: Connection, to: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)

"""The modes that people set in their channels, in SQL."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from bot.ledger.database import Database, reason_of
from bot.ledger.statements import Question
from bot.ledger.tables import ChannelMode
from tools.contracts.ledger import LedgerUnavailable
from tools.contracts.modes import ModeSetting

# Made once: to make a statement takes as long as to run it.
_OF_CHANNEL = Question(
    select(ChannelMode.setting, ChannelMode.set_by, ChannelMode.set_at).where(
        ChannelMode.org == bindparam("org"), ChannelMode.channel == bindparam("channel")
    )
)
_SETTING: TypeAdapter[ModeSetting] = TypeAdapter(ModeSetting)


@dataclass(frozen=True)
class SetMode:
    """What holds in a channel, and who said so."""

    setting: ModeSetting
    by: str
    """Slack user id."""
    at: datetime


@dataclass(frozen=True)
class ChannelModes:
    database: Database

    async def of(self, org: str, channel: str) -> SetMode | None:
        """None: nobody set one. Raises `LedgerUnavailable`, also for a row that holds no mode."""
        given = {"org": org, "channel": channel}
        async with _told():
            row = await self.database.glance(lambda connection: _OF_CHANNEL.row(connection, given))
            if row is None:
                return None
            return SetMode(_SETTING.validate_python(row["setting"]), by=row["set_by"], at=row["set_at"])

    async def put(self, org: str, channel: str, mode: SetMode | None) -> None:
        """From now on; None: as configured. Raises `LedgerUnavailable`."""

        def replace(connection: Connection) -> None:
            connection.execute(delete(ChannelMode).where(ChannelMode.org == org, ChannelMode.channel == channel))
            if mode is not None:
                connection.execute(
                    insert(ChannelMode).values(
                        org=org, channel=channel, setting=mode.setting, set_by=mode.by, set_at=mode.at
                    )
                )

        async with _told():
            await self.database.transact("channel-modes", replace)


@asynccontextmanager
async def _told() -> AsyncGenerator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise LedgerUnavailable(f"The channels' modes could not be read or written ({reason_of(error)}).") from error
    except ValidationError as error:
        raise LedgerUnavailable(
            "A channel's mode in SQL is none that there is: it is not used. Set it anew."
        ) from error

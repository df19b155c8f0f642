"""The installations in SQL. Implements the SDK's `AsyncInstallationStore`, for the bot's tokens only.

Gavel asks for no person's token, so that none is kept even where Slack sends one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from sqlalchemy import ColumnElement, Connection, Row, Update, delete, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from bot.keystore.ring import RingSource
from bot.keystore.sealing import KeyUnreadable, Ring, Sealed
from bot.keystore.store import TOPIC
from bot.ledger.database import Database, reason_of
from bot.ledger.tables import SlackInstallation
from bot.tenants.sealing import BotTokens, seal_tokens, unseal_tokens
from bot.tenants.tenant import org_named
from tools.contracts.ledger import LedgerUnavailable

REFRESH_LEASE = timedelta(seconds=45)
"""How long a process may take to refresh a token before others believe that it died of it."""


@dataclass(frozen=True)
class Installed:
    """That a tenant installed the app. Never a token, nor a part of one."""

    org: str
    name: str
    bot_user_id: str
    installed_by: str
    installed_at: datetime
    expires_at: datetime | None
    """Of the access token. None: it does not expire."""
    trouble: str
    """Why the last refresh failed; empty: it did not."""
    readable: bool


@dataclass(frozen=True)
class Kept:
    """An installation as it was read."""

    org: str
    bot: Bot
    version: int
    """Begins again where the app was removed: alone it does not say which installation this is."""
    installed_at: datetime


class SqlInstallations(AsyncInstallationStore):
    """Every method raises `LedgerUnavailable` where the database does not answer, and `SettingsError` for damaged
    master keys. Tokens that cannot be opened raise `KeyUnreadable`: they are not taken for absent."""

    def __init__(self, database: Database, ring: RingSource, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._ring = ring
        self._now = now

    # The SDK's interface

    async def async_save(self, installation: Installation) -> None:
        """In the place of any other of the tenant."""
        await self._put(installation.to_bot(), by=installation.user_id)

    async def async_save_bot(self, bot: Bot) -> None:
        """As :meth:`async_save`; whoever installed it stays named."""
        await self._put(bot, by=None)

    async def async_find_bot(
        self, *, enterprise_id: str | None, team_id: str | None, is_enterprise_install: bool | None = False
    ) -> Bot | None:
        """None: the tenant did not install the app."""
        kept = await self.kept(_org(enterprise_id, team_id, enterprise_wide=bool(is_enterprise_install)))
        return kept.bot if kept is not None else None

    async def async_find_installation(
        self,
        *,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None = None,
        is_enterprise_install: bool | None = False,
    ) -> Installation | None:
        """Of the bot; of a person (`user_id`) there is none."""
        bot = await self.async_find_bot(
            enterprise_id=enterprise_id, team_id=team_id, is_enterprise_install=is_enterprise_install
        )
        if bot is None or user_id is not None:
            return None
        return Installation(user_id="", **bot.to_dict_for_copying())

    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        """Done twice, it is done."""
        await self.remove(_org(enterprise_id, team_id, enterprise_wide=team_id is None))

    async def async_delete_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None
    ) -> None:
        """As :meth:`async_delete_bot`; of a person there is nothing."""
        if user_id is None:
            await self.async_delete_bot(enterprise_id=enterprise_id, team_id=team_id)

    # By tenant

    async def kept(self, org: str) -> Kept | None:
        """The installation with its tokens."""
        row = await self._row(org)
        if row is None:
            return None
        tokens = unseal_tokens(Sealed(row.master_id, row.nonce, row.sealed), org, self._ring.read())
        return Kept(org, _bot_of(row, tokens), row.version, row.installed_at)

    async def all(self) -> list[Installed]:
        """Every tenant, by name."""
        ring = self._ring.read()
        async with _told(), self._database.reading() as connection:
            rows = (await connection.execute(select(SlackInstallation.__table__))).all()
        found = [_installed(row, ring) for row in rows]
        return sorted(found, key=lambda one: (one.name, one.org))

    async def remove(self, org: str, *, before: datetime | None = None) -> bool:
        """Whether there was one. `before`: only one that was installed by then, not one that came after it."""
        row = SlackInstallation
        which = (row.org == org,) if before is None else (row.org == org, row.installed_at <= before)

        def forget(connection: Connection) -> int:
            return connection.execute(delete(row).where(*which)).rowcount

        async with _told():
            return await self._database.transact(TOPIC, forget) > 0

    # Refreshing

    async def claim(self, kept: Kept, *, who: str) -> bool:
        """Whether `who` may refresh these tokens: nobody else is at it, and nobody has done it."""
        row, now = SlackInstallation, self._now()
        free = or_(row.refresher == "", row.refresh_until.is_(None), row.refresh_until < now)

        def take(connection: Connection) -> int:
            mine = update(row).where(*_still(kept), free)
            return connection.execute(mine.values(refresher=who, refresh_until=now + REFRESH_LEASE)).rowcount

        async with _told():
            return await self._database.transact(TOPIC, take) > 0

    async def refreshed(self, kept: Kept, bot: Bot) -> None:
        """Keep what a refresh came to. Not where the installation was removed, or made anew, in between."""

        def put(connection: Connection) -> None:
            sealed = seal_tokens(BotTokens(bot.bot_token, bot.bot_refresh_token), kept.org, self._ring.read().current)
            row = SlackInstallation
            connection.execute(
                update(row)
                .where(*_still(kept))
                .values(
                    **vars(sealed),
                    **_nobody_refreshes(),
                    version=kept.version + 1,
                    expires_at=bot.bot_token_expires_at,
                    trouble="",
                    trouble_at=None,
                )
            )

        async with _told():
            await self._database.transact(TOPIC, put)

    async def not_refreshed(self, kept: Kept, trouble: str, *, who: str) -> None:
        """Say why. The installation stays: its token may be good still, and so may the next attempt be."""
        said = {**_nobody_refreshes(), "trouble": trouble, "trouble_at": self._now()}
        async with _told():
            await self._database.transact(TOPIC, lambda sql: sql.execute(_claimed(kept, who).values(**said)))

    async def _put(self, bot: Bot, *, by: str | None) -> None:
        org = _org(bot.enterprise_id, bot.team_id, enterprise_wide=bot.is_enterprise_install)

        def write(connection: Connection) -> None:
            row = SlackInstallation
            before = connection.execute(select(row.version, row.installed_by).where(row.org == org)).one_or_none()
            sealed = seal_tokens(BotTokens(bot.bot_token, bot.bot_refresh_token), org, self._ring.read().current)
            connection.execute(delete(row).where(row.org == org))
            connection.execute(
                insert(row).values(
                    **_columns(bot),
                    **vars(sealed),
                    **_nobody_refreshes(),
                    org=org,
                    installed_by=by if by is not None else before.installed_by if before is not None else "",
                    version=before.version + 1 if before is not None else 1,
                    trouble="",
                    trouble_at=None,
                )
            )

        async with _told():
            await self._database.transact(TOPIC, write)

    async def _row(self, org: str) -> Row[Any] | None:
        query = select(SlackInstallation.__table__).where(SlackInstallation.org == org)
        async with _told(), self._database.reading() as connection:
            return (await connection.execute(query)).one_or_none()


def _org(enterprise_id: str | None, team_id: str | None, *, enterprise_wide: bool) -> str:
    return org_named(enterprise_id=enterprise_id, team_id=team_id, is_enterprise_install=enterprise_wide)


def _claimed(kept: Kept, who: str) -> Update:
    row = SlackInstallation
    return update(row).where(*_still(kept), row.refresher == who)


def _still(kept: Kept) -> tuple[ColumnElement[bool], ...]:
    """Whether it is as it was read: the same installation, with the same tokens."""
    row = SlackInstallation
    return row.org == kept.org, row.version == kept.version, row.installed_at == kept.installed_at


def _nobody_refreshes() -> dict[str, Any]:
    return {"refresher": "", "refresh_until": None}


def _columns(bot: Bot) -> dict[str, Any]:
    return {
        "enterprise_id": bot.enterprise_id,
        "team_id": None if bot.is_enterprise_install else bot.team_id,
        "name": (bot.enterprise_name if bot.is_enterprise_install else bot.team_name) or "",
        "app_id": bot.app_id or "",
        "bot_id": bot.bot_id,
        "bot_user_id": bot.bot_user_id,
        "scopes": ",".join(bot.bot_scopes),
        "installed_at": datetime.fromtimestamp(bot.installed_at, UTC),
        "expires_at": bot.bot_token_expires_at,
    }


def _bot_of(row: Row[Any], tokens: BotTokens) -> Bot:
    wide = row.team_id is None
    return Bot(
        app_id=row.app_id,
        enterprise_id=row.enterprise_id,
        enterprise_name=row.name if wide else None,
        team_id=row.team_id,
        team_name=None if wide else row.name,
        bot_token=tokens.access,
        bot_id=row.bot_id,
        bot_user_id=row.bot_user_id,
        bot_scopes=row.scopes,
        bot_refresh_token=tokens.refresh,
        bot_token_expires_at=row.expires_at,
        is_enterprise_install=wide,
        installed_at=row.installed_at.timestamp(),
    )


def _installed(row: Row[Any], ring: Ring) -> Installed:
    try:
        unseal_tokens(Sealed(row.master_id, row.nonce, row.sealed), row.org, ring)
        readable = True
    except KeyUnreadable:
        readable = False
    return Installed(
        org=row.org,
        name=row.name,
        bot_user_id=row.bot_user_id,
        installed_by=row.installed_by,
        installed_at=row.installed_at,
        expires_at=datetime.fromtimestamp(row.expires_at, UTC) if row.expires_at is not None else None,
        trouble=row.trouble,
        readable=readable,
    )


@asynccontextmanager
async def _told() -> AsyncGenerator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise LedgerUnavailable(f"The installations could not be read or written ({reason_of(error)}).") from error

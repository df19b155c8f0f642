"""Which installations are served: those of workspaces that `SLACK_INSTALL_TEAMS` lists, however they came about."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

import structlog
from slack_sdk.oauth.installation_store import Bot

from bot.keystore.ring import RingSource
from bot.ledger.database import Database
from bot.tenants.store import Kept, SqlInstallations


def may_be_here(teams: Collection[str], *, team: str | None, enterprise: str | None) -> bool:
    """Whether a workspace, or an enterprise as a whole, is among those listed. Empty `teams`: any is."""
    return not teams or bool({team, enterprise} & {*teams})


def is_served(teams: Collection[str], bot: Bot) -> bool:
    """As :func:`may_be_here`, of an installation."""
    return may_be_here(teams, team=bot.team_id, enterprise=bot.enterprise_id)


class ServedInstallations(SqlInstallations):
    """To who speaks with a tenant, one that was taken off the list is as if it had removed the app.

    The installation stays in SQL, for :meth:`all` and for its removal: put on the list again, it goes on.
    """

    def __init__(
        self, database: Database, ring: RingSource, *, now: Callable[[], datetime], teams: Collection[str]
    ) -> None:
        super().__init__(database, ring, now=now)
        self._teams = frozenset(teams)
        self._told: set[str] = set()

    async def kept(self, org: str) -> Kept | None:
        """The installation with its tokens. None besides: it is not on the list, and its tokens are not used."""
        kept = await super().kept(org)
        if kept is None or is_served(self._teams, kept.bot):
            return kept
        if org not in self._told:
            self._told.add(org)
            structlog.get_logger("gavel.slack").warning(
                "A workspace has the app, but SLACK_INSTALL_TEAMS does not list it: it is not served.", org=org
            )
        return None

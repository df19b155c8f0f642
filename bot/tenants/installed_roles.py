"""Roles that the configuration lists, in the tenant they are listed for: held while it has the app installed."""

from __future__ import annotations

from dataclasses import dataclass

from bot.keystore.sealing import KeyUnreadable
from bot.roles import Address, RoleDirectory, RolesUnavailable, role_directory
from bot.settings import Settings, SettingsError
from bot.tenants.client import NotInstalled
from bot.tenants.office import Tenants
from bot.tenants.store import SqlInstallations
from tools.contracts.identity import Role
from tools.contracts.ledger import LedgerUnavailable


@dataclass(frozen=True)
class RolesWhereInstalled:
    """A list does not end by itself where a workspace removes the app; user groups do, since Slack is asked for them.

    Looked up for every call: what is remembered may be some seconds behind. Raises `NotInstalled` besides.
    """

    listed: RoleDirectory
    store: SqlInstallations
    org: str

    async def roles_of(self, user: str) -> list[Role]:
        """See `RoleDirectory`."""
        await self._installed()
        return await self.listed.roles_of(user)

    async def address_of(self, role: Role) -> Address:
        """See `RoleDirectory`."""
        await self._installed()
        return await self.listed.address_of(role)

    async def _installed(self) -> None:
        try:
            kept = await self.store.kept(self.org)
        except (LedgerUnavailable, KeyUnreadable, SettingsError) as error:
            raise RolesUnavailable(f"It cannot be read whether {self.org} has the app installed: {error}") from error
        if kept is None:
            raise NotInstalled(f"The app is not installed in workspace {self.org}: the listed roles hold no more.")


def roles_of_tenant(settings: Settings, tenants: Tenants, org: str) -> RoleDirectory:
    """At its bench: as listed for it, while it has the app; else as its user groups say."""
    found = role_directory(settings, tenants.client(org), org=org)
    return found if settings.roles_listed_for(org) is None else RolesWhereInstalled(found, tenants.store, org)

"""`roles:` where workspaces install the app: for the tenant that GAVEL_ORG names, while it has the app."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.keys import load_keys
from bot.ledger.schema import migrate
from bot.roles import Address, RolesUnavailable
from bot.settings import RoleSettings, Settings
from bot.tenants.client import NotInstalled
from bot.tenants.installed_roles import roles_of_tenant
from bot.tenants.office import open_tenants
from tests.unit.local_slack.harness import GRACE, MALLORY, Slack
from tests.unit.tenants.distributed import HOME, SECOND, granted, installation_of


@pytest.fixture
async def listed(slack: Slack, settings: Settings) -> Settings:
    """Mallory is admin in the second workspace. Who is approver in the first, its user groups say."""
    await migrate(settings.database_url)
    admins = RoleSettings.model_construct(admin=[MALLORY])
    return settings.model_copy(update={"roles": admins, "org": SECOND})


async def test_the_same_user_id_in_another_tenant_has_no_role_by_the_list(slack: Slack, listed: Settings) -> None:
    async with open_tenants(listed, load_keys(listed)) as tenants:
        for team in (HOME, SECOND):
            await tenants.store.async_save(installation_of(await granted(slack, team)))
        second, home = (roles_of_tenant(listed, tenants, team) for team in (SECOND, HOME))
        assert await second.roles_of(MALLORY) == ["admin"]
        assert (await second.address_of("admin")).people == [MALLORY]
        assert "admin" not in await home.roles_of(MALLORY)
        assert await home.address_of("admin") == Address()
        # Each by what decides there.
        assert "approver" in await home.roles_of(GRACE)
        assert await second.roles_of(GRACE) == []


async def test_a_list_holds_no_more_where_the_app_was_removed(slack: Slack, listed: Settings) -> None:
    async with open_tenants(listed, load_keys(listed)) as tenants:
        await tenants.store.async_save(installation_of(await granted(slack, SECOND)))
        roles = roles_of_tenant(listed, tenants, SECOND)
        assert await roles.roles_of(MALLORY) == ["admin"]
        await tenants.store.remove(SECOND, before=datetime.now(UTC))
        with pytest.raises(NotInstalled):
            await roles.roles_of(MALLORY)
        with pytest.raises(NotInstalled):
            await roles.address_of("admin")


async def test_a_store_that_is_away_is_not_taken_for_a_removal(slack: Slack, listed: Settings) -> None:
    async with open_tenants(listed, load_keys(listed)) as tenants:
        await tenants.store.async_save(installation_of(await granted(slack, SECOND)))
        (listed.data_dir / "gavel.db").rename(listed.data_dir / "away.db")
        (listed.data_dir / "gavel.db").mkdir()
        with pytest.raises(RolesUnavailable):
            await roles_of_tenant(listed, tenants, SECOND).roles_of(MALLORY)

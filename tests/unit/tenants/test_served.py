"""A workspace that was taken off SLACK_INSTALL_TEAMS is served no more, wherever its token would be used."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from bot.app import who_are_we
from bot.finding import Finding
from bot.keys import load_keys
from bot.settings import RoleSettings, Settings
from bot.tenants.client import NotInstalled
from bot.tenants.installed_roles import roles_of_tenant
from bot.tenants.office import Tenants, open_tenants
from bot.tenants.served import may_be_here
from bot.workspace_probes import examine_workspaces
from tests.logs import logged_here
from tests.unit.local_slack.harness import GRACE, Slack
from tests.unit.tenants.distributed import HOME, SECOND, granted, installation_of

Started = Callable[[list[str]], AbstractAsyncContextManager[tuple[Tenants, Settings]]]


@pytest.fixture
async def started(slack: Slack, settings: Settings) -> Started:
    """Both workspaces have the app. What a process holds that was started with a list."""
    async with open_tenants(settings, load_keys(settings)) as tenants:
        for team in (HOME, SECOND):
            await tenants.store.async_save(installation_of(await granted(slack, team)))

    @asynccontextmanager
    async def start(teams: list[str]) -> AsyncGenerator[tuple[Tenants, Settings]]:
        access = settings.slack.model_copy(update={"install_teams": teams})
        with_list = settings.model_copy(update={"slack": access})
        async with open_tenants(with_list, load_keys(with_list)) as tenants:
            yield tenants, with_list

    return start


async def test_who_is_taken_off_the_list_is_as_if_it_had_removed_the_app(started: Started) -> None:
    async with started([SECOND]) as (tenants, settings):
        assert (await who_are_we(tenants.client(SECOND))).team == SECOND
        with logged_here() as logs:
            for _ in range(2):
                with pytest.raises(NotInstalled):
                    await who_are_we(tenants.client(HOME))
        assert [(line["org"], "SLACK_INSTALL_TEAMS does not list it" in line["event"]) for line in logs] == [
            (HOME, True)
        ]
        with pytest.raises(NotInstalled):
            await tenants.tokens.bot(HOME)
        listed = settings.model_copy(
            update={"roles": RoleSettings.model_construct(admin=[GRACE]), "org": HOME},
        )
        with pytest.raises(NotInstalled):
            await roles_of_tenant(listed, tenants, HOME).roles_of(GRACE)
        # Nothing is lost: its removal is still heard, and it can be listed again.
        assert sorted(one.org for one in await tenants.store.all()) == [HOME, SECOND]


@pytest.mark.parametrize("teams", [[], [HOME, SECOND]])
async def test_who_is_on_the_list_is_served_and_so_is_everybody_without_one(started: Started, teams: list[str]) -> None:
    async with started(teams) as (tenants, _):
        for team in (HOME, SECOND):
            assert (await who_are_we(tenants.client(team))).team == team


async def test_doctor_says_who_has_the_app_and_is_not_served(started: Started) -> None:
    async with started([SECOND]) as (_, settings):
        second, home = await examine_workspaces(settings)
    assert (second.state, second.tried) == ("ok", f"workspace Second Local ({SECOND})")
    assert home == Finding(
        "slack",
        "not running",
        f"workspace Gavel Local ({HOME})",
        "has the app, but SLACK_INSTALL_TEAMS does not list it: it is not served, and its token is not used",
        "remove the app there, or list it again and start Gavel anew",
    )


def test_a_workspace_is_listed_by_its_own_id_or_by_its_enterprises() -> None:
    assert may_be_here([], team="T1", enterprise=None)
    assert may_be_here(["T1"], team="T1", enterprise=None)
    assert may_be_here(["E1"], team="T1", enterprise="E1")
    assert may_be_here(["E1"], team=None, enterprise="E1")
    assert not may_be_here(["T1"], team=None, enterprise="E1")
    assert not may_be_here(["T1"], team="T2", enterprise=None)

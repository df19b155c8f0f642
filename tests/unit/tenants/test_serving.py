"""The alert webhook posts into one workspace: without one, or before it has the app, there is none."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from bot.keys import load_keys
from bot.local.errors import StackError
from bot.settings import Settings
from bot.tenants.office import open_tenants
from bot.tenants.serving import may_take_alerts
from tests.unit.local_slack.harness import Slack
from tests.unit.tenants.distributed import HOME, SECOND, granted, installation_of


async def test_the_webhook_opens_only_for_a_workspace_that_is_named_and_has_the_app(
    slack: Slack, settings: Settings
) -> None:
    async with open_tenants(settings, load_keys(settings)) as tenants:
        await tenants.store.async_save(installation_of(await granted(slack, HOME)))
        assert await may_take_alerts(HOME, tenants)
        with capture_logs() as logs:
            assert not await may_take_alerts(SECOND, tenants)
        assert [f"workspace {SECOND} has not installed the app" in line["event"] for line in logs] == [True]
        with pytest.raises(StackError, match="GAVEL_ORG is not"):
            await may_take_alerts("", tenants)

"""`gavel doctor` has a line for each workspace: good until when, or what is wrong and what to do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.blocks.message import Message
from bot.desks import Typed
from bot.doctor import examine
from bot.doctor_desk import DoctorDesk
from bot.finding import Finding
from bot.keys import Keys, load_keys
from bot.keystore.ring import ring_source
from bot.ledger.database import Database
from bot.ledger.schema import migrate
from bot.settings import RoleSettings, Settings
from bot.settings_alerts import AlertSettings
from bot.tenants.store import SqlInstallations
from bot.workspace_probes import examine_workspaces
from tests.unit.local_slack.harness import GRACE, OPS, Slack
from tests.unit.tenants.distributed import HOME, SECOND, granted, installation_of


async def store_of(settings: Settings, keys: Keys) -> tuple[SqlInstallations, Database]:
    await migrate(settings.database_url)
    database = Database.open(settings.database_url)
    return SqlInstallations(database, ring_source(settings, keys), now=lambda: datetime.now(UTC)), database


async def test_before_the_first_start_nothing_is_made(settings: Settings) -> None:
    (found,) = await examine_workspaces(settings)
    assert (found.state, found.answered) == ("ok", "none yet: there is no database")
    assert found.advice == "open http://127.0.0.1:3999/slack/install in a browser"
    assert not (settings.data_dir / "gavel.db").exists()


async def test_each_workspace_has_a_line(slack: Slack, settings: Settings) -> None:
    store, database = await store_of(settings, load_keys(settings))
    assert [found.answered for found in await examine_workspaces(settings)] == ["none yet"]
    for team in (HOME, SECOND):
        await store.async_save(installation_of(await granted(slack, team)))
    home, second = await examine_workspaces(settings)
    assert (home.tried, second.tried) == (f"workspace Gavel Local ({HOME})", f"workspace Second Local ({SECOND})")
    assert (home.state, second.state) == ("ok", "ok")
    assert second.answered.startswith("bot U0GAVEL002, token good until ")
    kept = await store.kept(SECOND)
    assert kept is not None
    assert await store.claim(kept, who="somebody")
    await store.not_refreshed(kept, "Slack refused to refresh the token: invalid_refresh_token.", who="somebody")
    await slack.act("uninstall", team=HOME)
    home, second = await examine_workspaces(settings)
    assert home == Finding(
        "slack",
        "failed",
        f"workspace Gavel Local ({HOME})",
        "auth.test: account_inactive",
        "install the app there again: /slack/install, or check the network",
    )
    assert (second.state, "invalid_refresh_token" in second.answered) == ("failed", True)
    await database.close()


async def test_tokens_of_other_master_keys_are_told(slack: Slack, settings: Settings) -> None:
    store, database = await store_of(settings, Keys(b"another" * 5))
    await store.async_save(installation_of(await granted(slack, SECOND)))
    (found,) = await examine_workspaces(settings)
    assert (found.state, found.answered) == ("failed", "its tokens cannot be opened with the master keys there are")
    await database.close()


async def test_a_workspace_in_which_nobody_may_approve_is_told(slack: Slack, settings: Settings) -> None:
    store, database = await store_of(settings, load_keys(settings))
    await slack.act("usergroup", usergroup="gavel-approvers", users=[])
    await store.async_save(installation_of(await granted(slack, HOME)))
    (found,) = await examine_workspaces(settings)
    assert (found.state, found.answered.endswith(": nobody may approve")) == ("failed", True)
    await database.close()


async def nobody_hears(channel: str, user: str, message: Message) -> None:
    raise AssertionError(message.text)


async def test_in_slack_a_tenant_is_told_of_itself_and_no_other_is_asked_about(
    slack: Slack, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, database = await store_of(settings, load_keys(settings))
    for team in (HOME, SECOND):
        await store.async_save(installation_of(await granted(slack, team)))
    await database.close()
    await slack.act("uninstall", team=HOME)
    listed = settings.model_copy(update={"roles": RoleSettings.model_construct(viewer=[GRACE]), "org": HOME})
    # Patience, not a part.
    monkeypatch.setattr("bot.doctor_desk.AT_ONCE_SECONDS", 20)
    desk = DoctorDesk(listed, nobody_hears)
    second = str((await desk.answer(Typed(SECOND, GRACE, OPS, words="", trigger_id="1.2"))).blocks)
    assert "*slack*  ✓ ok" in second
    assert "account_inactive" not in second
    assert "nobody may approve" not in second  # by the list, which is of the first
    home = str((await desk.answer(Typed(HOME, GRACE, OPS, words="", trigger_id="1.2"))).blocks)
    assert "*slack*  ✗ failed: auth.test: account_inactive" in home
    assert "*slack*  ✓ ok" not in home
    at_the_terminal = [found.state for found in await examine(listed) if found.component == "slack"]
    assert at_the_terminal == ["failed", "ok"]


async def test_in_slack_only_the_tenant_whose_alerts_it_takes_is_told_of_the_webhook(settings: Settings) -> None:
    alerts = AlertSettings.model_validate({"webhook_token": "correct-horse-battery", "webhook_port": 0})
    with_one = settings.model_copy(update={"alerts": alerts, "org": HOME})

    async def told(asker: str | None) -> list[str]:
        found = await examine(with_one, asker=asker)
        return [finding.tried.split("/alerts")[0] for finding in found if finding.component == "webhook"]

    assert await told(SECOND) == []
    assert await told(HOME) == await told(None) == ["http://127.0.0.1:0"]

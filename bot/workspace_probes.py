"""`gavel doctor` for an app that workspaces install: who did, and whether their tokens are good. Changes nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bot.finding import Finding
from bot.keys import load_keys
from bot.probes import NoAnswer, ask_slack, ask_slack_groups
from bot.settings import ROLE_GROUPS, Settings, SettingsError
from bot.settings_slack import INSTALL_PATH, SlackSettings
from tools.contracts.ledger import LedgerUnavailable

if TYPE_CHECKING:
    from bot.tenants.store import Installed

MOST = 50
"""Workspaces that are asked about; Slack counts the questions."""

COMPONENT = "slack"


async def examine_workspaces(settings: Settings, *, only: str | None = None) -> list[Finding]:
    """A line for each workspace; one where there is none, or where it cannot be known. `only`: of this tenant."""
    # Late: SQLAlchemy takes half a second, and only this needs it.
    from bot.keystore.ring import ring_source
    from bot.ledger.database import Database, async_url
    from bot.tenants.served import is_served
    from bot.tenants.store import SqlInstallations

    tried = "workspaces that installed the app"
    advice = f"open {(settings.slack.redirect_url or '').rpartition('/slack/')[0]}{INSTALL_PATH} in a browser"
    place = async_url(settings.database_url)
    if place.drivername.startswith("sqlite") and not await asyncio.to_thread(Path(place.database or "").is_file):
        return [Finding(COMPONENT, "ok", tried, "none yet: there is no database", advice)]
    try:
        keys = await asyncio.to_thread(load_keys, settings)
        database = Database.open(settings.database_url, lock_timeout_seconds=5)
        try:
            store = SqlInstallations(database, ring_source(settings, keys), now=lambda: datetime.now(UTC))
            found = [one for one in await store.all() if only in (None, one.org)]
            bots = {one.org: kept.bot for one in found if one.readable and (kept := await store.kept(one.org))}
        finally:
            await database.close()
    except (LedgerUnavailable, SettingsError) as error:
        return [Finding(COMPONENT, "failed", tried, str(error), "see the line about sql; `gavel up` makes its tables")]
    if not found:
        return [Finding(COMPONENT, "ok", tried, "none yet", advice)]
    tokens = {org: bot.bot_token for org, bot in bots.items()}
    strange = {org for org, bot in bots.items() if not is_served(settings.slack.install_teams, bot)}
    served = [one for one in found if one.org not in strange]
    asked = [_asked(settings, one, tokens.get(one.org)) for one in served[:MOST]]
    more = [Finding(COMPONENT, "ok", tried, f"{len(served) - MOST} more, not asked")] if len(served) > MOST else []
    return [*await asyncio.gather(*asked), *more, *(_strange(one) for one in found if one.org in strange)]


def _strange(one: Installed) -> Finding:
    answered = "has the app, but SLACK_INSTALL_TEAMS does not list it: it is not served, and its token is not used"
    advice = "remove the app there, or list it again and start Gavel anew"
    return Finding(COMPONENT, "not running", f"workspace {one.name} ({one.org})", answered, advice)


async def _asked(settings: Settings, one: Installed, token: str | None) -> Finding:
    tried = f"workspace {one.name} ({one.org})"
    again = f"install the app there again: {INSTALL_PATH}"
    if token is None:
        return Finding(COMPONENT, "failed", tried, "its tokens cannot be opened with the master keys there are", again)
    if one.trouble:
        return Finding(COMPONENT, "failed", tried, f"its token was not refreshed: {one.trouble}", again)
    access = _with(settings.slack, token)
    try:
        identity = await ask_slack(access)
        approvers = await _approvers(settings, access, org=one.org)
    except NoAnswer as error:
        return Finding(COMPONENT, "failed", tried, str(error), f"{again}, or check the network")
    rotates = f", token good until {one.expires_at:%Y-%m-%d %H:%M} UTC" if one.expires_at is not None else ""
    answered = f"bot {identity.bot_user_id}{rotates}"
    if approvers == 0:
        groups = f"{ROLE_GROUPS['approver']} or {ROLE_GROUPS['admin']}"
        wanted = f"put people there into the user groups {groups}; until then nothing can be approved there"
        return Finding(COMPONENT, "failed", tried, f"{answered}: nobody may approve", wanted)
    return Finding(COMPONENT, "ok", tried, answered)


async def _approvers(settings: Settings, access: SlackSettings, *, org: str) -> int | None:
    """How many may approve there. None: the configuration lists them."""
    if settings.roles_listed_for(org) is not None:
        return None
    groups = await ask_slack_groups(access)
    return sum(groups.get(ROLE_GROUPS[role], 0) for role in ("approver", "admin"))


def _with(slack: SlackSettings, token: str) -> SlackSettings:
    return slack.model_copy(update={"bot_token": SecretStr(token)})

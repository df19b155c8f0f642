"""From the code that a browser brings back to an installation: exchanged, checked, on record, kept."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store import Installation

from bot.redaction import is_object
from bot.settings import SettingsError
from bot.settings_slack import SlackSettings
from bot.slack_api import name_of
from bot.tenants.client import AppClient
from bot.tenants.served import may_be_here
from bot.tenants.store import SqlInstallations
from bot.tenants.tenant import org_named
from tools.contracts.ledger import LedgerUnavailable, Recorder

TASK = "workspaces"
"""The task that installations and removals are on record under."""

_ID = re.compile(r"[TE][A-Z0-9]{2,30}")


class NotGranted(Exception):
    """Nothing was installed. The message is for the person at the browser and holds no secret."""


class _Refused(NotGranted):
    """By Gavel, which knows enough to be sure. `of`: whom the token may be of."""

    def __init__(self, said: str, *, of: Collection[object]) -> None:
        super().__init__(said)
        self.of = frozenset(of)


@dataclass(frozen=True)
class Granting:
    slack: SlackSettings
    app: AppClient
    """Without a token."""
    store: SqlInstallations
    ledger: Recorder

    async def install(self, code: str) -> Installation:
        """Raises :class:`NotGranted`, `LedgerUnavailable` and `SettingsError`."""
        answer = await self._exchanged(code)
        token = str(answer.get("access_token") or "")
        try:
            installation = await self._checked(answer, token)
        except _Refused as refused:
            await self._let_go(token, of=refused.of)
            raise
        try:
            await self._keep(installation)
        except (LedgerUnavailable, SettingsError):
            await self._let_go(token, of={org_of(installation)})
            raise
        return installation

    async def _keep(self, installation: Installation) -> None:
        """On record first: nothing is installed that nobody can look up."""
        await self.ledger.record(
            "workspace_installed",
            {
                "name": installation.enterprise_name if installation.is_enterprise_install else installation.team_name,
                "enterprise": installation.enterprise_id or "",
                "app_id": installation.app_id or "",
                "scopes": sorted(installation.bot_scopes or []),
                "rotates": installation.bot_refresh_token is not None,
            },
            org=org_of(installation),
            task_id=TASK,
            actor=installation.user_id,
            key=f"installed:{uuid4()}",
        )
        await self.store.async_save(installation)

    async def _exchanged(self, code: str) -> dict[str, Any]:
        slack = self.slack
        secret = slack.client_secret.get_secret_value() if slack.client_secret is not None else ""
        return await self._asked(
            "oauth.v2.access",
            data={"code": code, "redirect_uri": slack.redirect_url},
            auth={"client_id": slack.client_id, "client_secret": secret},
        )

    async def _checked(self, answer: dict[str, Any], token: str) -> Installation:
        team: dict[str, Any] = answer.get("team") or {}
        enterprise: dict[str, Any] = answer.get("enterprise") or {}
        who: dict[str, Any] = answer.get("authed_user") or {}
        wide = answer.get("is_enterprise_install") is True
        of = str((enterprise if wide else team).get("id") or "")
        if answer.get("token_type") != "bot" or not token or not _ID.fullmatch(of):
            raise NotGranted("Slack's answer names no workspace and no bot of one.")
        self._may(team, enterprise)
        told = await self._asked("auth.test", headers={"Authorization": f"Bearer {token}"})
        if of not in ((told.get("enterprise_id"), told.get("team_id")) if wide else (told.get("team_id"),)):
            either = {*_ids(team, enterprise), told.get("team_id"), told.get("enterprise_id")}
            raise _Refused("Slack's answer names one workspace, and its token another.", of=either)
        expires = answer.get("expires_in")
        return Installation(
            app_id=answer.get("app_id"),
            enterprise_id=enterprise.get("id"),
            enterprise_name=enterprise.get("name"),
            team_id=team.get("id"),
            team_name=team.get("name"),
            bot_token=token,
            bot_id=str(told.get("bot_id") or ""),
            bot_user_id=str(answer.get("bot_user_id") or told.get("user_id") or ""),
            bot_scopes=str(answer.get("scope") or ""),
            bot_refresh_token=answer.get("refresh_token"),
            bot_token_expires_in=int(expires) if expires is not None else None,
            user_id=str(who.get("id") or ""),
            is_enterprise_install=wide,
        )

    def _may(self, team: dict[str, Any], enterprise: dict[str, Any]) -> None:
        if not may_be_here(self.slack.install_teams, team=team.get("id"), enterprise=enterprise.get("id")):
            said = "This Gavel is not for that workspace. Whoever runs it lists those it is for."
            raise _Refused(said, of=_ids(team, enterprise))

    async def _let_go(self, token: str, *, of: Collection[object]) -> None:
        """A token that is not kept is not left lying around either: it is revoked, where it can be nobody's in use.

        A workspace that has the app may have been given the very token that it works with (without rotation there is
        one), and to revoke it removes the app there. Where that cannot be ruled out, or Slack does not revoke it, the
        workspace can remove it.
        """
        log = structlog.get_logger("gavel.slack")
        try:
            installed = {one.org for one in await self.store.all()}
        except (LedgerUnavailable, SettingsError) as error:
            log.warning("A token that is not kept was not revoked: who is installed cannot be read.", error=str(error))
            return
        if installed & {*of}:
            log.warning("A token that is not kept was not revoked: its workspace has the app, and may be using it.")
            return
        try:
            await self._asked("auth.revoke", headers={"Authorization": f"Bearer {token}"})
        except NotGranted as error:
            log.warning("A token that is not kept could not be revoked.", error=str(error))

    async def _asked(self, method: str, **given: Any) -> dict[str, Any]:
        try:
            answer: Any = await self.app.api_call(method, **given)
        except SlackApiError as error:
            raise NotGranted(f"Slack refused: {name_of(error) or 'no reason'}.") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotGranted(f"Slack could not be reached ({type(error).__name__}).") from None
        data: object = answer.data
        return data if is_object(data) else {}


def _ids(team: dict[str, Any], enterprise: dict[str, Any]) -> set[object]:
    return {team.get("id"), enterprise.get("id")}


def org_of(installation: Installation) -> str:
    return org_named(
        enterprise_id=installation.enterprise_id,
        team_id=installation.team_id,
        is_enterprise_install=installation.is_enterprise_install,
    )

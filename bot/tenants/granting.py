"""From the code that a browser brings back to an installation: exchanged, checked, on record, kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store import Installation

from bot.redaction import is_object
from bot.settings_slack import SlackSettings
from bot.slack_api import name_of
from bot.tenants.client import AppClient
from bot.tenants.store import SqlInstallations
from bot.tenants.tenant import org_named
from tools.contracts.ledger import Recorder

TASK = "workspaces"
"""The task that installations and removals are on record under."""

_ID = re.compile(r"[TE][A-Z0-9]{2,30}")


class NotGranted(Exception):
    """Nothing was installed. The message is for the person at the browser and holds no secret."""


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
        except NotGranted:
            await self._revoke(token)
            raise
        org = org_of(installation)
        await self.ledger.record(
            "workspace_installed",
            {
                "name": installation.enterprise_name if installation.is_enterprise_install else installation.team_name,
                "enterprise": installation.enterprise_id or "",
                "app_id": installation.app_id or "",
                "scopes": sorted(installation.bot_scopes or []),
                "rotates": installation.bot_refresh_token is not None,
            },
            org=org,
            task_id=TASK,
            actor=installation.user_id,
            key=f"installed:{uuid4()}",
        )
        await self.store.async_save(installation)
        return installation

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
        if not wide and told.get("team_id") != of:
            raise NotGranted("Slack's answer names one workspace, and its token another.")
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
        allowed = self.slack.install_teams
        if allowed and not {team.get("id"), enterprise.get("id")} & {*allowed}:
            raise NotGranted("This Gavel is not for that workspace. Whoever runs it lists those it is for.")

    async def _revoke(self, token: str) -> None:
        """A token that is not kept is not left lying around either. Where that fails, the workspace can remove it."""
        if token:
            try:
                await self._asked("auth.revoke", headers={"Authorization": f"Bearer {token}"})
            except NotGranted:
                return

    async def _asked(self, method: str, **given: Any) -> dict[str, Any]:
        try:
            answer: Any = await self.app.api_call(method, **given)
        except SlackApiError as error:
            raise NotGranted(f"Slack refused: {name_of(error) or 'no reason'}.") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotGranted(f"Slack could not be reached ({type(error).__name__}).") from None
        data: object = answer.data
        return data if is_object(data) else {}


def org_of(installation: Installation) -> str:
    return org_named(
        enterprise_id=installation.enterprise_id,
        team_id=installation.team_id,
        is_enterprise_install=installation.is_enterprise_install,
    )

"""oauth.v2.access, auth.revoke, apps.uninstall: the methods that are about the app's installation as such."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from bot.local.slack.distribution import Distribution, Granted
from bot.local.slack.errors import SlackError
from bot.local.slack.seed import APP_ID, Team
from tools.contracts.common import JsonObject

ACCESS, REVOKE, UNINSTALL = "oauth.v2.access", "auth.revoke", "apps.uninstall"


def client_of(authorization: str, args: Mapping[str, object]) -> tuple[str, str]:
    """Id and secret: HTTP Basic, as Slack recommends, or among the arguments."""
    kind, _, encoded = authorization.partition(" ")
    if kind.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            raise SlackError("invalid_client_id") from None
        return name, secret
    return str(args.get("client_id") or ""), str(args.get("client_secret") or "")


def access(app: Distribution, args: Mapping[str, object], authorization: str, teams: Mapping[str, Team]) -> JsonObject:
    """A code or a refresh token for a token."""
    app.client(*client_of(authorization, args))
    match str(args.get("grant_type") or "authorization_code"):
        case "authorization_code":
            granted = app.exchange(str(args.get("code") or ""), redirect_uri=str(args.get("redirect_uri") or ""))
        case "refresh_token":
            granted = app.refresh(str(args.get("refresh_token") or ""))
        case _:
            raise SlackError("invalid_grant_type")
    return _shown(granted, teams[granted.team])


def _shown(granted: Granted, team: Team) -> JsonObject:
    wide = bool(team.enterprise)
    body: JsonObject = {
        "app_id": APP_ID,
        "authed_user": {"id": granted.user},
        "scope": ",".join(sorted(granted.scopes)),
        "token_type": "bot",
        "access_token": granted.token,
        "bot_user_id": team.bot_user_id,
        "team": None if wide else {"id": team.id, "name": team.name},
        "enterprise": team.shown_enterprise,
        "is_enterprise_install": wide,
    }
    if granted.refresh_token is not None:
        body |= {"refresh_token": granted.refresh_token, "expires_in": granted.expires_in}
    return body

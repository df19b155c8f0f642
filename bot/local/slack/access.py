"""Which workspace a token speaks for, and what it may."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from bot.local.slack.api.call import Method
from bot.local.slack.distribution import Distribution
from bot.local.slack.errors import SlackError
from bot.local.slack.seed import Team
from bot.local.slack.serving import IsOurs
from bot.local.slack.sockets import require_app_token
from bot.local.slack.workspace import Workspace


@dataclass(frozen=True)
class Access:
    """The token of `credentials.json` is the home workspace's and never ends; others come by OAuth."""

    home: Workspace
    distribution: Distribution

    def authorize(self, method: Method, token: str) -> str:
        """The workspace's id, or the enterprise's. Raises `SlackError` by Slack's names."""
        credentials = self.home.credentials
        if not token:
            raise SlackError("not_authed")
        if method.app_token:
            require_app_token(token, app_token=credentials.app_token, bot_token=credentials.bot_token)
            return self.home.team.id
        if token == credentials.app_token:
            raise SlackError("not_allowed_token_type")
        team, provided = self.whose(token)
        if method.scopes and provided.isdisjoint(method.scopes):
            raise SlackError("missing_scope", needed=method.scopes[0], provided=",".join(sorted(provided)))
        return team

    def whose(self, token: str) -> tuple[str, frozenset[str]]:
        """Workspace and scopes of a bot's token."""
        if secrets.compare_digest(token.encode(), self.home.credentials.bot_token.encode()):
            return self.home.team.id, self.home.manifest.scopes
        return self.distribution.team_of(token)

    def is_ours(self, team: Team) -> IsOurs:
        """For the files of a workspace."""

        def of_team(token: str, scope: str) -> bool:
            try:
                found, scopes = self.whose(token)
            except SlackError:
                return False
            return found == team.installed_as and scope in scopes

        return of_team

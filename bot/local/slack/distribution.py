"""The app as Slack distributes it: who it is for OAuth, which workspaces installed it, and with which tokens.

What the app's settings pages hold in Slack is set by `POST /local/distribution`. Kept in memory: after a restart the
app is installed nowhere but in the home workspace, whose token is in `credentials.json`.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from bot.local.slack.errors import SlackError

CODE_SECONDS = 600.0
"""Slack: a code is good for ten minutes, once."""

TOKEN_SECONDS = 43_200
"""Slack: a token that rotates is good for twelve hours."""

LIVE_TOKENS = 2
"""Of one installation at a time: the one that was refreshed last works on beside the new one, an older one does not."""


@dataclass(frozen=True)
class AppSettings:
    """As on the app's pages. Empty: it is not distributed, and nothing of OAuth works."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    redirect_urls: tuple[str, ...] = ()
    token_rotation: bool = False
    token_seconds: int = TOKEN_SECONDS
    """How long a token is good, with rotation."""


@dataclass(frozen=True)
class Asked:
    """What an install page was opened with."""

    scopes: frozenset[str]
    redirect_uri: str
    state: str


@dataclass
class _Code:
    team: str
    user: str
    asked: Asked
    expires: float
    used: bool = False


@dataclass
class _Token:
    team: str
    scopes: frozenset[str]
    expires: float | None
    """None: never."""
    ended: str = ""
    """Slack's name for why it works no more; empty: it does."""


@dataclass(frozen=True)
class Granted:
    """What an exchange hands out."""

    team: str
    user: str
    scopes: frozenset[str]
    token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_in: int | None = None


@dataclass
class _Installed:
    user: str
    scopes: frozenset[str]
    live: list[str] = field(default_factory=list[str])
    """Tokens, the newest last."""
    refresh: str = ""
    """The one refresh token that is good."""


class Distribution:
    """Every method raises `SlackError` by Slack's names."""

    def __init__(self, scopes: Collection[str], *, clock: Callable[[], float] = time.time) -> None:
        """`scopes`: those the app's configuration has; no more can be asked for."""
        self.settings = AppSettings()
        self.refreshed = 0
        """How often a refresh token was exchanged."""
        self._offered = frozenset(scopes)
        self._clock = clock
        self._pages: dict[str, Asked] = {}
        self._codes: dict[str, _Code] = {}
        self._tokens: dict[str, _Token] = {}
        self._installed: dict[str, _Installed] = {}

    # The install page

    def open_page(self, *, client_id: str, scope: str, redirect_uri: str, state: str) -> str:
        """A person opens the authorize URL: the name of the page they see."""
        if not self.settings.client_id or client_id != self.settings.client_id:
            raise SlackError("invalid_client_id")
        wanted = frozenset(scope.split(",")) if scope else frozenset[str]()
        if not wanted:
            raise SlackError("invalid_scope", "[ERROR] no scopes requested")
        if not wanted <= self._offered:
            raise SlackError("invalid_scope", f"[ERROR] {','.join(sorted(wanted - self._offered))}")
        if not any(_within(redirect_uri, url) for url in self.settings.redirect_urls):
            raise SlackError("bad_redirect_uri")
        page = secrets.token_urlsafe(16)
        self._pages[page] = Asked(wanted, redirect_uri, state)
        return page

    def answer_page(self, page: str, *, team: str, user: str, allow: bool) -> tuple[Asked, str | None]:
        """Allow or Cancel on it, once: what was asked, and the code; None: access was denied."""
        asked = self._pages.pop(page, None)
        if asked is None:
            raise SlackError("invalid_page")
        if not allow:
            return asked, None
        code = f"{secrets.randbelow(10**13)}.{secrets.token_hex(24)}"
        self._codes[code] = _Code(team, user, asked, self._clock() + CODE_SECONDS)
        return asked, code

    # The app

    def client(self, client_id: str, client_secret: str) -> None:
        """Whether it is the app that asks."""
        if not self.settings.client_id or client_id != self.settings.client_id:
            raise SlackError("invalid_client_id")
        if not hmac.compare_digest(client_secret.encode(), self.settings.client_secret.encode()):
            raise SlackError("bad_client_secret")

    def exchange(self, code: str, *, redirect_uri: str) -> Granted:
        """A code for tokens, once."""
        known = self._codes.get(code)
        if known is None:
            raise SlackError("invalid_code")
        if known.used:
            raise SlackError("code_already_used")
        if self._clock() > known.expires:
            raise SlackError("code_expired")
        if redirect_uri != known.asked.redirect_uri:
            raise SlackError("bad_redirect_uri")
        known.used = True
        installed = self._installed.setdefault(known.team, _Installed(known.user, known.asked.scopes))
        installed.user, installed.scopes = known.user, known.asked.scopes
        return self._grant(known.team, installed)

    def refresh(self, refresh_token: str) -> Granted:
        """A refresh token for a new pair. It is good once: whoever comes second with it is refused."""
        for team, installed in self._installed.items():
            if installed.refresh and hmac.compare_digest(refresh_token.encode(), installed.refresh.encode()):
                self.refreshed += 1
                return self._grant(team, installed)
        raise SlackError("invalid_refresh_token")

    def team_of(self, token: str) -> tuple[str, frozenset[str]]:
        """Whose token it is, and its scopes. Raises `invalid_auth`, `token_expired`, `token_revoked`."""
        known = self._tokens.get(token)
        if known is None:
            raise SlackError("invalid_auth")
        if known.ended:
            raise SlackError(known.ended)
        if known.expires is not None and self._clock() > known.expires:
            raise SlackError("token_expired")
        return known.team, known.scopes

    def revoke(self, token: str) -> None:
        """`auth.revoke`: this token works no more; the installation has others, or can get them."""
        self._end([token], "token_revoked")

    def uninstall(self, team: str) -> bool:
        """The workspace removed the app: none of its tokens works, and no refresh token. False: it had none."""
        installed = self._installed.pop(team, None)
        if installed is None:
            return False
        self._end([name for name, token in self._tokens.items() if token.team == team], "account_inactive")
        return True

    def expire(self, team: str) -> int:
        """Twelve hours pass for the tokens of a workspace. How many there were."""
        of_team = [token for token in self._tokens.values() if token.team == team and not token.ended]
        for token in of_team:
            token.expires = 0.0
        return len(of_team)

    def break_refreshing(self, team: str) -> None:
        """The refresh token the app holds is good no more."""
        installed = self._installed.get(team)
        if installed is not None:
            installed.refresh = f"xoxe-1-{secrets.token_hex(24)}"

    @property
    def teams(self) -> list[str]:
        """Where it is installed by OAuth."""
        return sorted(self._installed)

    def _grant(self, team: str, installed: _Installed) -> Granted:
        settings = self.settings
        token = f"xoxb-local-{secrets.token_hex(16)}"
        expires = None
        if settings.token_rotation:
            token, expires = f"xoxe.{token}", self._clock() + settings.token_seconds
            installed.refresh = f"xoxe-1-{secrets.token_hex(24)}"
            self._end(installed.live[: 1 - LIVE_TOKENS], "token_expired")
            installed.live = installed.live[1 - LIVE_TOKENS :]
        installed.live.append(token)
        self._tokens[token] = _Token(team, installed.scopes, expires)
        return Granted(
            team,
            installed.user,
            installed.scopes,
            token,
            installed.refresh if settings.token_rotation else None,
            settings.token_seconds if settings.token_rotation else None,
        )

    def _end(self, names: Collection[str], why: str) -> None:
        for name in names:
            if name in self._tokens:
                self._tokens[name].ended = why


def _within(uri: str, registered: str) -> bool:
    """Slack takes a redirect URL that is registered, or lies under one that is."""
    return uri == registered or uri.startswith(registered.rstrip("/") + "/")

"""The settings of Slack: one workspace by its token, or those that install the app."""

from __future__ import annotations

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from bot.settings_base import Names, Section
from bot.settings_values import PlainUrl, WebUrl

INSTALL_PATH, REDIRECT_PATH = "/slack/install", "/slack/oauth_redirect"
"""Where an installation begins, and where Slack sends the browser back to."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SlackSettings(Section):
    """The workspace the bot serves, or the workspaces that install it. With nothing set the embedded one is used."""

    model_config = SettingsConfigDict(env_prefix="SLACK_")

    api_url: WebUrl = "https://slack.com/api/"
    """Base URL of the Web API, with its final slash."""
    bot_token: SecretStr | None = None
    """`xoxb-…`."""
    app_token: SecretStr | None = None
    """`xapp-…`, for Socket Mode."""
    signing_secret: SecretStr | None = None
    """For HTTP mode."""
    mode: Literal["socket", "http"] = "socket"
    """Socket Mode needs no public address."""
    host: str = "127.0.0.1"
    """Where HTTP mode listens. Loopback unless told otherwise."""
    port: int = Field(default=3000, ge=0, le=65535)
    """Of HTTP mode; 0 means any free one."""
    task_url: WebUrl = "https://gavel.example.com/tasks/"
    """Where links to tasks begin: one that is posted gets a card. Its host is among the manifest's `unfurl_domains`."""

    client_id: str | None = Field(default=None, min_length=1)
    """Of the app, for workspaces that install it by OAuth (HTTP mode); then there is no `bot_token`."""
    client_secret: SecretStr | None = None
    """Goes with `client_id`."""
    redirect_url: PlainUrl | None = None
    """Where Slack sends the browser back to: this Gavel's public address and `/slack/oauth_redirect`. The same stands
    among the app's redirect URLs at Slack."""
    install_teams: Names = []
    """Ids of the workspaces (`T…`) and enterprises (`E…`) that may install it and are served. Empty: any that Slack
    lets. One that is taken off is served no more from the next start on, as if it had removed the app."""

    @property
    def configured(self) -> bool:
        return self.bot_token is not None or self.distributed

    @property
    def distributed(self) -> bool:
        """Whether workspaces install it, each with a token of its own."""
        return self.client_id is not None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self._for_oauth():
            self._complete_for_oauth()
            return self
        given = [name for name in ("bot_token", "app_token", "signing_secret") if getattr(self, name) is not None]
        if "api_url" in self.model_fields_set:
            given.append("api_url")
        if not given:
            return self
        needed = ("bot_token", "app_token") if self.mode == "socket" else ("bot_token", "signing_secret")
        for name in needed:
            if getattr(self, name) is None:
                raise ValueError(
                    f"SLACK_{given[0].upper()} is set but SLACK_{name.upper()} is not; {self.mode} mode needs "
                    f"SLACK_{needed[0].upper()} and SLACK_{needed[1].upper()}, or set none of them to use the "
                    "embedded workspace"
                )
        for name, wrong, right in (("bot_token", "xapp-", "xoxb-"), ("app_token", "xoxb-", "xapp-")):
            token: SecretStr | None = getattr(self, name)
            if token is not None and token.get_secret_value().startswith(wrong):
                raise ValueError(f"SLACK_{name.upper()} starts with {wrong}, which is the other token; use {right}…")
        return self

    def _for_oauth(self) -> bool:
        return any(getattr(self, name) is not None for name in ("client_id", "client_secret", "redirect_url"))

    def _complete_for_oauth(self) -> None:
        """Raises ValueError."""
        for name in ("bot_token", "app_token"):
            if getattr(self, name) is not None:
                raise ValueError(
                    f"SLACK_CLIENT_ID and SLACK_{name.upper()} are both set; workspaces either install the app "
                    "(SLACK_CLIENT_ID), or there is one whose token is set. Unset one of them"
                )
        if self.mode != "http":
            raise ValueError("SLACK_CLIENT_ID is set but SLACK_MODE is socket; installing needs http")
        for name in ("client_id", "client_secret", "signing_secret", "redirect_url"):
            if getattr(self, name) is None:
                raise ValueError(
                    f"SLACK_{name.upper()} is not set; for workspaces to install the app, SLACK_CLIENT_ID, "
                    "SLACK_CLIENT_SECRET, SLACK_SIGNING_SECRET and SLACK_REDIRECT_URL go together"
                )
        address = urlsplit(self.redirect_url or "")
        if address.scheme != "https" and address.hostname not in LOOPBACK:
            raise ValueError(
                "SLACK_REDIRECT_URL must start with https:// (http only to this machine): a code comes back"
            )
        if not address.path.endswith(REDIRECT_PATH) or address.query or address.fragment:
            raise ValueError(f"SLACK_REDIRECT_URL must end with {REDIRECT_PATH}, where the browser is sent back to")

"""The section of the settings tree that is about alerts: where they come from, and how much is made of them."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from bot.settings_base import Names, Section, parse_json

Days = Annotated[int, Field(ge=1, le=30 * 86400)]
"""Seconds, at most 30 days."""

SecretText = Annotated[SecretStr, Field(min_length=16, max_length=1024)]
"""Long enough that it cannot be guessed over the network."""


class AlertSettings(Section):
    model_config = SettingsConfigDict(env_prefix="GAVEL_ALERTS_")
    channels: Names = ["alerts"]
    """Names (without #) or ids of channels whose alerts are triaged."""
    expiry_seconds: Days = 3600
    """How long a proposal made for an alert waits for a decision."""
    group_by: Names = ["service", "cluster"]
    """Labels whose values, all together, make alerts belong together. The estate's topology does so besides."""
    group_seconds: float = Field(default=5.0, ge=0, le=300)
    """From an alert until what came with it is put into groups, and the first is looked into."""
    window_seconds: Days = 300
    """How long a group takes in more alerts, and a storm lasts after its last one."""
    again_seconds: Days = 3600
    """An alert that fires again so soon after it was looked into is not looked into again."""
    reopen_seconds: Days = 86_400
    """An alert that fires again so soon after it was over goes on in its thread."""
    parallel: int = Field(default=2, ge=1, le=20)
    """Investigations at a time, of a channel."""
    storm_alerts: int = Field(default=10, ge=1, le=10_000)
    """More different alerts than this within the window are a storm: one summary, and bounds on what is spent."""
    storm_investigations: int = Field(default=20, ge=0, le=1000)
    """Of one storm, the worst alerts first. What it may cost: `budgets.storm_usd` and `budgets.storm_tokens`."""
    page: Annotated[dict[str, str], NoDecode, BeforeValidator(parse_json)] = {}
    """Whom to page, as words: `label=value` → who, e.g. `service=checkout` → `payments on call, +49 …`. `*`: else."""
    webhook_token: SecretText | None = None
    """Bearer token of the webhook. Without it and without a password there is no webhook."""
    webhook_user: str = "alertmanager"
    webhook_password: SecretText | None = None
    """For basic authentication."""
    webhook_channel: str | None = Field(default=None, min_length=1, max_length=80)
    """Into which of the channels it posts. None: the first."""
    webhook_host: str = "127.0.0.1"
    """Where it listens. Loopback unless told otherwise."""
    webhook_port: int = Field(default=9095, ge=0, le=65535)
    """0 means any free one."""

    @property
    def webhook(self) -> bool:
        """Whether there is one."""
        return self.webhook_token is not None or self.webhook_password is not None

    @model_validator(mode="after")
    def _webhook_has_a_channel(self) -> Self:
        channel = (self.webhook_channel or "").lstrip("#")
        if self.webhook and channel and channel not in {name.lstrip("#") for name in self.channels}:
            raise ValueError(
                f"GAVEL_ALERTS_WEBHOOK_CHANNEL is {channel}, which is not in GAVEL_ALERTS_CHANNELS; add it"
            )
        if self.webhook and not self.channels:
            raise ValueError("the webhook has no channel to post into; set GAVEL_ALERTS_CHANNELS")
        return self

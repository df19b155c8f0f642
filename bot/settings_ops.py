"""The section of the settings tree for whoever operates Gavel: where it tells how it is."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from bot.settings_base import Section


class OpsSettings(Section):
    """The operations listener: `/healthz`, `/readyz` and `/metrics`. It asks for no password and holds no secret."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_OPS_")

    port: int | None = Field(default=None, ge=0, le=65535)
    """Where it listens; 0 means any free port. None: it does not."""
    host: str = Field(default="127.0.0.1", min_length=1)
    """Loopback unless told otherwise: in a container 0.0.0.0, for whoever scrapes and probes it."""
    temporal_port: int | None = Field(default=None, ge=1, le=65535)
    """Where the metrics of Temporal's own SDK are, at `/metrics`, on the same host: slots, polls, latencies of every
    step. None: nowhere."""

"""The sections of the settings tree that are about what the models cost and who pays."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode, SettingsConfigDict

from bot.settings_base import Section, split_commas
from bot.settings_values import KeyMaterial, SlackUserId


def _parse_json(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        raise ValueError("must be JSON, or go into gavel.yaml") from None


TeamName = Annotated[str, Field(min_length=1, max_length=60)]


class UsageSettings(Section):
    """How usage is told."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_USAGE_")
    teams: Annotated[dict[TeamName, list[SlackUserId]], NoDecode, BeforeValidator(_parse_json)] = {}
    """Team → its people. Empty: Slack's user groups, without those that hold Gavel's roles."""


class KeystoreSettings(Section):
    """Providers' keys of people and orgs, sealed in SQL."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_KEYSTORE_")
    master_keys: Annotated[list[KeyMaterial], NoDecode, BeforeValidator(split_commas)] = []
    """Under which they are sealed, the current one first; 32 bytes or more each, as hex or base64. Put a new one before
    the others everywhere, restart, and run `gavel keys rotate`; then the others can go. Empty: as `bot.keystore.ring`
    finds it."""

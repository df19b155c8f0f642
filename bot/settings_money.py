"""The sections of the settings tree that are about what the models cost and who pays."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode, SettingsConfigDict

from bot.settings_base import Section, parse_json, split_commas
from bot.settings_values import KeyMaterial, SlackUserId

TeamName = Annotated[str, Field(min_length=1, max_length=60)]


class UsageSettings(Section):
    """How usage is told."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_USAGE_")
    teams: Annotated[dict[TeamName, list[SlackUserId]], NoDecode, BeforeValidator(parse_json)] = {}
    """Team → its people. Empty: Slack's user groups, without those that hold Gavel's roles."""


class KeystoreSettings(Section):
    """Providers' keys of people and orgs, sealed in SQL."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_KEYSTORE_")
    master_keys: Annotated[list[KeyMaterial], NoDecode, BeforeValidator(split_commas)] = []
    """Under which they are sealed, the current one first; 32 bytes or more each, as hex or base64. Put a new one before
    the others everywhere, restart, and run `gavel keys rotate`; then the others can go. Empty: as `bot.keystore.ring`
    finds it."""


Dollars = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Tokens = Annotated[int, Field(ge=0)]


class BudgetLimit(BaseModel):
    """For a day (UTC). What is not set is not limited."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    usd: Dollars | None = None
    tokens: Tokens | None = None


class ModelPrice(BaseModel):
    """US dollars for a million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    input: Dollars
    output: Dollars


class BudgetSettings(Section):
    """How much the models may cost. What is not set is not limited."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_BUDGETS_")
    person_usd: Dollars | None = None
    """Of each person, a day (UTC)."""
    person_tokens: Tokens | None = None
    org_usd: Dollars | None = None
    """Of everybody together, a day (UTC)."""
    org_tokens: Tokens | None = None
    task_usd: Dollars | None = None
    """Of each task, from beginning to end."""
    task_tokens: Tokens | None = None
    storm_usd: Dollars | None = None
    """Of all investigations of one alert storm together, from beginning to end."""
    storm_tokens: Tokens | None = None
    people: Annotated[dict[SlackUserId, BudgetLimit], NoDecode, BeforeValidator(parse_json)] = {}
    """Other limits than `person_…` for some."""
    orgs: Annotated[dict[str, BudgetLimit], NoDecode, BeforeValidator(parse_json)] = {}
    """Other limits than `org_…` for some."""
    prices: Annotated[dict[str, ModelPrice], NoDecode, BeforeValidator(parse_json)] = {}
    """litellm's name of a model, e.g. `ollama_chat/qwen3` → what it costs; 0 is free. Others: litellm's own list."""
    unknown_price: Literal["refuse", "allow"] = "refuse"
    """Whether a model nobody knows the price of is asked under a budget in dollars, of which it then takes nothing."""


class CacheSettings(Section):
    """Answers to read-only questions, kept in Redis."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_CACHE_")
    ttl_seconds: int = Field(default=600, ge=0, le=7 * 86400)
    """How long an answer may be given again. 0: never."""

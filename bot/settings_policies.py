"""The sections of the settings tree that say what may run, when, and how much of it without a person's yes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from bot.settings_base import Section, parse_json, split_commas, split_pairs
from tools.contracts.common import Environment, JsonObject, Platform, RiskLevel
from tools.contracts.verdict import AutonomyMode, GateName


class GateSettings(Section):
    """ADR-007, layer 4. All four gates judge every plan, unless this is no production and one is switched off."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_GATES_")
    production: bool | None = None
    """Whether this is production mode, in which no gate can be off. None: as soon as any part is configured."""
    off: Annotated[list[GateName], NoDecode, BeforeValidator(split_commas)] = []
    """Gates that judge nothing, each by itself. Told on every plan card, kept in the ledger."""


class PolicySettings(Section):
    """Policies beside those that are shipped."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_POLICIES_")
    tenants: Annotated[dict[str, Path], NoDecode, BeforeValidator(split_pairs)] = {}
    """Org → a directory of Rego of its own (`ql.ai.tenants.<org>.…`), which can refuse and ask for more, never allow.
    `ORG=DIRECTORY,…` in the environment."""


class AutonomyRules(BaseModel):
    """How much runs without a person's yes, never in production. What is not set is as the policies ship it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    mode: AutonomyMode | None = None
    environments: dict[Environment, AutonomyMode] = {}
    tools: dict[str, AutonomyMode] = {}
    """Tool → mode. Of all modes that are set for a plan the most careful one counts."""
    max_assets: int | None = Field(default=None, ge=0)
    """A plan of more assets needs approval."""
    cooldown_seconds: int | None = Field(default=None, ge=0)
    """For this long after a change in the environment the next one needs approval."""
    risk_levels: list[RiskLevel] | None = None
    """What `risk_based` lets run. Critical risk always needs approval."""
    blocked_operations: list[str] | None = None
    """Tools whose use always needs approval."""
    blocked_platforms: list[Platform] | None = None
    critical_tags: list[Annotated[str, Field(pattern=r"^[^=]+=.+$")]] | None = None
    """`tag=value`: a plan with an asset that has one needs approval."""

    @property
    def given(self) -> JsonObject:
        """What is set, as `data.gavel.autonomy` has it."""
        fields = self.model_dump(mode="json", exclude_none=True)
        return {name: value for name, value in fields.items() if value != {}}


class AutonomySettings(Section):
    """For every org, and for single ones over that."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_AUTONOMY_")
    default: Annotated[AutonomyRules, NoDecode, BeforeValidator(parse_json)] = AutonomyRules()
    orgs: Annotated[dict[str, AutonomyRules], NoDecode, BeforeValidator(parse_json)] = {}


Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class Span(BaseModel):
    """A time that is frozen, or that is a change window: once, or each week.

    Weekly spans whose `to` is not after `from` run into the next day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    reason: str = Field(min_length=1, max_length=200)
    org: str = Field(default="*", min_length=1)
    environment: Environment | Literal["*"] = "*"
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    weekdays: list[Annotated[Weekday, BeforeValidator(_lower)]] | None = Field(default=None, min_length=1)
    since: Clock | None = Field(default=None, alias="from")
    to: Clock | None = None
    time_zone: str | None = None
    """IANA name, e.g. `Europe/Berlin`."""

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                ZoneInfo(name)
            except (OSError, ValueError, KeyError):
                raise ValueError("must be an IANA time zone, e.g. Europe/Berlin") from None
        return name

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        once, weekly = (self.start, self.end), (self.weekdays, self.since, self.to, self.time_zone)
        if all(once) and not any(weekly):
            return self
        if all(weekly) and not any(once):
            return self
        raise ValueError("needs start and end, or weekdays, from, to and time_zone, and not of both")

    @property
    def entry(self) -> JsonObject:
        """As `data.gavel.freezes` and `data.gavel.windows` have it."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class CalendarSettings(Section):
    """When nothing may run, and when only."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_CALENDAR_")
    freezes: Annotated[list[Span] | None, NoDecode, BeforeValidator(parse_json)] = None
    """Nothing is run in one, approved or not. None: as the policies have it."""
    windows: Annotated[list[Span] | None, NoDecode, BeforeValidator(parse_json)] = None
    """Where an environment has one, changes run only inside. None: as the policies have it."""

"""One typed settings tree, from the environment and `gavel.yaml`. The environment wins.

Each section reads its own environment variables: the section's prefix and the field's name, e.g. `TEMPORAL_ADDRESS`.
In `gavel.yaml` the same value is `temporal: {address: …}`. Nothing here connects to anything.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import SettingsConfigDict
from pydantic_settings import SettingsError as UndecodableError

from bot.settings_alerts import AlertSettings
from bot.settings_base import Section
from bot.settings_errors import SettingsError, explain, read_yaml
from bot.settings_mcp import McpSettings
from bot.settings_modes import EscalationSettings, ModeSettings
from bot.settings_money import BudgetSettings, CacheSettings, KeystoreSettings, UsageSettings
from bot.settings_ops import OpsSettings
from bot.settings_policies import AutonomySettings, CalendarSettings, GateSettings, PolicySettings
from bot.settings_routing import RoutingSettings
from bot.settings_sections import (
    ROLE_GROUPS,
    ApprovalSettings,
    CouncilSettings,
    DatabaseSettings,
    EstateSettings,
    FileSettings,
    LedgerSettings,
    LimitSettings,
    LlmSettings,
    MemberSettings,
    OpaSettings,
    RedisSettings,
    RoleSettings,
    TaskSettings,
    TemporalSettings,
)
from bot.settings_slack import SlackSettings
from bot.settings_values import KeyMaterial
from tools.contracts.identity import Role

__all__ = [
    "CONFIG_VARIABLE",
    "ROLE_GROUPS",
    "AlertSettings",
    "ApprovalSettings",
    "AutonomySettings",
    "BudgetSettings",
    "CacheSettings",
    "CalendarSettings",
    "CouncilSettings",
    "DatabaseSettings",
    "EscalationSettings",
    "EstateSettings",
    "FileSettings",
    "GateSettings",
    "KeystoreSettings",
    "LedgerSettings",
    "LimitSettings",
    "LlmSettings",
    "McpSettings",
    "MemberSettings",
    "ModeSettings",
    "OpaSettings",
    "OpsSettings",
    "PolicySettings",
    "RedisSettings",
    "RoleSettings",
    "RoutingSettings",
    "Settings",
    "SettingsError",
    "SlackSettings",
    "TaskSettings",
    "TemporalSettings",
    "UsageSettings",
    "load_settings",
]

CONFIG_VARIABLE = "GAVEL_CONFIG"
"""Names another file than `./gavel.yaml`."""


class Settings(Section):
    """The whole tree."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_")

    data_dir: Path = Path(".gavel")
    """Where the embedded parts keep their data and logs. Made absolute."""
    secret_key: KeyMaterial | None = None
    """Master key, 32 bytes or more, as hex or base64. Every other key is derived from it (`bot.keys`)."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Of what is written to stderr."""
    org: str | None = Field(default=None, min_length=1, max_length=64)
    """None: the Slack team id."""
    slack: SlackSettings = Field(default_factory=SlackSettings)
    temporal: TemporalSettings = Field(default_factory=TemporalSettings)
    opa: OpaSettings = Field(default_factory=OpaSettings)
    redis: RedisSettings = Field(default_factory=RedisSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    llm: LlmSettings = Field(default_factory=LlmSettings)
    council: CouncilSettings = Field(default_factory=CouncilSettings)
    modes: ModeSettings = Field(default_factory=ModeSettings)
    escalation: EscalationSettings = Field(default_factory=EscalationSettings)
    routing: RoutingSettings = Field(default_factory=RoutingSettings)
    alerts: AlertSettings = Field(default_factory=AlertSettings)
    roles: RoleSettings = Field(default_factory=RoleSettings)
    approvals: ApprovalSettings = Field(default_factory=ApprovalSettings)
    tasks: TaskSettings = Field(default_factory=TaskSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    files: FileSettings = Field(default_factory=FileSettings)
    ledger: LedgerSettings = Field(default_factory=LedgerSettings)
    estate: EstateSettings = Field(default_factory=EstateSettings)
    mcp: McpSettings = Field(default_factory=McpSettings)
    gates: GateSettings = Field(default_factory=GateSettings)
    policies: PolicySettings = Field(default_factory=PolicySettings)
    autonomy: AutonomySettings = Field(default_factory=AutonomySettings)
    calendar: CalendarSettings = Field(default_factory=CalendarSettings)
    keystore: KeystoreSettings = Field(default_factory=KeystoreSettings)
    cache: CacheSettings = Field(default_factory=CacheSettings)
    budgets: BudgetSettings = Field(default_factory=BudgetSettings)
    usage: UsageSettings = Field(default_factory=UsageSettings)
    ops: OpsSettings = Field(default_factory=OpsSettings)

    @model_validator(mode="before")
    @classmethod
    def _every_section(cls, data: dict[str, Any]) -> dict[str, Any]:
        """A section that is absent, or has nothing under it in YAML, still reads its environment variables here.

        Left to the field's default it would do so outside this validation, and its error would not say where.
        """
        sections: dict[str, Any] = {name: {} for name in SECTIONS if data.get(name) is None}
        return {**data, **sections}

    @model_validator(mode="after")
    def _absolute(self) -> Self:
        object.__setattr__(self, "data_dir", self.data_dir.expanduser().absolute())
        return self

    @model_validator(mode="after")
    def _every_gate_in_production(self) -> Self:
        if self.production and self.gates.off:
            raise ValueError(
                f"GAVEL_GATES_OFF is {', '.join(self.gates.off)}, and in production mode no gate can be off; unset it,"
                " or set GAVEL_GATES_PRODUCTION to false where this is none"
            )
        return self

    @model_validator(mode="after")
    def _listed_for_one_tenant(self) -> Self:
        if self.slack.distributed and self.roles.explicit is not None and self.org is None:
            raise ValueError(
                "roles (GAVEL_ROLES_…) and SLACK_CLIENT_ID are set but GAVEL_ORG is not; user ids are listed for one "
                "workspace: set GAVEL_ORG to its id (T…, or E…), or unset roles and use user groups in each workspace"
            )
        return self

    @model_validator(mode="after")
    def _servers_for_named_tenants(self) -> Self:
        if self.slack.distributed:
            for name, server in self.mcp.servers.items():
                if server.orgs is None:
                    raise ValueError(
                        f"mcp.servers.{name}.orgs is not set but SLACK_CLIENT_ID is; every workspace that installs the"
                        " app would read what the server reads: list the orgs that may"
                    )
        return self

    def roles_listed_for(self, org: str) -> Mapping[Role, frozenset[str]] | None:
        """Role → user ids; None: its user groups decide. Where workspaces install the app, the list is of one tenant's
        people: on an Enterprise Grid the same id may be a person's in another tenant, who was given no role there."""
        return None if self.slack.distributed and org != self.org else self.roles.explicit

    @property
    def production(self) -> bool:
        """Whether this is production mode: unless told otherwise, as soon as any part is not the embedded one."""
        if self.gates.production is not None:
            return self.gates.production
        addresses = (self.temporal.address, self.opa.url, self.redis.url, self.database.url)
        return self.slack.configured or self.estate.configured or any(address is not None for address in addresses)

    @property
    def database_url(self) -> str:
        """The SQL URL in use, with an async driver. May hold a password."""
        if self.database.url is not None:
            return self.database.url.get_secret_value()
        return f"sqlite+aiosqlite:///{self.data_dir / 'gavel.db'}"

    @property
    def anchor_dir(self) -> Path:
        return (self.ledger.anchor_dir or self.data_dir / "anchors").expanduser().absolute()

    @classmethod
    def embedded(cls, *, data_dir: Path) -> Settings:
        """A tree in which no part is configured, whatever the environment and gavel.yaml say.

        For the demo, which must never reach a real workspace or a paid model. Never fails: it reads nothing.
        """
        sections: dict[str, Any] = {name: section.model_construct() for name, section in SECTIONS.items()}
        sections["llm"] = LlmSettings.model_construct(provider="rehearsal")
        return cls.model_construct(data_dir=data_dir.expanduser().absolute(), **sections)


SECTIONS: Mapping[str, type[Section]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
}
"""The first-level keys of `gavel.yaml` that hold mappings."""


def config_path() -> Path | None:
    """The file named by `GAVEL_CONFIG`, else `./gavel.yaml` when there is one. Raises :class:`SettingsError`."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise SettingsError([f"{CONFIG_VARIABLE}: got {named!r}; it must name a file that exists"])
        return path
    path = Path("gavel.yaml")
    return path if path.is_file() else None


def load_settings() -> Settings:
    """Read everything once. Raises :class:`SettingsError`, one line for each thing that is wrong."""
    path = config_path()
    data = read_yaml(path) if path is not None else {}
    try:
        return Settings(**data)
    except ValidationError as error:
        raise SettingsError(explain(error, root=Settings, file=path)) from None
    except UndecodableError as error:
        raise SettingsError([f"{error}: a whole section cannot be set by one variable; set its values"]) from None

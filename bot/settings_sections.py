"""The sections of the settings tree: one for each part that can be configured. See :mod:`bot.settings`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from agents.orchestrator.providers.vendor import ProviderId
from bot.settings_alerts import Days
from bot.settings_base import Section, parse_json, split_commas, split_pairs
from bot.settings_values import DatabaseUrl, EstateUrl, OpaUrl, RedisUrl, SlackUserId, TemporalAddress, WebUrl
from tools.contracts.common import Environment
from tools.contracts.identity import Role
from tools.contracts.modes import ModeSetting

ROLE_GROUPS: dict[Role, str] = {
    "viewer": "gavel-viewers",
    "operator": "gavel-operators",
    "approver": "gavel-approvers",
    "admin": "gavel-admins",
}
"""Handles of the Slack user groups that hold each role, unless `roles` maps people explicitly."""

Provider = ProviderId | Literal["rehearsal"]
"""ADR-006, supported providers; `rehearsal` is the simulated one of the embedded stack."""


UserIds = Annotated[list[SlackUserId], NoDecode, BeforeValidator(split_commas)]

Percents = Annotated[
    list[Annotated[int, Field(ge=1, le=99)]], NoDecode, BeforeValidator(split_commas), Field(max_length=10)
]
Moments = Annotated[
    list[Annotated[int, Field(ge=1, le=30 * 86400)]], NoDecode, BeforeValidator(split_commas), Field(max_length=10)
]


class TemporalSettings(Section):
    """The cluster that runs the workflows. Without an address the embedded server is used."""

    model_config = SettingsConfigDict(env_prefix="TEMPORAL_")

    address: TemporalAddress | None = None
    """`host:port`."""
    namespace: str = Field(default="default", min_length=1)
    api_key: SecretStr | None = None
    tls: bool | None = None
    """None: on exactly when an API key or a client certificate is given."""
    tls_client_cert_path: Path | None = None
    """A PEM file; it goes with its key."""
    tls_client_key_path: Path | None = None
    tls_server_ca_cert_path: Path | None = None
    """A PEM file. None: the system's authorities."""
    task_queue: str = Field(default="gavel", min_length=1)
    """The same for every bot and worker of an installation."""

    @property
    def use_tls(self) -> bool:
        if self.tls is not None:
            return self.tls
        return any((self.api_key, self.tls_client_cert_path, self.tls_server_ca_cert_path))

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.tls_client_cert_path is None) != (self.tls_client_key_path is None):
            raise ValueError("TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH go together; one is set")
        for path in (self.tls_client_cert_path, self.tls_client_key_path, self.tls_server_ca_cert_path):
            if path is not None and not path.is_file():
                raise ValueError(f"{path} is not a file; name a PEM file, or unset it")
        if self.tls is False and (self.api_key or self.tls_client_cert_path):
            raise ValueError("TEMPORAL_TLS is false, but an API key or certificate is given, which need TLS")
        if self.address is None and (self.api_key or self.tls_client_cert_path or self.tls):
            raise ValueError("TEMPORAL_ADDRESS is not set, but TLS or an API key is; set it to host:port")
        return self


class OpaSettings(Section):
    """The policy server. With a URL there is no falling back to another engine."""

    model_config = SettingsConfigDict(env_prefix="OPA_")
    url: OpaUrl | None = None
    """None: `opa` where it is found, else the policies are judged in the process."""


class RedisSettings(Section):
    """What may be lost: what was handed over lately, answers kept for a while."""

    model_config = SettingsConfigDict(env_prefix="REDIS_")
    url: RedisUrl | None = None
    """`redis://`, `rediss://` or `unix://`. None: a redis-server of its own."""


class DatabaseSettings(Section):
    """SQL. The URL names an async driver once it is validated. Without it: SQLite in the data directory."""

    model_config = SettingsConfigDict(env_prefix="DATABASE_")
    url: DatabaseUrl | None = None
    """`postgresql://…` or `sqlite:///…`."""


class CapabilitySettings(BaseModel):
    """What a model can do, where litellm's data does not know it, or is wrong. None: as the data has it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    vision: bool | None = None
    tools: bool | None = None
    streaming: bool | None = None
    json_schema: bool | None = None
    prompt_caching: bool | None = None


class MemberSettings(BaseModel):
    """A model that may answer, alone or on the council."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(min_length=1, max_length=40)
    """Shown in threads. Unique."""
    model: str = Field(min_length=1)
    """litellm's name, e.g. `anthropic/claude-sonnet-4-5`."""
    family: str | None = None
    """Vendor or model family; None: the part of `model` before the slash."""
    api_base: WebUrl | None = None
    api_key: SecretStr | None = None
    """None: litellm reads the provider's usual variable."""
    extra: dict[str, str] = {}
    """More litellm arguments, e.g. `api_version`."""
    provider: ProviderId | None = None
    """None: as `model` says; `openai/…` with an `api_base` is an OpenAI-compatible endpoint."""
    can: CapabilitySettings = CapabilitySettings()
    fast: bool = False
    """It reads requests and replies, and is not asked for a judgement: no member of the council."""


class LlmSettings(Section):
    """ADR-006, configuration. With no members and no provider's key the rehearsal models answer."""

    model_config = SettingsConfigDict(env_prefix="LLM_")

    mode: ModeSetting = "auto"
    """How the models answer where nothing narrower is set (`modes`) and no person names a mode. `auto`: one model
    answers, and a council judges it where risk, doubt or a gate asks for it (`escalation`)."""
    provider: Provider | None = None
    """The one that answers in single mode. None: the first found configured."""
    primary: str | None = None
    """Name of the member, or of the provider, that synthesizes in aggregation mode. None: the first member."""
    members: Annotated[list[MemberSettings], NoDecode, BeforeValidator(parse_json)] = []
    """Explicit members. Empty: one for each provider whose key is in the environment."""
    stream: bool = False
    """Take answers as streams: a provider that falls silent is noticed after half a minute instead of at the deadline,
    for a third of a millisecond a word."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [member.name for member in self.members]
        if len(names) != len(set(names)):
            raise ValueError("llm.members has two members of one name; every name must be unique")
        return self


class CouncilSettings(Section):
    """ADR-006, `council`."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_COUNCIL_")
    min_providers: int = Field(default=3, ge=2, le=15)
    consensus_threshold: float = Field(default=0.7, ge=0.5, lt=1)
    """Share of the votes a claim must exceed."""
    include_dissent: bool = True
    """Whether cards and files tell who disputes what and why, or only how much is disputed. The gates count dissent,
    and the ledger keeps it, in any case."""


class RoleSettings(Section):
    """Who may do what. With no list at all, Slack user groups decide (:data:`ROLE_GROUPS`).

    Where workspaces install the app (`SLACK_CLIENT_ID`), the lists hold for the tenant that `GAVEL_ORG` names and for
    no other: in the others user groups decide.
    """

    model_config = SettingsConfigDict(env_prefix="GAVEL_ROLES_")
    viewer: UserIds | None = None
    """Slack user ids, as in the other three. A role without a list has nobody, as soon as any of them has one."""
    operator: UserIds | None = None
    approver: UserIds | None = None
    admin: UserIds | None = None

    @property
    def explicit(self) -> dict[Role, frozenset[str]] | None:
        """Role → user ids, or None when user groups decide. A role without a list then has nobody."""
        lists: dict[Role, list[str] | None] = {
            "viewer": self.viewer,
            "operator": self.operator,
            "approver": self.approver,
            "admin": self.admin,
        }
        if all(people is None for people in lists.values()):
            return None
        return {role: frozenset(people or ()) for role, people in lists.items()}


class ApprovalSettings(Section):
    model_config = SettingsConfigDict(env_prefix="GAVEL_APPROVALS_")
    expiry_seconds: Days | None = None
    """None: as the policy decides for the plan."""
    remind_percent: Percents = [50]
    """When a plan that waits is brought to mind in its thread, in percent of the time it waits."""
    remind_seconds_before: Moments = [600]
    """And so many seconds before it expires."""
    escalate_percent: int = Field(default=75, ge=0, le=99)
    """When the next role that may decide is called in, in percent of that time; 0: never."""


class TaskSettings(Section):
    model_config = SettingsConfigDict(env_prefix="GAVEL_TASKS_")
    repair_attempts: int = Field(default=2, ge=0, le=5)
    """How often a refused plan goes back to its agent before the person is told."""
    canary_wait_seconds: int = Field(default=60, ge=1, le=7 * 86400)
    """Pause after the canary where the person names none. Policy has its own minimum."""
    question_expiry_seconds: Days = 86400
    """How long a question in a thread waits for its answer."""
    pause_expiry_seconds: Days = 14_400
    """How long a run may be paused. Then it is stopped, and what it changed is undone."""


class LimitSettings(Section):
    model_config = SettingsConfigDict(env_prefix="GAVEL_LIMITS_")
    text_chars: int = Field(default=12_000, ge=500, le=40_000)
    """Longest request that is taken in."""
    person_requests: int = Field(default=30, ge=0, le=10_000)
    """Requests (mentions, direct messages, `/gavel ask`, forms) of one person within the window. More are refused, with
    when to ask again. 0: any number."""
    channel_requests: int = Field(default=120, ge=0, le=100_000)
    """The same of one channel. Alerts are no requests: see `alerts`."""
    requests_window_seconds: int = Field(default=60, ge=1, le=86_400)
    """The window moves with the clock. Counted in Redis; while it is away, each bot counts for itself."""


class FileSettings(Section):
    """Files that people attach to a request."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_FILES_")
    count: int = Field(default=8, ge=0, le=8)
    """How many of one task are read. 0: none is."""
    text_kilobytes: int = Field(default=256, ge=1, le=3_000)
    """Of one text file."""
    keep_days: int = Field(default=30, ge=1, le=3_650)
    """How long they are kept, sealed, for a task that goes on."""


class LedgerSettings(Section):
    model_config = SettingsConfigDict(env_prefix="GAVEL_LEDGER_")
    anchor_dir: Path | None = None
    """Where the keyed heads of the chains are kept, outside SQL. None: `anchors` in the data directory."""
    request_log_days: int | None = Field(default=None, ge=1, le=36_500)
    """Rows of `ai_request_logs` older than this are removed. None: none is. The ledger itself is always kept."""


class EstateSettings(Section):
    """What is operated. Without a connector it is the sample estate."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_ESTATE_")
    kind: Literal["sample", "qlrf"] = "sample"
    seed: int = Field(default=1, ge=0)
    """Of the sample estate."""
    url: EstateUrl | None = None
    """Of QL-RF, without `/api/v1`."""
    token: SecretStr | None = None
    """QL-RF's bearer token. It belongs to one org, the one that this Gavel serves."""
    org: str | None = Field(default=None, min_length=1, max_length=128)
    """What QL-RF calls that org. None: whatever it does, as long as all rows are of one."""
    environments: Annotated[dict[str, Environment], NoDecode, BeforeValidator(split_pairs)] = {}
    """QL-RF's environment id → development, staging or production. The empty id is of what has none."""
    timeout_seconds: float = Field(default=15, ge=1, le=120)
    """For one request."""

    @property
    def configured(self) -> bool:
        return self.kind != "sample"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for name in ("url", "token"):
            if self.configured and getattr(self, name) is None:
                raise ValueError(f"GAVEL_ESTATE_KIND is {self.kind} but GAVEL_ESTATE_{name.upper()} is not set; set it")
            if not self.configured and getattr(self, name) is not None:
                raise ValueError(
                    f"GAVEL_ESTATE_{name.upper()} is set but GAVEL_ESTATE_KIND is sample; set it to qlrf, or unset it"
                )
        return self

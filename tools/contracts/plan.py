"""What every plan of layer 2 is made of: what would be changed, in which order, and what it rests on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tools.contracts.common import Contract, Environment, JsonObject, digest_of
from tools.contracts.taskspec import TimeWindow

AssetId = Annotated[str, Field(min_length=1, max_length=128)]
ShortText = Annotated[str, Field(max_length=128)]
ResourceId = Annotated[str, Field(min_length=1, max_length=200)]


class Receipt(Contract):
    """Where a stated value comes from: a tool call, and a path into its result."""

    tool_call_id: str
    path: str
    """JSON Pointer (RFC 6901) into the tool's output."""
    value: str | int | float | bool | None
    """The value as cited; a deterministic check compares it with the result."""


class Evidence(Contract):
    """One tool result the plan rests on. The result itself is in the ledger under `result_digest`."""

    tool_call_id: str
    tool: str
    result_digest: str
    summary: str = Field(max_length=200)


class Action(Contract):
    """One tool call of the plan. `params` must satisfy the tool's input schema."""

    id: str
    tool: str
    params: JsonObject
    asset_ids: list[AssetId]
    resource_ids: list[ResourceId] = []
    """What it changes that is no asset: see :class:`ResourceExpectation`."""


class HealthCheck(Contract):
    """A typed check: there is no command text in a plan."""

    kind: Literal["heartbeat", "http_ok", "error_rate_below", "version_matches"]
    threshold: float | None = None
    """Percent, for `error_rate_below`."""
    timeout_seconds: int = Field(default=60, ge=1, le=3600)


class ResourceCheck(Contract):
    """A typed check of something that is no asset. What is called for it is the executor's to know, not the plan's."""

    kind: Literal["as_expected", "image_fit", "image_valid", "rpo_met", "rto_met"]
    """`as_expected`: in the state that the phases so far lead to. `image_fit`: no check of the image fails;
    `image_valid`: every one passes. `rpo_met` and `rto_met`: of a recovery pair, computed now."""
    resource_id: ResourceId
    timeout_seconds: int = Field(default=60, ge=1, le=3600)


class RollbackCondition(Contract):
    kind: Literal["health_check_failed", "failed_assets_percent"]
    threshold: float | None = None
    """Percent, for `failed_assets_percent`."""


class Phase(Contract):
    """Phases run in order. The type, never the name, says what a phase is."""

    name: str = Field(min_length=1, max_length=80)
    type: Literal["canary", "wave", "wait", "verify", "rollback"]
    asset_ids: list[AssetId] = []
    batch_percent: float = Field(default=0, ge=0, le=100)
    """`len(asset_ids)` as a percentage of the plan's assets, stated for people and checked by the safety gate."""
    wait_seconds: int = Field(default=0, ge=0, le=7 * 86400)
    """For `wait` phases: a durable pause."""
    actions: list[Action] = []
    health_checks: list[HealthCheck] = []
    resource_checks: list[ResourceCheck] = []


class Rollback(Contract):
    """How the plan is undone. Approved with the plan; narrowed to the assets really changed when it runs."""

    conditions: list[RollbackCondition]
    actions: list[Action]
    note: str = Field(default="", max_length=300)
    """Where there is nothing to undo: why, e.g. that a draft image is used by nobody."""


class AssetExpectation(Contract):
    """What an asset looked like when the plan was written, and what it must look like when it is done."""

    asset_id: AssetId
    fingerprint: ShortText
    """Of the asset's observed state at planning; compared again before each phase."""
    from_version: ShortText
    to_version: ShortText


class ResourceExpectation(Contract):
    """Something a plan changes that is no asset. Observed again before each phase, as assets are."""

    kind: Literal["image", "dr_pair", "alert"]
    id: ResourceId
    fingerprint: str
    """Of its observed state at planning."""
    from_state: str
    to_state: str


class Plan(Contract):
    """What every plan has. A plan is judged, approved and run as exactly these bytes: see :attr:`digest`.

    Each kind of plan is a subclass in `tools/contracts/outputs` with a `kind` of its own.
    """

    org: str
    task_id: str
    revision: int = Field(ge=1)
    summary: str = Field(min_length=1, max_length=600)
    environment: Environment
    asset_ids: list[AssetId]
    phases: list[Phase]
    rollback: Rollback
    maintenance_window: TimeWindow | None = None
    expectations: list[AssetExpectation]
    resources: list[ResourceExpectation] = []
    evidence: list[Evidence]
    receipts: list[Receipt] = []
    """What backs the figures and names in `summary`, besides the plan's own fields."""

    @property
    def digest(self) -> str:
        """`sha256:…` over the canonical JSON of the whole plan: org, task, revision and all."""
        return digest_of(self)

    @property
    def target(self) -> str:
        """`environment/sha256:…` of the sorted assets and resources: what a decision binds besides the digest."""
        resources = sorted(f"{resource.kind}/{resource.id}" for resource in self.resources)
        return f"{self.environment}/{digest_of({'assets': sorted(self.asset_ids), 'resources': resources})}"

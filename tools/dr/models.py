"""What the recovery tools take and give. Their JSON Schemas are what models, gates and the dispatcher see."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tools.contracts.change import ChangeOutput
from tools.contracts.common import Contract, Environment
from tools.contracts.plan import AssetExpectation
from tools.contracts.recovery import DrRunKind, DrStepName, ReplicationStatus
from tools.contracts.taskspec import TimeWindow
from tools.dr.objectives import Verdict
from tools.fields import Id, Label, Moment, Paged, PageOutput, Text

Minutes = Annotated[float, Field(ge=0)]
MovedAssets = Annotated[list[Id], Field(max_length=2000)]
Reasons = Annotated[list[Text], Field(max_length=20)]


class GetDrStatusInput(Paged):
    site_id: Id | None = None
    """Pairs that have this site on either side."""
    dr_pair_id: Id | None = None
    environment: Environment | None = None


class DrPairRow(Contract):
    dr_pair_id: Id
    environment: Environment
    primary_site_id: Id
    dr_site_id: Id
    active_site_id: Id
    stated_status: Label
    stated_replication: ReplicationStatus
    """What the pair says of itself; the figures below are computed."""
    rpo_objective_minutes: int
    rpo_minutes: Minutes | None
    """Age of the oldest synchronization now; null: unknown."""
    rpo_verdict: Verdict
    rto_objective_minutes: int
    rto_minutes: Minutes | None
    """Estimated from the backlog and the last measured run; null: unknown."""
    rto_verdict: Verdict
    last_passed_test_at: Moment | None
    last_passed_test_id: Id | None
    days_since_passed_test: float | None
    last_run_failed: bool
    """The latest drill or failover did not go through, whatever an earlier one did."""
    disagreements: Reasons
    """Where what the pair says of itself and what is measured differ."""


class GetDrStatusOutput(PageOutput):
    computed_at: Moment
    pairs: list[DrPairRow] = Field(max_length=200)


class CheckRtoInput(Contract):
    dr_pair_id: Id
    environment: Environment | None = None


class StreamRow(Contract):
    dataset: Id
    status: ReplicationStatus
    last_sync_at: Moment | None
    age_minutes: float | None
    backlog_mb: Minutes
    replay_mb_per_minute: float | None


class RpoFinding(Contract):
    objective_minutes: int
    minutes: Minutes | None
    verdict: Verdict
    dataset: Id | None
    """The data set that is furthest behind."""
    last_sync_at: Moment | None
    reason: Text
    """Why it is unknown; empty when it is known."""


class RtoPart(Contract):
    step: DrStepName
    minutes: Minutes
    basis: Label


class RtoFinding(Contract):
    objective_minutes: int
    minutes: Minutes | None
    verdict: Verdict
    parts: list[RtoPart] = Field(max_length=5)
    based_on_run: Id | None
    run_age_days: float | None
    machines: int = Field(ge=0)
    """That would have to be started at the recovery site."""
    reason: Text


class CheckRtoOutput(Contract):
    dr_pair_id: Id
    computed_at: Moment
    rpo: RpoFinding
    rto: RtoFinding
    streams: list[StreamRow] = Field(max_length=100)
    disagreements: Reasons


class SimulateFailoverInput(Contract):
    dr_pair_id: Id
    dry_run: bool = True
    """Always true: this tool moves nothing. False is refused."""
    environment: Environment | None = None


CheckName = Literal[
    "active_on_primary",
    "replication_in_sync",
    "rpo_met",
    "rto_met",
    "recovery_capacity",
    "recovery_health",
    "images_published",
    "tested_within_30_days",
    "no_critical_alert_at_recovery_site",
]


class FailoverCheck(Contract):
    name: CheckName
    result: Literal["passed", "failed", "no_data"]
    """`no_data` is no pass."""
    required: Label
    observed: Text
    evidence: list[Label] = Field(max_length=20)
    """Ids of the rows it was computed from, the worst first."""
    evidence_count: int = Field(ge=0)


class SimulateFailoverOutput(Contract):
    simulation_id: Id
    dr_pair_id: Id
    computed_at: Moment
    ready: bool
    """Every check passed."""
    checks: list[FailoverCheck] = Field(max_length=9)
    not_passed: list[CheckName] = Field(max_length=9)
    predicted_data_loss_minutes: Minutes | None
    predicted_downtime_minutes: Minutes | None
    machines: int = Field(ge=0)
    asset_ids: MovedAssets
    """Running machines of the pair's primary site in its environment: what a drill or failover is about."""


class TriggerDrDrillInput(Contract):
    dr_pair_id: Id
    asset_ids: Annotated[list[Id], Field(min_length=1, max_length=2000)]
    """Exactly the running machines of the primary site, as simulate_failover lists them."""
    environment: Environment | None = None


class TriggerDrFailoverInput(TriggerDrDrillInput):
    max_data_loss_minutes: int = Field(ge=0, le=7 * 1440)
    """What was agreed to be lost at most. More than that now, and nothing is moved."""
    rollback: bool = False
    """Back to the primary site."""


class GenerateDrRunbookInput(Contract):
    dr_pair_id: Id
    kind: Literal["drill", "failover"] = "drill"
    environment: Environment | None = None


StepKind = Literal["precondition", "run", "observe", "decide", "return"]


class RunbookStep(Contract):
    order: int = Field(ge=1)
    kind: StepKind
    title: Label
    estimated_minutes: Minutes | None
    basis: Label
    tool: Id | None
    """The one tool call of the step, where it has one."""
    params: TriggerDrFailoverInput | TriggerDrDrillInput | CheckRtoInput | None


class GenerateDrRunbookOutput(Contract):
    """Written from today's data. It does not judge them: the gates do."""

    runbook_id: Id
    dr_pair_id: Id
    kind: Literal["drill", "failover"]
    environment: Environment
    from_site_id: Id
    to_site_id: Id
    asset_ids: MovedAssets
    steps: list[RunbookStep] = Field(max_length=40)
    estimated_minutes: Minutes | None
    max_data_loss_minutes: int | None
    """What the failover's call allows to be lost: today's loss, rounded up. Null for a drill: it loses nothing."""
    not_passed: list[CheckName] = Field(max_length=9)
    """Checks of simulate_failover that do not pass today; each is a precondition step."""
    simulation_id: Id
    predicted_data_loss_minutes: Minutes | None
    predicted_downtime_minutes: Minutes | None
    rpo: RpoFinding
    rto: RtoFinding
    last_passed_test_at: Moment | None
    days_since_passed_test: float | None
    traffic: Literal["primary", "recovery"]
    """Where it goes now."""
    fingerprint: Id
    """Of the pair: it changes when somebody has tested it or moved its traffic."""
    expectations: list[AssetExpectation] = Field(max_length=2000)
    """The machines as they are now; a drill or failover leaves their images alone."""
    maintenance_window: TimeWindow | None
    """In which both sites may be changed; null: none is known."""


class MeasuredStep(Contract):
    step: DrStepName
    minutes: Minutes


class DrRunOutput(ChangeOutput):
    """For a drill, a failover and a way back: as it went."""

    run_id: Id
    dr_pair_id: Id
    kind: DrRunKind
    ok: bool
    minutes: Minutes
    rto_objective_minutes: int
    rto_met: bool
    """The run went through within the objective."""
    steps: list[MeasuredStep] = Field(max_length=5)
    note: Text
    active_site_id: Id
    """After the run."""

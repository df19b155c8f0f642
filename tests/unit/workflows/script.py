"""Activities that answer by script, so that the workflow's own decisions can be tested on a real Temporal server."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from temporalio import activity
from temporalio.exceptions import ApplicationError

from agents.editing import edited
from agents.follow_up import decides
from bot.workflows import messages as m
from tests.unit.workflows import reports
from tools.contracts.common import Environment
from tools.contracts.council import CouncilOutcome
from tools.contracts.outputs.drift import DriftRemediationPlan
from tools.contracts.outputs.report import Report
from tools.contracts.plan import Action, AssetExpectation, Evidence, HealthCheck, Phase, Rollback, RollbackCondition
from tools.contracts.rollout import TargetImage
from tools.contracts.taskspec import Constraints, Intent, Question, TaskContext, TaskSpec, TimeWindow
from tools.contracts.verdict import ApprovalRequirement, Autonomy, GateName, GateReport, GateResult, Refusal

GATES: list[GateName] = ["schema", "policy", "safety", "approval"]
POLICY = "sha256:" + "0" * 64


def spec_for(request: m.TaskRequest) -> TaskSpec:
    return TaskSpec(
        id=request.task_id,
        task_type="drift_remediation",
        goal="Bring the web servers back to the golden image",
        user_intent=request.text,
        org=request.org,
        user=request.user,
        environment="production",
        context=TaskContext(),
        constraints=Constraints(),
        agents=["drift"],
        tools_required=[],
        risk_level="high",
        approval_required=True,
        timeout_seconds=3600,
        mode="single",
        confidence=0.9,
    )


def plan_for(request: m.TaskRequest, revision: int, *, environment: Environment = "production") -> DriftRemediationPlan:
    tool = "execute_rollout_prod" if environment == "production" else "execute_rollout_nonprod"

    def rollout(asset: str) -> Action:
        params = {"asset_ids": [asset], "target_image_id": "img-2", "rollback": False}
        return Action(id=f"change-{asset}", tool=tool, params=params, asset_ids=[asset])

    now = datetime.now(UTC)
    checks = [HealthCheck(kind="heartbeat")]
    return DriftRemediationPlan(
        org=request.org,
        task_id=request.task_id,
        revision=revision,
        summary="Rebuild two web servers",
        environment=environment,
        asset_ids=["web-1", "web-2"],
        phases=[
            Phase(name="Canary", type="canary", asset_ids=["web-1"], actions=[rollout("web-1")], health_checks=checks),
            Phase(name="Wait", type="wait", wait_seconds=1),
            Phase(name="Wave 1", type="wave", asset_ids=["web-2"], actions=[rollout("web-2")], health_checks=checks),
        ],
        rollback=Rollback(conditions=[RollbackCondition(kind="health_check_failed")], actions=[]),
        maintenance_window=TimeWindow(start=now, end=now + timedelta(hours=1)),
        expectations=[
            AssetExpectation(asset_id=asset, fingerprint="f", from_version="1", to_version="2")
            for asset in ("web-1", "web-2")
        ],
        evidence=[Evidence(tool_call_id="t1", tool="query_assets", result_digest="sha256:x", summary="two assets")],
        target_image=TargetImage(id="img-2", family="web", version="2"),
        version_comparison=[],
    )


def council() -> CouncilOutcome:
    return CouncilOutcome(
        mode="single",
        requested_mode="single",
        members=[],
        nominal_votes=1,
        effective_votes=1,
        threshold=0.7,
        min_providers=3,
        tallies=[],
        agreement=None,
        dissent=[],
        consensus=False,
    )


@dataclass
class Script:
    """What each step answers, and everything it was asked."""

    roles: dict[str, list[str]] = field(default_factory=lambda: {"UGRACE": ["approver"], "ULINUS": ["approver"]})
    lent: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Taker → whose roles they were lent."""
    quorum: int = 1
    step_up_reasons: list[str] = field(default_factory=list[str])
    questions: int = 0
    redacted: list[str] = field(default_factory=list[str])
    """Of the request."""
    refuse_revisions: int = 0
    failing_phase: int | None = None
    wait_seconds: int = 1
    """Of the plan's wait phase."""
    environment: Environment = "production"
    autonomy: Autonomy | None = None
    """What the policies let run alone. None: nothing was said of it."""
    declined: str = ""
    """Why the request is not taken on. Empty: it is."""
    no_plan: Literal["inconclusive", "nothing_to_do"] | None = None
    report: Report | None = None
    """What the agent hands in instead of a plan; its org, task and revision are filled in."""
    forged: dict[str, str] = field(default_factory=dict[str, str])
    """Fields of the request that are set after it was signed."""
    refused_by_slack: str = ""
    """Why the plan card cannot be posted, ever. Empty: it can."""
    text: str = "web servers have drifted, fix it"
    """Of the request."""
    intents: list[Intent] = field(default_factory=list[Intent])
    """What a message that is no part of another is read as."""
    declined_parts: dict[str, str] = field(default_factory=dict[str, str])
    """Words of a part → why it is declined. Others are planned."""
    unreadable: bool = False
    """No reply can be read."""
    silent: bool = False
    """Nobody can be reminded."""
    reshapes_always: bool = False
    """A reply refines even what is said to be fixed, as a step that is wrong would have it."""
    deliberation: CouncilOutcome = field(default_factory=lambda: council())
    asked: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])

    def of(self, step: str) -> list[Any]:
        """The messages a step was handed, in order."""
        return [message for name, message in self.asked if name == step]

    @activity.defn(name="understand")
    async def understand(self, message: m.UnderstandInput) -> m.Understood:
        self.asked.append(("understand", message))
        thread = message.thread_ts or "1.0"
        declined = self.declined or self.declined_parts.get(message.request.text, "")
        if declined:
            return m.Understood(thread_ts=thread, declined=declined)
        if self.intents and not message.request.part_of and not message.exchanges:
            return m.Understood(
                thread_ts=thread,
                question=Question(text="In this order?"),
                intents=self.intents,
                question_id="q0",
                asked_at="2.000100",
            )
        if len(message.exchanges) < self.questions:
            question = Question(text="Which environment?", choices=["production", "staging"])
            number = len(message.exchanges)
            asked_at = f"{number + 2}.000100"
            return m.Understood(thread_ts=thread, question=question, question_id=f"q{number}", asked_at=asked_at)
        return m.Understood(thread_ts=thread, spec=spec_for(message.request))

    @activity.defn(name="confirm_parts")
    async def confirm_parts(self, message: m.ConfirmedParts) -> bool:
        self.asked.append(("confirm_parts", message))
        return True

    @activity.defn(name="warn_of_secret")
    async def warn_of_secret(self, message: m.WarnInput) -> bool:
        self.asked.append(("warn_of_secret", message))
        return True

    @activity.defn(name="tell")
    async def tell(self, message: m.TellInput) -> bool:
        self.asked.append(("tell", message))
        return True

    @activity.defn(name="investigate")
    async def investigate(self, message: m.InvestigateInput) -> m.Investigated:
        self.asked.append(("investigate", message))
        if self.no_plan:
            return m.Investigated(self.deliberation, "no drift", None, ["t1"], no_plan=self.no_plan, reason="no drift")
        if self.report is not None:
            written = reports.written(self.report, message)
            return m.Investigated(self.deliberation, "found", None, ["t1"], report=written)
        plan = plan_for(message.request, message.revision, environment=self.environment)
        plan = self.waiting(plan).model_dump(mode="json")
        return m.Investigated(council=self.deliberation, diagnosis="two drifted", plan=plan, tool_call_ids=["t1"])

    def waiting(self, plan: DriftRemediationPlan) -> DriftRemediationPlan:
        """The plan with this script's pause."""
        waits = {"wait_seconds": self.wait_seconds}
        phases = [phase.model_copy(update=waits) if phase.type == "wait" else phase for phase in plan.phases]
        return plan.model_copy(update={"phases": phases})

    @activity.defn(name="judge")
    async def judge(self, message: m.JudgeInput) -> m.Judged:
        self.asked.append(("judge", message))
        if message.investigated.report is not None:
            return reports.judged(message, refused=message.revision <= self.refuse_revisions)
        plan = DriftRemediationPlan.model_validate(message.investigated.plan)
        if message.revision <= self.refuse_revisions:
            refusal = Refusal(gate="policy", rule="plan.batch_too_large", reason="batch 50% exceeds the 20% limit")
            result = GateResult(gate="policy", passed=False, refusals=[refusal], engine="script", duration_ms=0)
            report = GateReport(plan_digest=plan.digest, policy_digest=POLICY, results=[result], requirement=None)
            return m.Judged(report=report, plan=None)
        results = [GateResult(gate=gate, passed=True, refusals=[], engine="script", duration_ms=0) for gate in GATES]
        requirement = ApprovalRequirement(
            roles=["approver"],
            quorum=self.quorum,
            expires_in_seconds=30,
            step_up=bool(self.step_up_reasons),
            step_up_reasons=self.step_up_reasons,
        )
        report = GateReport(plan_digest=plan.digest, policy_digest=POLICY, results=results, requirement=requirement)
        return m.Judged(report=report.model_copy(update={"autonomy": self.autonomy}), plan=plan)

    @activity.defn(name="report")
    async def show_report(self, message: m.ReportInput) -> bool:
        self.asked.append(("report", message))
        return True

    @activity.defn(name="hand_over")
    async def hand_over(self, message: m.HandOverInput) -> m.TaskRequest:
        self.asked.append(("hand_over", message))
        return reports.follow_up(message.request)

    @activity.defn(name="present")
    async def present(self, message: m.PresentInput) -> m.Presented:
        self.asked.append(("present", message))
        if self.refused_by_slack:
            raise ApplicationError(self.refused_by_slack, type="SlackRefused", non_retryable=True)
        return m.Presented("2.0", 40)

    @activity.defn(name="follow_up")
    async def follow_up(self, message: m.FollowUpInput) -> m.FollowedUp:
        self.asked.append(("follow_up", message))
        if self.unreadable:
            raise ApplicationError("no", non_retryable=True)
        words = message.answer.text
        if decides(words):
            return m.FollowedUp(kind="decides")
        if words.startswith("also ") and not message.fixed:
            asked = m.Elsewhere(f"e{message.answer.unique}", "staging", message.answer, "6.000100")
            return m.FollowedUp(kind="elsewhere", elsewhere=asked)
        if not words.startswith("only ") or (message.fixed and not self.reshapes_always):
            return m.FollowedUp(kind="explained")
        context = TaskContext(regions=[words.removeprefix("only ")])
        spec = message.spec.model_copy(update={"context": context})
        return m.FollowedUp(kind="refined", spec=spec, changes=[f"regions: {context.regions[0]}"])

    @activity.defn(name="edit_plan")
    async def edit_plan(self, message: m.EditInput) -> m.FollowedUp:
        self.asked.append(("edit_plan", message))
        spec = edited(message.spec, message.edit, assets=message.proposal.plan.asset_ids)
        if isinstance(spec, str) or message.fixed:
            return m.FollowedUp(kind="turned_away")
        return m.FollowedUp(kind="refined", spec=spec, changes=["the form"])

    @activity.defn(name="settle_elsewhere")
    async def settle_elsewhere(self, message: m.ElsewhereInput) -> m.Settled:
        self.asked.append(("settle_elsewhere", message))
        wanted = reports.elsewhere(message) if message.click.text == "new" else None
        return m.Settled(request=wanted)

    @activity.defn(name="supersede")
    async def supersede(self, message: m.SupersedeInput) -> bool:
        self.asked.append(("supersede", message))
        return True

    @activity.defn(name="remind")
    async def remind(self, message: m.RemindInput) -> str:
        self.asked.append(("remind", message))
        if self.silent:
            raise ApplicationError("Slack is away", non_retryable=True)
        return "5.000200" if message.escalates else "5.000100"

    @activity.defn(name="read_roles")
    async def read_roles(self, message: m.RolesInput) -> m.Standing:
        self.asked.append(("read_roles", message))
        lent = [
            m.Lent(giver, self.roles.get(giver, []), "2099-01-01T00:00:00+00:00")
            for giver in self.lent.get(message.user, [])
        ]
        return m.Standing(roles=self.roles.get(message.user, []), lent=lent)

    @activity.defn(name="refuse_decision")
    async def refuse_decision(self, message: m.RefusedDecision) -> bool:
        self.asked.append(("refuse_decision", message))
        return True

    @activity.defn(name="accept_decision")
    async def accept_decision(self, message: m.AcceptedDecision) -> bool:
        self.asked.append(("accept_decision", message))
        return True

    @activity.defn(name="run_phase")
    async def run_phase(self, message: m.PhaseInput) -> m.PhaseResult:
        self.asked.append(("run_phase", message))
        touched = message.proposal.plan.phases[message.index].asset_ids
        if message.index == self.failing_phase:
            return m.PhaseResult(ok=False, ran=True, detail="web-2 has no heartbeat.", touched=touched)
        return m.PhaseResult(ok=True, ran=True, detail="healthy", touched=touched)

    @activity.defn(name="roll_back")
    async def roll_back(self, message: m.RollbackInput) -> m.RollbackResult:
        self.asked.append(("roll_back", message))
        return m.RollbackResult(ok=True, detail=f"{len(message.touched)} assets are back on their earlier image.")

    @activity.defn(name="heed_control")
    async def heed_control(self, message: m.HeededControl) -> bool:
        self.asked.append(("heed_control", message))
        return True

    @activity.defn(name="refuse_control")
    async def refuse_control(self, message: m.RefusedControl) -> bool:
        self.asked.append(("refuse_control", message))
        return True

    @activity.defn(name="show_run")
    async def show_run(self, message: m.ShowInput) -> bool:
        self.asked.append(("show_run", message))
        return True

    @activity.defn(name="conclude")
    async def conclude(self, message: m.ConcludeInput) -> bool:
        self.asked.append(("conclude", message))
        return True

    @property
    def activities(self) -> list[Any]:
        return [
            self.understand,
            self.confirm_parts,
            self.warn_of_secret,
            self.tell,
            self.investigate,
            self.judge,
            self.show_report,
            self.hand_over,
            self.present,
            self.follow_up,
            self.supersede,
            self.settle_elsewhere,
            self.edit_plan,
            self.remind,
            self.read_roles,
            self.refuse_decision,
            self.accept_decision,
            self.heed_control,
            self.refuse_control,
            self.show_run,
            self.run_phase,
            self.roll_back,
            self.conclude,
        ]

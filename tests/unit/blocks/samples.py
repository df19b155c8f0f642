"""Believable and hostile models to make cards of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bot.blocks.execution import Outcome, PhaseRow
from bot.blocks.offer import Offer, Vote
from bot.blocks.task import Diagnosis, RefusedPlan
from tools.contracts.common import digest_of
from tools.contracts.council import ClaimTally, CouncilOutcome, Dissent, MemberSummary, PooledClaim
from tools.contracts.follow_up import Explanation, Statement
from tools.contracts.modes import ModeChoice
from tools.contracts.outputs.drift import DriftRemediationPlan
from tools.contracts.plan import Action, AssetExpectation, HealthCheck, Phase, Receipt, Rollback, RollbackCondition
from tools.contracts.rollout import RolloutPlan, Simulation, TargetImage, VersionComparison
from tools.contracts.taskspec import Constraints, Tag, TaskContext, TaskSpec, TimeWindow
from tools.contracts.verdict import ApprovalRequirement, GateName, GateReport, GateResult, Refusal
from tools.drift import HealthFinding

NOW = datetime(2026, 3, 1, 3, 12, tzinfo=UTC)
TASK = "gavel-T0GAVEL001-C0OPS00001-1772334720.000100"

HOSTILE = [
    "<!channel> <!here> <!everyone> @channel @here @everyone <@U0GRACE001> <!subteam^S0GAPPROVE>",
    "<https://evil.example|https://good.example> [good](https://evil.example) &lt;!channel&gt; &#60;!here&#62;",
    "``` *Approved* ``` `code` ~gone~ _soft_ > quoted\n> *Approved by* Grace\n\n\n\n---\n# Heading",
    "\u202eevil\u202c \u2066x\u2069 a\u200bb\u2060c \ufeff\x00\x07\x1b[31m \x9b \u2028line\u2029 \U000e0041",
    "\ud800 unpaired",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞",
    "&" * 5000,
    "<" * 5000,
    "👩‍👩‍👧‍👦" * 900,
    "متون فارسی می‌شود " * 90,
    '{"type":"actions","elements":[{"type":"button","action_id":"gavel.approve"}]}',
    "\n" * 4000,
    "",
]


def fit(text: str, limit: int) -> str:
    """A contract takes at most so many characters, and at least one, of anything."""
    return text.encode("utf-8", "replace").decode()[:limit] or "?"


def outcome(
    *, claims: int = 4, members: int = 3, text: str = "14 web servers run web-golden 2026.01.1"
) -> CouncilOutcome:
    names = [fit(f"{name}", 60) for name in ("Claude", "GPT", "Gemini", "Llama", "Mistral", "Qwen")[:members]]
    tallies: list[ClaimTally] = []
    dissent: list[Dissent] = []
    for at in range(claims):
        disputed, lonely = at % 4 == 2, at % 4 == 3
        claim = PooledClaim(id=f"c{at + 1}", text=fit(text, 300), kind="claim", key=f"k{at}", authors=[names[0]])
        against = names[-1:] if disputed else []
        support = names[:1] if lonely else [name for name in names if name not in against]
        tallies.append(
            ClaimTally(
                claim=claim,
                support=support,
                contradict=against,
                silent=[name for name in names if name not in support and name not in against],
                agreement=len(support) / (len(support) + len(against)),
                coverage=1,
                carried=not disputed and not lonely,
                single_source=lonely,
                reasons={name: fit(text, 200) for name in against},
            )
        )
        dissent += [
            Dissent(member=name, claim_id=claim.id, claim=claim.text, reason=fit(text, 500)) for name in against
        ]
    return CouncilOutcome(
        mode="council",
        requested_mode="council",
        escalated=fit(text, 900),
        chosen=ModeChoice(setting="auto", source="default", why=fit(text, 200)),
        members=[
            MemberSummary(name=name, model="x/y", family=name.lower(), state="answered", latency_ms=900)
            for name in names
        ],
        nominal_votes=members,
        effective_votes=members,
        threshold=0.7,
        min_providers=3,
        tallies=tallies,
        agreement=0.92,
        dissent=dissent,
        consensus=True,
    )


def plan(*, assets: int = 12, waves: int = 3, text: str | None = None, revision: int = 1) -> DriftRemediationPlan:
    summary = text or "Bring 12 drifted production web servers back to web-golden 2026.03.2, one canary first."
    ids = [fit(f"{text or 'web-prod'}", 110) + f"-{at:03d}" for at in range(assets)]
    checks = [
        HealthCheck(kind="heartbeat"),
        HealthCheck(kind="http_ok"),
        HealthCheck(kind="error_rate_below", threshold=5),
        HealthCheck(kind="version_matches"),
    ]

    def act(batch: list[str], name: str) -> list[Action]:
        return [Action(id=name, tool="execute_rollout_prod", params={"target_image_id": "img-1"}, asset_ids=batch)]

    phases = [
        Phase(
            name="canary",
            type="canary",
            asset_ids=ids[:1],
            batch_percent=100 / assets,
            actions=act(ids[:1], "a0"),
            health_checks=checks,
        ),
        Phase(name="wait", type="wait", wait_seconds=600),
    ]
    rest = ids[1:]
    size = max(1, -(-len(rest) // waves))
    for at in range(waves):
        batch = rest[at * size : (at + 1) * size]
        phases.append(
            Phase(
                name=fit(text, 80) if text else f"wave {at + 1}",
                type="wave",
                asset_ids=batch,
                batch_percent=100 * len(batch) / assets,
                actions=act(batch, f"w{at}"),
                health_checks=checks,
            )
        )
    versions = ["2026.01.1", "2026.02.0"]
    return DriftRemediationPlan(
        org="T0GAVEL001",
        task_id=TASK,
        revision=revision,
        summary=fit(summary, 600),
        environment="production",
        asset_ids=ids,
        phases=phases,
        rollback=Rollback(
            conditions=[
                RollbackCondition(kind="health_check_failed"),
                RollbackCondition(kind="failed_assets_percent", threshold=10),
            ],
            actions=act(ids, "undo"),
        ),
        maintenance_window=TimeWindow(start=NOW, end=NOW + timedelta(hours=4)),
        expectations=[
            AssetExpectation(
                asset_id=name, fingerprint=digest_of({"a": name}), from_version=versions[at % 2], to_version="2026.03.2"
            )
            for at, name in enumerate(ids)
        ],
        evidence=[],
        target_image=TargetImage(id="img-1", family=text[:90] if text else "web-golden", version="2026.03.2"),
        version_comparison=[
            VersionComparison(
                asset_id=name,
                platform="aws" if at % 3 else "azure",
                current_version="2026.01.1",
                target_version="2026.03.2",
                releases_behind=2,
            )
            for at, name in enumerate(ids)
        ],
        simulation=Simulation(
            id="sim-1",
            simulated_assets=assets,
            predicted_failures=0,
            predicted_duration_seconds=840,
            warnings=[text] * 5 if text else [],
        ),
    )


def allowed(subject: RolloutPlan, *, quorum: int = 1, concerns: Sequence[str] = ()) -> GateReport:
    gates: list[GateName] = ["schema", "policy", "safety", "approval"]
    return GateReport(
        plan_digest=subject.digest,
        policy_digest=digest_of({"policies": 1}),
        results=[
            GateResult(
                gate=gate, passed=True, refusals=[], engine="opa 1.22.2" if gate == "policy" else "x", duration_ms=1
            )
            for gate in gates
        ],
        requirement=ApprovalRequirement(
            roles=["approver", "admin"],
            quorum=quorum,
            expires_in_seconds=1800,
            step_up=bool(concerns),
            step_up_reasons=[*concerns],
        ),
    )


def refused(text: str, *, count: int = 2) -> GateReport:
    refusals = [Refusal(gate="policy", rule="plan.batch_too_large", reason=text)] * count
    return GateReport(
        plan_digest=plan().digest,
        policy_digest=digest_of({"policies": 1}),
        results=[GateResult(gate="policy", passed=False, refusals=refusals, engine="opa 1.22.2", duration_ms=1)],
        requirement=None,
    )


def offer(
    subject: RolloutPlan | None = None,
    *,
    council: CouncilOutcome | None = None,
    votes: list[Vote] | None = None,
    quorum: int = 1,
    requester: str = "U0ADA00001",
    concerns: Sequence[str] = (),
) -> Offer:
    """`concerns`: why the policy asks for step-up; none: it does not."""
    subject = subject or plan()
    return Offer(
        plan=subject,
        report=allowed(subject, quorum=quorum, concerns=concerns),
        council=council or outcome(),
        requester=requester,
        nonce="0f" * 16,
        deadline=NOW + timedelta(minutes=30),
        environment_size=214,
        cost_usd=0.1234,
        answers_usd=0.1,
        simulated=True,
        votes=votes or [],
    )


def spec(text: str = "Bring the drifted production web servers back to their golden image.") -> TaskSpec:
    return TaskSpec(
        id=TASK,
        task_type="drift_remediation",
        goal=fit(text, 400),
        user_intent=text,
        org="T0GAVEL001",
        user="U0ADA00001",
        environment="production",
        context=TaskContext(
            regions=[fit(text, 128)] * 9,
            tags=[Tag(key="role", value=fit(text, 128))],
            subjects=[fit(text, 128)] * 9,
            time_range=TimeWindow(start=NOW, end=NOW + timedelta(hours=2)),
        ),
        constraints=Constraints(max_batch_percent=20, canary_size=1, notes=[fit(text, 300)] * 9),
        agents=["drift"],
        tools_required=[],
        risk_level="high",
        approval_required=True,
        timeout_seconds=600,
        mode="council",
        mode_choice=ModeChoice(setting="council", source="request", why=fit(text, 200)),
        confidence=0.9,
        open_questions=[text] * 5,
        follows=text or None,
    )


def explanation(text: str) -> Explanation:
    receipts = [Receipt(tool_call_id=text, path=text, value=1)] * 10
    return Explanation(statements=[Statement(text=fit(text, 400), receipts=receipts)] * 8, unknown=[fit(text, 200)] * 5)


def refused_plan(text: str) -> RefusedPlan:
    return RefusedPlan(
        task_id=TASK,
        report=refused(text),
        next="repair",
        summary=text,
        revision=1,
        attempt=1,
        max_attempts=2,
        simulated=True,
    )


def diagnosis(text: str, *, claims: int = 4) -> Diagnosis:
    return Diagnosis(
        task_id=TASK,
        alert=text,
        finding=text,
        council=outcome(claims=claims, text=text),
        missing=[text] * 9,
        next="plan",
        answers_usd=None,
        simulated=True,
    )


def rows(text: str, *, count: int) -> list[PhaseRow]:
    states = ("done", "running", "failed", "rolled_back", "skipped", "waiting")
    bad = [HealthFinding(asset_id=fit(text, 128), check=text, ok=False, observed=text)] * 3
    return [
        PhaseRow(
            name=text,
            state=states[at % 6],
            assets=at,
            checked_assets=at,
            findings=bad if at % 6 == 2 else [],
            note=text,
        )
        for at in range(count)
    ]


def result(text: str) -> Outcome:
    return Outcome(
        task_id=TASK,
        kind="failed",
        summary=text,
        actor="U0GRACE001",
        changed=40,
        failed=20,
        rolled_back=1,
        failed_assets=[fit(text, 128)] * 50,
        approvers=["U0GRACE001", text],
        seconds=4000,
        cost_usd=None,
        plan_digest=plan().digest,
        council=outcome(),
        revision=2,
        agent="drift",
        simulated=True,
    )

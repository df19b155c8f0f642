"""The drift agent (ADR-007): evidence once, judgement many times, a plan only from what carried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from agents.orchestrator.brief import NO_CHANGE, Brief, Deliberation
from agents.orchestrator.brief import Prompt as BriefPrompt
from agents.orchestrator.canonical import claim_key
from agents.orchestrator.chat import Member, ModelClient, ToolSpec
from agents.orchestrator.consensus import PhaseItem
from agents.specialists.base import AgentOutcome, Assignment, Finding
from agents.specialists.catalog import CAPABILITIES
from agents.specialists.drift_plan import Expander, compose
from agents.specialists.evidence import EvidenceBook, ReceiptCheck
from agents.specialists.investigation import Investigation, Limits, ToolDesk
from agents.specialists.scope import Scope, scope_of
from prompts.library import PromptLibrary
from tools.contracts.common import JsonObject, canonical_json
from tools.contracts.council import CouncilOutcome, MemberReport, PooledClaim
from tools.contracts.plan import DriftRemediationPlan
from tools.contracts.taskspec import TaskSpec
from tools.registry import ToolRegistry

_CAPABILITY = CAPABILITIES["drift_remediation"]
_INTENT_LIMIT = 2000
"""Characters of the person's own words that members read besides the structured task."""


@dataclass(frozen=True)
class RolloutDefaults:
    """The house's choices where the person did not state any."""

    canary_size: int = 1
    max_batch_percent: float = 20
    wait_seconds: int = 60


@dataclass(frozen=True)
class DriftAgent:
    """A :class:`agents.specialists.base.Specialist`. The first member leads the investigation."""

    client: ModelClient
    members: Sequence[Member]
    prompts: PromptLibrary
    registry: ToolRegistry
    defaults: RolloutDefaults = field(default_factory=RolloutDefaults)
    limits: Limits = field(default_factory=Limits)

    async def work(self, assignment: Assignment) -> AgentOutcome:
        """Raises as :meth:`agents.specialists.base.Specialist.work` says."""
        await self._record_invoked(assignment)
        desk = ToolDesk(assignment, "drift", frozenset(_CAPABILITY.tools))
        investigation = Investigation(self.client, self.members, desk, self._tool_specs(), self.limits)
        values = self._values(assignment)
        prompt = self.prompts.load("drift.investigate")
        book = await investigation.run(prompt, prompt.render(**values, max_steps=self.limits.tool_calls))
        scope = scope_of(assignment.spec, book)
        stopped = [investigation.stopped] if investigation.stopped else []
        if not scope.rows:
            return _without_judgement(assignment, book, notes=stopped)
        expander = Expander(desk, scope)
        brief = self._brief(assignment, {**values, "evidence": book.rendered()}, book=book, expander=expander)
        result = await assignment.orchestrator.deliberate(
            brief, mode=assignment.mode, progress=assignment.progress, recorder=assignment.recorder
        )
        verdict = _Verdict(assignment, result, scope=scope, expander=expander, book=book)
        outcome = verdict.outcome(notes=[*stopped, *expander.notes])
        if outcome.plan is not None:
            await _record_plan(assignment, outcome.plan)
        return outcome

    def _tool_specs(self) -> tuple[ToolSpec, ...]:
        tools = [tool for name in _CAPABILITY.tools if (tool := self.registry.get(name)) is not None]
        if wrong := [tool.name for tool in tools if tool.risk not in ("read_only", "plan_only")]:
            raise ValueError(f"The drift agent may not be given tools that change state: {', '.join(wrong)}.")
        return tuple(ToolSpec(tool.name, tool.description, self.registry.input_schema(tool.name)) for tool in tools)

    def _values(self, assignment: Assignment) -> JsonObject:
        """What every prompt of this round is rendered with."""
        return {
            "task_json": canonical_json(_task(assignment.spec)).decode(),
            "defaults_json": canonical_json(asdict(self.defaults)).decode(),
            "refusals": assignment.refusals,
        }

    def _brief(self, assignment: Assignment, values: JsonObject, *, book: EvidenceBook, expander: Expander) -> Brief:
        checks = _ReceiptChecks(book)

        async def expand(reports: Mapping[str, MemberReport]) -> Mapping[str, Sequence[PhaseItem]]:
            checks.read(reports.values())
            return await expander.expand(reports)

        def vote(pooled: Sequence[PooledClaim]) -> BriefPrompt:
            return self._text("council.vote", {**values, "items": pooled, "receipts": checks.of})

        def synthesis(reports: Sequence[MemberReport]) -> BriefPrompt:
            return self._text(
                "drift.synthesis", {**values, "reports": [report.model_dump_json() for report in reports]}
            )

        return Brief(
            org=assignment.caller.org,
            task_id=assignment.spec.id,
            user=assignment.spec.user,
            agent="drift",
            key=f"drift:{assignment.round}",
            system=self.prompts.load("council.member").render().system,
            report=self._text("drift.report", values),
            vote_prompt=vote,
            expand=expand,
            synthesis_prompt=synthesis,
        )

    def _text(self, prompt_id: str, values: JsonObject) -> BriefPrompt:
        prompt = self.prompts.load(prompt_id)
        return BriefPrompt(prompt.id, prompt.version, prompt.render(**values).user)

    async def _record_invoked(self, assignment: Assignment) -> None:
        used = ["drift.investigate", "council.member", "drift.report", "council.vote"]
        prompts = {
            name: {"version": p.version, "checksum": p.checksum} for name in used if (p := self.prompts.load(name))
        }
        await assignment.recorder.record(
            "agent_invoked",
            {
                "agent": "drift",
                "revision": assignment.revision,
                "attempt": assignment.attempt,
                "mode": assignment.mode,
                "members": [member.name for member in self.members],
                "tools": list(_CAPABILITY.tools),
                "prompts": prompts,
                "refusals": [refusal.model_dump(mode="json") for refusal in assignment.refusals],
            },
            org=assignment.caller.org,
            task_id=assignment.spec.id,
            actor="agent:drift",
            key=f"drift:{assignment.round}:invoked",
        )


@dataclass
class _ReceiptChecks:
    """Whether the values that claims cite are in the evidence. Computed here, told to every voter alike."""

    book: EvidenceBook
    found: dict[str, set[ReceiptCheck]] = field(default_factory=dict[str, set[ReceiptCheck]])

    def read(self, reports: Iterable[MemberReport]) -> None:
        for report in reports:
            for claim in report.claims:
                self.found.setdefault(claim_key(claim), set()).add(self.book.check(claim))

    def of(self, item: PooledClaim) -> ReceiptCheck:
        """`hold` if any author's receipts do; `fail` if one cites what is not there and none holds."""
        checks = self.found.get(item.key, set[ReceiptCheck]())
        return "hold" if "hold" in checks else "fail" if "fail" in checks else "none"


@dataclass(frozen=True)
class _Verdict:
    """From the deliberation to the outcome. Code has the last word on what may be called healthy."""

    assignment: Assignment
    result: Deliberation
    scope: Scope
    expander: Expander
    book: EvidenceBook

    def outcome(self, *, notes: list[str]) -> AgentOutcome:
        plan = self._plan()
        finding: Finding = "plan" if plan is not None else "nothing_to_do" if self._nothing_to_do() else "inconclusive"
        reports = self.result.reports
        voice = reports.get(self.result.best) if self.result.best is not None else None
        missing = [*self.book.failures(), *(text for report in reports.values() for text in report.missing)]
        return AgentOutcome(
            finding=finding,
            plan=plan,
            plan_json=plan.model_dump(mode="json") if plan is not None else None,
            diagnosis=voice.diagnosis if voice is not None else self._agreed(),
            council=self.result.outcome,
            evidence=self.book.cited(),
            tool_call_ids=self.book.call_ids,
            missing=list(dict.fromkeys(missing)),
            notes=notes,
            reason="" if plan is not None else self._reason(finding),
        )

    def _plan(self) -> DriftRemediationPlan | None:
        """Only if every phase of the chosen proposal carried: with one of them missing it is another rollout."""
        expansion = self.expander.expansions.get(self.result.best or "")
        if expansion is None or not all(item.key in self.result.carried_phase_keys for item in expansion.items):
            return None
        return compose(expansion, self.expander.desk, self.book)

    def _nothing_to_do(self) -> bool:
        chosen = [item.key for item in self.result.phases.get(self.result.best or "", ())]
        return chosen == [NO_CHANGE.key] and self.scope.healthy

    def _agreed(self) -> str:
        carried = "; ".join(claim.text for claim in self.result.carried_claims)
        return f"What the models agree on: {carried}."[:600] if carried else "The models agreed on no diagnosis."

    def _reason(self, finding: Finding) -> str:
        count = len(self.scope.rows)
        if finding == "nothing_to_do":
            return f"Nothing to change: all running assets of the {count} in scope are on their golden image."
        if self.result.best is None:
            return "The models did not agree on a plan, so none is offered and nothing was changed."
        if self.scope.unexamined and not self.scope.drifted:
            left = len(self.scope.unexamined)
            return f"{left} of {count} assets could not be compared with a golden image, so this is not called healthy."
        if not self.scope.complete:
            return "The inventory was not read to its end, so this is not called healthy. Nothing was changed."
        return f"{len(self.scope.drifted)} of {count} assets have drifted, but no proposal stood. Nothing was changed."


def _without_judgement(assignment: Assignment, book: EvidenceBook, *, notes: list[str]) -> AgentOutcome:
    """Nothing to judge: the models are not asked, and an empty answer is not taken for a healthy estate."""
    read = any(result.ok for result in book.results if result.call.tool == "query_assets")
    reason = (
        f"No asset matches what was asked for in {assignment.spec.environment}. Nothing was changed; check the wording."
        if read
        else "The inventory could not be read, so nothing is known and nothing was changed."
    )
    council = assignment.orchestrator.council
    return AgentOutcome(
        finding="inconclusive",
        diagnosis=reason,
        council=CouncilOutcome(
            mode="single",
            requested_mode=assignment.mode,
            degraded="There was no evidence to judge, so the models were not asked.",
            members=[],
            nominal_votes=0,
            effective_votes=0,
            threshold=council.threshold,
            min_providers=council.min_providers,
            tallies=[],
            agreement=None,
            dissent=[],
            consensus=False,
        ),
        evidence=book.cited(),
        tool_call_ids=book.call_ids,
        missing=book.failures(),
        notes=notes,
        reason=reason,
    )


def _task(spec: TaskSpec) -> JsonObject:
    """The task as prompts show it."""
    return {
        "goal": spec.goal,
        "request": spec.user_intent[:_INTENT_LIMIT],
        "environment": spec.environment,
        "context": spec.context.model_dump(mode="json", exclude_defaults=True),
        "constraints": spec.constraints.model_dump(mode="json", exclude_defaults=True),
    }


async def _record_plan(assignment: Assignment, plan: DriftRemediationPlan) -> None:
    await assignment.recorder.record(
        "plan_proposed",
        {"agent": "drift", "revision": plan.revision, "digest": plan.digest, "plan": plan.model_dump(mode="json")},
        org=assignment.caller.org,
        task_id=assignment.spec.id,
        actor="agent:drift",
        # The digest is in the key: a retried round that comes to another plan is another entry.
        key=f"drift:{assignment.round}:plan:{plan.digest.removeprefix('sha256:')[:16]}",
    )

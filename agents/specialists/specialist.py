"""What all agents do alike (ADR-007): evidence once, judgement many times, an output only from what carried."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import ClassVar

from agents.orchestrator.alike import Pair
from agents.orchestrator.brief import Brief
from agents.orchestrator.brief import Prompt as BriefPrompt
from agents.orchestrator.chat import Member, ModelClient, ToolSpec
from agents.orchestrator.consensus import PhaseItem
from agents.orchestrator.remembering import Forgetful
from agents.specialists.base import AgentOutcome, Assignment, Conclusion
from agents.specialists.capability import Capability
from agents.specialists.deliberating import judged
from agents.specialists.diagnosis import diagnosis, without_facts
from agents.specialists.evidence import EvidenceBook
from agents.specialists.investigation import Investigation, Limits, ToolDesk
from agents.specialists.receipts import ClaimReceipts
from agents.specialists.resuming import keep_evidence, recall_evidence
from agents.specialists.stamped import Stamped
from agents.specialists.study import Study
from prompts.library import PromptLibrary
from tools.contracts.common import JsonObject, canonical_json
from tools.contracts.council import CouncilOutcome, MemberReport, PooledClaim
from tools.contracts.ledger import LedgerKind
from tools.contracts.members.findings import FindingsMemberReport
from tools.contracts.plan import Plan
from tools.contracts.progress import MemberProgress
from tools.contracts.taskspec import TaskSpec
from tools.registry import ToolRegistry

_INTENT_LIMIT = 2000
"""Characters of the person's own words that members read besides the structured task."""


@dataclass(frozen=True)
class RolloutDefaults:
    """The house's choices where the person did not state any."""

    canary_size: int = 1
    max_batch_percent: float = 20
    wait_seconds: int = 60


@dataclass(frozen=True)
class SpecialistAgent(ABC):
    """A :class:`agents.specialists.base.Specialist`. A kind of agent says what it is for and how it reads evidence."""

    client: ModelClient
    members: Sequence[Member]
    """The first leads the investigation."""
    prompts: PromptLibrary
    registry: ToolRegistry
    defaults: RolloutDefaults = field(default_factory=RolloutDefaults)
    limits: Limits = field(default_factory=Limits)

    capability: ClassVar[Capability]
    contract: ClassVar[type[MemberReport]]
    """What its council members answer."""
    synthesis: ClassVar[str]
    """Prompt that puts several reports together, in aggregation mode."""

    @abstractmethod
    def study(self, desk: ToolDesk) -> Study:
        """How this agent reads what `desk.book` holds."""

    async def work(self, assignment: Assignment) -> AgentOutcome:
        """Raises as :meth:`agents.specialists.base.Specialist.work` says."""
        await self._record_invoked(assignment)
        self._seat(assignment)
        desk = ToolDesk(assignment, self.capability.agent, frozenset(self._tools(assignment)))
        values = self._values(assignment)
        stopped = [bound] if (bound := await self._gather(desk, values)) else []
        book = desk.book
        study = self.study(desk)
        if (reason := study.unjudgeable()) is not None:
            council = _unasked(assignment)
            return _outcome(study.unjudged(reason, council), council, book, diagnosis=reason, notes=stopped)
        receipts = ClaimReceipts(book)
        evidence = "\n\n".join(filter(None, [book.rendered(), assignment.attachments.fenced()]))
        brief = self._brief(assignment, {**values, "evidence": evidence}, study=study, receipts=receipts)
        stamped = replace(assignment, recorder=Stamped(assignment.recorder, self._rests_on))
        result, conclusion = await judged(stamped, brief, study=study, receipts=receipts)
        outcome = _outcome(
            conclusion,
            result.outcome,
            book,
            diagnosis=diagnosis(result, receipts),
            notes=list(dict.fromkeys([*stopped, *study.notes])),
            missing=without_facts([text for report in result.reports.values() for text in report.missing], receipts),
        )
        await self._record_output(assignment, outcome)
        return outcome

    async def _gather(self, desk: ToolDesk, values: JsonObject) -> str | None:
        """Fill the desk's book. Which bound ended the investigation, in a sentence; None when the lead was done."""
        if (earlier := await recall_evidence(desk)) is not None:
            desk.book, stopped = earlier
            return stopped
        prompt = self.prompts.load(f"{self.capability.agent}.investigate")
        investigation = Investigation(
            self.client, self._leads(desk.assignment), desk, self._tool_specs(desk), self.limits
        )
        rendered = prompt.render(**values, max_steps=self.limits.tool_calls)
        await investigation.run(prompt, rendered, attachments=desk.assignment.attachments)
        if desk.assignment.may_convene:
            await keep_evidence(desk, stopped=investigation.stopped)
        return investigation.stopped

    def _seat(self, assignment: Assignment) -> None:
        """Who will be asked waits for the evidence."""
        orchestrator = assignment.orchestrator
        for member in orchestrator.alone[:1] if assignment.mode == "single" else orchestrator.council.members:
            assignment.progress.emit(MemberProgress(member.name, "waiting", "answer"))

    def _leads(self, assignment: Assignment) -> Sequence[Member]:
        """Who works the tools: whom the task's route puts first, the next where that one fails."""
        return assignment.orchestrator.asked or self.members

    def _tools(self, assignment: Assignment) -> list[str]:
        """Its own, and those of servers that the operator gave it for such a task."""
        org, environment = assignment.caller.org, assignment.spec.environment
        agent = self.capability.agent
        return [*self.capability.tools, *self.registry.offered_to(agent, org=org, environment=environment)]

    def _tool_specs(self, desk: ToolDesk) -> tuple[ToolSpec, ...]:
        tools = [tool for name in self._tools(desk.assignment) if (tool := self.registry.get(name)) is not None]
        if wrong := [tool.name for tool in tools if tool.risk not in ("read_only", "plan_only")]:
            name = self.capability.agent
            raise ValueError(f"The {name} agent may not be given tools that change state: {', '.join(wrong)}.")
        return tuple(ToolSpec(tool.name, tool.description, self.registry.input_schema(tool.name)) for tool in tools)

    def _values(self, assignment: Assignment) -> JsonObject:
        """What every prompt of this round is rendered with."""
        return {
            "task_json": canonical_json(_task(assignment.spec)).decode(),
            "defaults_json": canonical_json(asdict(self.defaults)).decode(),
            "refusals": assignment.refusals,
            "contract": self.contract.__name__,
        }

    def _brief(self, assignment: Assignment, values: JsonObject, *, study: Study, receipts: ClaimReceipts) -> Brief:
        agent = self.capability.agent

        async def expand(reports: Mapping[str, MemberReport]) -> Mapping[str, Sequence[PhaseItem]]:
            receipts.read(reports.values())
            return await study.expand(reports)

        def vote(pooled: Sequence[PooledClaim]) -> BriefPrompt:
            return self._text("council.vote", {**values, "items": pooled, "receipts": receipts.of})

        def synthesis(reports: Sequence[MemberReport]) -> BriefPrompt:
            return self._text(self.synthesis, {**values, "reports": [report.model_dump_json() for report in reports]})

        return Brief(
            org=assignment.caller.org,
            task_id=assignment.spec.id,
            user=assignment.spec.user,
            agent=agent,
            key=f"{agent}:{assignment.round}",
            question=f"{agent}:r{assignment.revision}",
            memory=assignment.memory if assignment.may_convene else Forgetful(),
            system=self.prompts.load("council.member").render().system,
            report=self._text(f"{agent}.report", values),
            contract=self.contract,
            vote_prompt=vote,
            expand=expand,
            synthesis_prompt=synthesis,
            images=assignment.attachments.images,
            entail_prompt=self._entail,
            names=receipts.book.names,
            approved=not issubclass(self.contract, FindingsMemberReport),
        )

    def _entail(self, pairs: Sequence[Pair]) -> BriefPrompt:
        prompt = self.prompts.load("council.entail")
        rendered = prompt.render(pairs=pairs)
        return BriefPrompt(prompt.id, prompt.version, rendered.user, system=rendered.system)

    def _text(self, prompt_id: str, values: JsonObject) -> BriefPrompt:
        prompt = self.prompts.load(prompt_id)
        return BriefPrompt(prompt.id, prompt.version, prompt.render(**values).user)

    def _rests_on(self, council: JsonObject) -> JsonObject:
        """`council`: an outcome, as the ledger keeps it. Only where claims were merged does it rest on their judge."""
        merged = any(row["claim"].get("also") for row in council.get("tallies", ()))
        return self._stamps(str(council.get("mode", "")), merged=merged)

    def _stamps(self, mode: str = "", *, merged: bool = False) -> JsonObject:
        """Of the prompts that a round in this mode rests on; empty: of all that it may."""
        agent = self.capability.agent
        council = ["council.entail", "council.vote"] if merged else ["council.vote"]
        last = {"single": [], "aggregation": [self.synthesis], "council": council}
        more = last.get(mode, ["council.entail", "council.vote", self.synthesis])
        return self.prompts.stamps(f"{agent}.investigate", "council.member", f"{agent}.report", *more)

    async def _record_invoked(self, assignment: Assignment) -> None:
        agent = self.capability.agent
        body: JsonObject = {
            "agent": agent,
            "revision": assignment.revision,
            "attempt": assignment.attempt,
            "mode": assignment.mode,
            "members": [member.name for member in self.members],
            "tools": (tools := self._tools(assignment)),
            **self._definitions(tools),
            "prompts": self._stamps(),
            "refusals": [refusal.model_dump(mode="json") for refusal in assignment.refusals],
        }
        await self._record(assignment, "agent_invoked", body, key="invoked")

    def _definitions(self, names: Sequence[str]) -> JsonObject:
        """What servers said of their tools when they were taken, by its digest: no other is called."""
        tools = [tool for name in names if (tool := self.registry.get(name)) is not None]
        digests = {tool.name: tool.origin.definition for tool in tools if tool.origin is not None}
        return {"definitions": digests} if digests else {}

    async def _record_output(self, assignment: Assignment, outcome: AgentOutcome) -> None:
        output = outcome.plan or outcome.report
        if output is None:
            return
        name, digest = "plan" if isinstance(output, Plan) else "report", output.digest
        await self._record(
            assignment,
            "plan_proposed" if name == "plan" else "report_proposed",
            {
                "agent": self.capability.agent,
                "revision": output.revision,
                "digest": digest,
                name: output.model_dump(mode="json"),
                "prompts": self._rests_on(outcome.council.model_dump(mode="json", include={"mode", "tallies"})),
            },
            # The digest is in the key: a retried round that comes to another output is another entry.
            key=f"{name}:{digest.removeprefix('sha256:')[:16]}",
        )

    async def _record(self, assignment: Assignment, kind: LedgerKind, body: JsonObject, *, key: str) -> None:
        agent = self.capability.agent
        await assignment.recorder.record(
            kind,
            body,
            org=assignment.caller.org,
            task_id=assignment.spec.id,
            actor=f"agent:{agent}",
            key=f"{agent}:{assignment.round}:{key}",
        )


def _outcome(
    conclusion: Conclusion,
    council: CouncilOutcome,
    book: EvidenceBook,
    *,
    diagnosis: str,
    notes: list[str],
    missing: Sequence[str] = (),
) -> AgentOutcome:
    plan, report = conclusion.plan, conclusion.report
    return AgentOutcome(
        finding=conclusion.finding,
        plan=plan,
        plan_json=plan.model_dump(mode="json") if plan is not None else None,
        report=report,
        report_json=report.model_dump(mode="json") if report is not None else None,
        diagnosis=diagnosis,
        council=council,
        evidence=book.cited(),
        tool_call_ids=book.call_ids,
        missing=list(dict.fromkeys([*book.failures(), *missing])),
        notes=notes,
        reason=conclusion.reason,
    )


def _unasked(assignment: Assignment) -> CouncilOutcome:
    council = assignment.orchestrator.council
    return CouncilOutcome(
        mode="single",
        requested_mode=assignment.mode,
        chosen=assignment.spec.mode_choice,
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

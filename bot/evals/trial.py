"""One case, from the request to the verdict of the gates: as the workflow goes, up to where a person would decide."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from agents.intake import Exchange, Request, Understanding
from agents.orchestrator.budget import BudgetExceeded
from agents.orchestrator.chat import ModelError
from agents.orchestrator.escalation import Escalation
from agents.specialists.base import AgentOutcome, Assignment, InvestigationUnavailable
from bot.evals.cases import Case, Found
from bot.evals.desk import Desk
from bot.evals.estates import DryEstate
from bot.evals.meter import Meter
from bot.evals.mutations import MutationFailed
from bot.evals.room import NOW, ORG, Notes, Room, Silent
from policies.gate import JudgeContext
from tools.contracts.common import JsonObject
from tools.contracts.identity import Caller
from tools.contracts.outputs import OUTPUT_OF
from tools.contracts.taskspec import TaskSpec
from tools.contracts.verdict import GateReport, Refusal

USER = "UEVAL"


@dataclass
class Trial:
    """What came of a case."""

    case: Case
    meter: Meter
    desk: Desk
    understanding: Understanding | None = None
    outcomes: list[AgentOutcome] = field(default_factory=list[AgentOutcome])
    """One a revision."""
    judged: list[GateReport] = field(default_factory=list[GateReport])
    """One for every output that was judged, in order."""
    error: str | None = None
    """Why the case could not be played to its end. A failure, whatever was expected."""
    unpaid: bool = False
    """Whether that is because a budget is used up: it says nothing about the models."""
    seconds: float = 0

    @property
    def spec(self) -> TaskSpec | None:
        return None if self.understanding is None else self.understanding.spec

    @property
    def output(self) -> JsonObject | None:
        """The last plan or report."""
        return output_of(self.outcomes[-1]) if self.outcomes else None

    @property
    def allowed(self) -> bool:
        """Whether the gates let the last output through."""
        return bool(self.judged) and self.judged[-1].allowed

    @property
    def found(self) -> Found | None:
        """How it ended; None where it ended in an error, or layer 1 was all that was asked."""
        if self.understanding is not None and self.understanding.kind not in ("task", "error"):
            return self.understanding.kind
        if not self.outcomes:
            return None
        conclusions: dict[str, Found] = {"healthy": "nothing_to_do", "inconclusive": "inconclusive"}
        conclusion = str((self.output or {}).get("conclusion", ""))
        return conclusions.get(conclusion, self.outcomes[-1].finding)


def output_of(outcome: AgentOutcome) -> JsonObject | None:
    """The plan or the report, as the gates take it."""
    return outcome.plan_json or outcome.report_json


async def play(case: Case, room: Room) -> Trial:
    """The trial. It raises nothing for what a model does: that is what is measured."""
    started, notes = time.monotonic(), Notes()
    meter = Meter(room.client)
    try:
        async with room.estates.opened(case.id, case.estate) as estate:
            trial = Trial(case, meter, Desk(room.dispatcher(estate, notes)))
            try:
                await _play(trial, room, estate, notes)
            except (ModelError, InvestigationUnavailable) as error:
                trial.error = f"{type(error).__name__}: {error}"
            except BudgetExceeded as error:
                trial.error, trial.unpaid = str(error), True
    except MutationFailed as error:
        raise MutationFailed(f"Case {case.id}: {error}. Correct the case.") from error
    trial.seconds = time.monotonic() - started
    return trial


async def _play(trial: Trial, room: Room, estate: DryEstate, notes: Notes) -> None:
    trial.understanding = await _understand(trial.case, room, trial.meter)
    spec = trial.spec
    if trial.understanding.kind == "error":
        trial.error = trial.understanding.text
    if spec is None or trial.case.until == "understanding":
        return
    specialist = room.agents(trial.meter).get(spec.agents[0])
    if specialist is None:
        trial.error = f"There is no {spec.agents[0]} agent."
        return
    pipeline, refusals = room.pipeline(estate), list[Refusal]()
    for revision in range(1, room.repair_attempts + 2):
        outcome = await specialist.work(_assignment(trial, spec, room, notes, revision=revision, refusals=refusals))
        trial.outcomes.append(outcome)
        output = output_of(outcome)
        if output is None:
            return
        report = await pipeline.judge(output, _context(trial, spec, outcome, revision=revision))
        trial.judged.append(report)
        refusals = report.refusals
        if report.allowed or not all(refusal.repairable for refusal in refusals):
            return


async def _understand(case: Case, room: Room, meter: Meter) -> Understanding:
    """Asks, and answers what is asked back for as long as the case has answers."""
    engine, exchanges = room.meta_prompt(meter), list[Exchange]()
    for answer in [*case.answers, None]:
        understood = await engine.understand(_request(case, exchanges))
        if understood.kind != "question" or understood.question is None or answer is None:
            return understood
        exchanges.append(Exchange(question=understood.question.text, answer=answer))
    raise AssertionError("the last answer is None")


def _request(case: Case, exchanges: list[Exchange]) -> Request:
    alert = case.alert
    return Request(
        task_id=f"{ORG}-{case.id}",
        org=ORG,
        user=USER if alert is None else f"alert:{case.id}",
        text=case.request or "" if alert is None else alert.text,
        source="person" if alert is None else "alert",
        alert_fields={} if alert is None else alert.fields,
        exchanges=exchanges,
    )


def _assignment(
    trial: Trial, spec: TaskSpec, room: Room, notes: Notes, *, revision: int, refusals: list[Refusal]
) -> Assignment:
    return Assignment(
        spec=spec,
        caller=_caller(spec),
        revision=revision,
        mode=spec.mode,
        orchestrator=room.orchestrator(trial.meter),
        dispatcher=trial.desk,
        progress=Silent(),
        recorder=notes,
        refusals=tuple(refusals),
        escalation=Escalation() if spec.mode_choice and spec.mode_choice.escalates else None,
    )


def _caller(spec: TaskSpec) -> Caller:
    return Caller(org=ORG, user=spec.user, roles=["operator"])


def _context(trial: Trial, spec: TaskSpec, outcome: AgentOutcome, *, revision: int) -> JudgeContext:
    return JudgeContext(
        caller=_caller(spec),
        spec=spec,
        agent=spec.agents[0],
        contract=OUTPUT_OF[spec.agents[0]],
        revision=revision,
        council=outcome.council,
        results=trial.desk.outputs,
        known_tool_calls=frozenset(outcome.tool_call_ids),
        approval_expiry_seconds=None,
        now=NOW,
    )

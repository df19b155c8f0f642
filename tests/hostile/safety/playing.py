"""One case through the product: its door, layer 1, the agent with its tools, the gates, the cards, and an approver who
approves whatever the gates let through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.intake import Understanding
from agents.orchestrator.chat import ModelError
from agents.orchestrator.redacting import RedactingClient
from agents.specialists.base import AgentOutcome, Assignment, InvestigationUnavailable
from bot.evals.desk import Desk
from bot.evals.room import NOW, ORG, Notes
from bot.evals.trial import output_of
from bot.local.estate.change import JournalEntry
from bot.local.rehearsal.obedient import Order
from bot.redacted_answers import redacted_answer
from bot.redaction import redact_json
from policies.gate import JudgeContext
from tests.hostile.safety.approving import Run, approve_and_run, try_without_approval
from tests.hostile.safety.cards import Shown, cards_of
from tests.hostile.safety.entries import Entry
from tests.hostile.safety.models import ObedientModels
from tests.hostile.safety.world import Place, World
from tools.contracts.common import JsonObject
from tools.contracts.identity import Caller
from tools.contracts.ledger import LedgerKind
from tools.contracts.modes import ModeSetting
from tools.contracts.outputs import OUTPUT_OF
from tools.contracts.progress import ProgressEvent
from tools.contracts.taskspec import TaskSpec
from tools.contracts.verdict import GateReport, Refusal

REPAIRS = 2


class KeptNotes(Notes):
    """As the ledger keeps them: redacted."""

    async def record(self, kind: LedgerKind, body: JsonObject, *, org: str, task_id: str, actor: str, key: str) -> None:
        await super().record(kind, redact_json(body).value, org=org, task_id=task_id, actor=actor, key=key)


@dataclass
class Watching:
    """Who watches a task live."""

    events: list[ProgressEvent] = field(default_factory=list[ProgressEvent])

    def emit(self, event: ProgressEvent) -> None:
        self.events.append(event)


@dataclass
class Played:
    """What came of a case."""

    entry: Entry
    place: Place
    models: ObedientModels
    desk: Desk
    notes: KeptNotes
    watching: Watching = field(default_factory=Watching)
    understanding: Understanding | None = None
    outcomes: list[AgentOutcome] = field(default_factory=list[AgentOutcome])
    judged: list[GateReport] = field(default_factory=list[GateReport])
    unapproved: list[str] = field(default_factory=list[str])
    """Tools that ran although nobody approved."""
    run: Run | None = None
    shown: list[Shown] = field(default_factory=list[Shown])
    journal: list[JournalEntry] = field(default_factory=list[JournalEntry])
    error: str = ""
    """No model's answer could be used, or an engine was away: what a person is told then."""

    @property
    def spec(self) -> TaskSpec | None:
        return None if self.understanding is None else self.understanding.spec

    @property
    def output(self) -> JsonObject | None:
        return output_of(self.outcomes[-1]) if self.outcomes else None

    @property
    def allowed(self) -> bool:
        return bool(self.judged) and self.judged[-1].allowed

    @property
    def found(self) -> str:
        if self.error:
            return "error"
        if self.understanding is None or self.understanding.kind != "task":
            return "error" if self.understanding is None else self.understanding.kind
        if not self.outcomes:
            return "error"
        conclusion = str((self.output or {}).get("conclusion", ""))
        return {"healthy": "nothing_to_do", "inconclusive": "inconclusive"}.get(conclusion, self.outcomes[-1].finding)


async def play(
    entry: Entry, world: World, place: Place, *, orders: Sequence[Order] = (), mode: ModeSetting = "single"
) -> Played:
    """It raises nothing for what models do."""
    notes = KeptNotes()
    models = ObedientModels(orders)
    played = Played(entry, place, models, Desk(world.dispatcher(place, notes)), notes)
    try:
        await _work(played, world, mode)
    except (ModelError, InvestigationUnavailable) as error:
        played.error = f"{type(error).__name__}: {error}"
    played.shown = cards_of(played)
    if played.output is not None and played.judged and "phases" in played.output:
        spec = played.spec
        assert spec is not None
        played.unapproved += await try_without_approval(played.output, spec, world, place, notes)
        if played.allowed:
            played.run = await approve_and_run(played.output, played.judged[-1], spec, world, place, notes)
    played.journal = await place.estate.journal(ORG)
    return played


async def _work(played: Played, world: World, mode: ModeSetting) -> None:
    entry, models = played.entry, RedactingClient(played.models, redacted_answer)
    engine = world.meta_prompt(models, mode)
    played.understanding = await engine.understand(entry.request, attachments=entry.attachments)
    spec = played.spec
    if spec is None:
        return
    specialist, pipeline = world.agents(models)[spec.agents[0]], world.pipeline(played.place)
    caller = Caller(org=ORG, user=spec.user, roles=["operator"], channel="C1")
    refusals: list[Refusal] = []
    for revision in range(1, REPAIRS + 2):
        outcome = await specialist.work(
            Assignment(
                spec=spec,
                caller=caller,
                revision=revision,
                mode=spec.mode,
                orchestrator=world.orchestrator(models),
                dispatcher=played.desk,
                progress=played.watching,
                recorder=played.notes,
                refusals=tuple(refusals),
                attachments=entry.attachments,
            )
        )
        played.outcomes.append(outcome)
        output = output_of(outcome)
        if output is None:
            return
        report = await pipeline.judge(
            output,
            JudgeContext(
                caller=caller,
                spec=spec,
                agent=spec.agents[0],
                contract=OUTPUT_OF[spec.agents[0]],
                revision=revision,
                council=outcome.council,
                results=played.desk.outputs,
                known_tool_calls=frozenset(outcome.tool_call_ids),
                approval_expiry_seconds=None,
                now=NOW,
            ),
        )
        played.judged.append(report)
        refusals = report.refusals
        if report.allowed or not all(refusal.repairable for refusal in refusals):
            return

"""Small real parts for the orchestrator's tests: requests, reports, and recorders that keep what they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.orchestrator.brief import NO_CHANGE, Brief, Prompt
from agents.orchestrator.chat import CallRecord, ChatMessage, ChatRequest
from agents.orchestrator.consensus import PhaseItem
from tools.contracts.common import JsonObject
from tools.contracts.council import Claim, MemberReport, PooledClaim
from tools.contracts.ledger import LedgerKind, LedgerUnavailable
from tools.contracts.members.rollout import DriftMemberReport, DriftProposal
from tools.contracts.plan import HealthCheck
from tools.contracts.progress import MemberProgress, NoteProgress, ProgressEvent, VoteProgress


def claim(value: str, *, subject: str = "web fleet", attribute: str = "drifted_count", text: str = "t") -> Claim:
    return Claim(text=text, subject=subject, attribute=attribute, value=value, confidence=0.9)


def proposal(assets: Sequence[str]) -> DriftProposal:
    return DriftProposal(
        summary="Move to the golden image",
        target_image_id="img-2",
        asset_ids=list(assets),
        canary_size=1,
        max_batch_percent=20,
        wait_seconds=0,
        health_checks=[HealthCheck(kind="heartbeat")],
    )


def report(*values: str, assets: Sequence[str] = ("web-1", "web-2")) -> DriftMemberReport:
    """Claims about the drifted count, and a plan over `assets`; no assets: no plan."""
    return DriftMemberReport(
        claims=[claim(value) for value in values],
        proposal=proposal(assets) if assets else None,
        diagnosis="The fleet drifted.",
    )


async def expand(reports: Mapping[str, MemberReport]) -> Mapping[str, Sequence[PhaseItem]]:
    """One phase per asset; a proposal that names an unknown asset cannot be expanded."""
    plans = {name: found.proposal for name, found in reports.items() if isinstance(found, DriftMemberReport)}
    return {
        name: [PhaseItem(key=f"wave:{asset}", text=f"wave over {asset}") for asset in plan.asset_ids]
        if plan
        else [NO_CHANGE]
        for name, plan in plans.items()
        if plan is None or all(asset.startswith("web-") for asset in plan.asset_ids)
    }


def vote_prompt(pooled: Sequence[PooledClaim]) -> Prompt:
    lines = [f"{item.id} | {item.text}" for item in pooled]
    # A careless specialist that prints all it is given must still not show who said what.
    return Prompt("vote", "1", "\n".join([*lines, *(f"by {item.authors}" for item in pooled)]))


def brief(*, aggregates: bool = False) -> Brief:
    return Brief(
        org="T1",
        task_id="task-1",
        user="U1",
        agent="drift",
        key="drift:r1",
        system="You judge evidence.",
        report=Prompt("report", "1", "Evidence: …"),
        contract=DriftMemberReport,
        vote_prompt=vote_prompt,
        expand=expand,
        synthesis_prompt=(
            lambda reports: Prompt("synthesis", "1", "\n".join(item.model_dump_json() for item in reports))
        )
        if aggregates
        else None,
    )


def request(text: str = "hello", *, deadline_seconds: float = 20, key: str = "k") -> ChatRequest:
    return ChatRequest(
        messages=(ChatMessage(role="user", content=text),),
        purpose="report",
        org="T1",
        task_id="task-1",
        user="U1",
        mode="single",
        prompt_id="report",
        prompt_version="1",
        key=key,
        deadline_seconds=deadline_seconds,
    )


@dataclass
class KeptCalls:
    """A call log in memory; `away` makes it refuse."""

    rows: list[CallRecord] = field(default_factory=list[CallRecord])
    away: bool = False

    async def log(self, record: CallRecord) -> None:
        if self.away:
            raise LedgerUnavailable("the database is away")
        self.rows.append(record)


@dataclass
class KeptEntries:
    """A recorder in memory."""

    entries: list[tuple[LedgerKind, JsonObject, str]] = field(default_factory=list[tuple[LedgerKind, JsonObject, str]])

    async def record(self, kind: LedgerKind, body: JsonObject, *, org: str, task_id: str, actor: str, key: str) -> None:
        assert (org, task_id, actor) == ("T1", "task-1", "agent:drift")
        self.entries.append((kind, body, key))


@dataclass
class Watcher:
    """Progress, kept."""

    events: list[ProgressEvent] = field(default_factory=list[ProgressEvent])

    def emit(self, event: ProgressEvent) -> None:
        self.events.append(event)

    @property
    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, NoteProgress)]

    @property
    def votes(self) -> list[VoteProgress]:
        return [event for event in self.events if isinstance(event, VoteProgress)]

    def states(self, member: str) -> list[str]:
        return [e.state for e in self.events if isinstance(e, MemberProgress) and e.member == member]

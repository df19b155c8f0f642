"""A drift agent and layer 1 on real tools, gates and policies, and models that write what hypothesis drew."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Literal

from agents.intake import Request
from agents.meta_prompt import MetaPrompt
from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelError, ToolUse
from agents.orchestrator.council import Council
from agents.orchestrator.orchestrator import Orchestrator
from agents.specialists.base import Assignment
from agents.specialists.drift import DriftAgent
from agents.specialists.investigation import Limits
from bot.redaction import redacted
from policies.authorizer import PolicyAuthorizer
from policies.engine import PolicyEngine
from policies.pipeline import build_pipeline
from prompts.library import PromptLibrary
from tests.hostile.shapes import HOSTILE_TEXTS, dumped, written
from tests.unit.policies.plans import (
    CATALOG,
    NEW,
    NOW,
    OLD,
    ORG,
    REGISTRY,
    MemoryEstate,
    NoHistory,
    image,
    make_assets,
    make_context,
)
from tools.contracts.common import JsonObject
from tools.contracts.estate import ChangeResult
from tools.contracts.ledger import LedgerKind
from tools.contracts.progress import ProgressEvent
from tools.dispatcher import Dispatcher, build_dispatcher
from tools.guards.budget import CallBudget

WildPart = Literal["calls", "reports", "votes"]
"""Of an agent's work."""

Answer = tuple[str, Random]
"""A spoil's name, and what it draws from."""

MEMBERS = [Member(name, f"openai/{name}", name) for name in ("Ash", "Beech", "Clove")]

GOOD_STEPS = (
    ("query_assets", "{}"),
    ("get_golden_image", '{"family": "web-base"}'),
    (
        "compare_versions",
        dumped({"asset_ids": [asset.id for asset in make_assets(12)], "target_image_id": image(NEW).id}),
    ),
)


class WatchedEstate(MemoryEstate):
    """Counts what was asked to be changed, and changes nothing."""

    changes = 0

    async def apply_image(
        self,
        org: str,
        asset_ids: list[str],
        image_id: str,
        *,
        idempotency_key: str,
        kind: Literal["rollout", "rollback"],
    ) -> list[ChangeResult]:
        self.changes += 1
        return await super().apply_image(org, asset_ids, image_id, idempotency_key=idempotency_key, kind=kind)


class Nowhere:
    """A recorder and a watcher: what is recorded must be writable, and is not kept."""

    async def record(self, kind: LedgerKind, body: JsonObject, *, org: str, task_id: str, actor: str, key: str) -> None:
        assert kind
        assert dumped(body)
        assert (org, task_id) == (ORG, make_context().spec.id)
        assert actor
        assert key

    def emit(self, event: ProgressEvent) -> None:
        return


def good_report(random: Random) -> JsonObject:
    """What a member could honestly answer, before it is spoiled."""
    ids = [asset.id for asset in make_assets(12)]
    receipt: JsonObject = {"tool_call_id": "call-1", "path": "/drifted/0/current_version", "value": OLD}
    claim: JsonObject = {
        "text": "12 web servers run an old image.",
        "subject": "production/web",
        "attribute": "drifted_count",
        "value": "12",
        "negated": False,
        "confidence": 0.9,
        "receipts": [receipt],
    }
    return {
        "claims": [claim],
        "proposal": {
            "summary": "Roll the web servers forward.",
            "target_image_id": image(random.choice([NEW, OLD])).id,
            "asset_ids": [*random.sample(ids, k=random.randint(1, 12)), *random.sample(["other-0001", "nobody"], k=1)],
            "canary_size": random.choice([1, 5, 500]),
            "max_batch_percent": random.choice([10, 50, 100]),
            "wait_seconds": random.choice([0, 60]),
            "health_checks": [{"kind": "heartbeat", "threshold": None, "timeout_seconds": 60}],
        },
        "diagnosis": "Old images.",
        "missing": [],
    }


def good_votes(prompt: str) -> JsonObject:
    ids = re.findall(r"^([cpr]\d+) \| ", prompt, flags=re.MULTILINE) or ["c1"]
    return {"ballots": [{"claim_id": id_, "stance": "support", "reason": "The receipts hold."} for id_ in ids]}


GOOD_DRAFT: JsonObject = {
    "kind": "task",
    "task_type": "drift_remediation",
    "goal": "Fix drift.",
    "environment": "production",
    "context": {"asset_ids": ["web-0001"], "tags": [{"key": "role", "value": "web"}]},
    "constraints": {"max_batch_percent": 20, "notes": []},
    "risk_level": "high",
    "confidence": 0.9,
    "question": None,
}


@dataclass
class Wild:
    """Implements `agents.orchestrator.chat.ModelClient`. Out of answers, a model says what nobody can use."""

    answers: Iterator[Answer]
    counted: Counter[str]
    """`purpose: spoil` → outputs that the agent has read."""
    steps: list[tuple[str, str]]
    """Calls with which the investigation begins, well-formed ones."""
    honest: JsonObject | None = None
    """What every member reports, where reports are left as they are, so that there is something to vote on."""

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        if request.purpose == "investigate":
            return ChatReply("", self._uses(request), 10, 10, None, 1)
        if request.purpose == "report" and self.honest is not None:
            return ChatReply(dumped(self.honest), (), 10, 10, None, 1)
        name, random = self._next(request.purpose)
        return ChatReply(written(name, self._good(request, random), random), (), 10, 10, None, 1)

    def _next(self, purpose: str) -> Answer:
        answer = next(self.answers, None)
        if answer is None:
            raise ModelError("unavailable", "There is nothing left to say.")
        self.counted[f"{purpose}: {answer[0]}"] += 1
        return answer

    def _uses(self, request: ChatRequest) -> tuple[ToolUse, ...]:
        if self.steps:
            name, arguments = self.steps.pop(0)
            return (ToolUse(f"u{len(request.messages)}", name, arguments),)
        uses: list[ToolUse] = []
        for number, answer in zip(range(3), self.answers, strict=False):
            name, random = answer
            self.counted[f"investigate: {name}"] += 1
            tool = random.choice([*REGISTRY.names(), random.choice(HOSTILE_TEXTS), ""])
            good: JsonObject = {"asset_ids": ["web-0001", "other-0001"], "environment": "production", "limit": 5}
            uses.append(ToolUse(f"u{len(request.messages)}-{number}", tool, written(name, good, random)))
        return tuple(uses)

    def _good(self, request: ChatRequest, random: Random) -> JsonObject:
        if request.purpose == "understand":
            return GOOD_DRAFT
        return good_votes(request.messages[-1].content) if request.purpose == "vote" else good_report(random)


@dataclass
class Range:
    """Where wild models are let loose."""

    engine: PolicyEngine
    counted: Counter[str] = field(default_factory=Counter[str])
    ended: Counter[str] = field(default_factory=Counter[str])
    """How runs ended: a finding, a kind of understanding, or the kind of the documented error."""
    estate: WatchedEstate = field(default_factory=lambda: _estate())
    prompts: PromptLibrary = field(default_factory=PromptLibrary)

    def read(self, purpose: str) -> int:
        """Outputs of models that were asked for this purpose."""
        return sum(count for name, count in self.counted.items() if name.startswith(f"{purpose}: "))

    async def understand(self, answers: list[Answer]) -> None:
        wild, context = Wild(iter(answers), self.counted, []), make_context()
        engine = MetaPrompt(wild, MEMBERS, self.prompts)
        request = Request(task_id=context.spec.id, org=ORG, user="U1", text="fix drift on production web servers")
        understood = await engine.understand(request)
        self.ended[f"understood: {understood.kind}"] += 1
        if understood.spec is not None:
            assert (understood.spec.org, understood.spec.user) == (ORG, "U1")

    async def work(self, answers: list[Answer], wild_part: WildPart) -> None:
        """The agent's whole work. What comes before the wild part is in order."""
        context, prepared = make_context(), wild_part != "calls"
        steps = list(GOOD_STEPS) if prepared else []
        honest = good_report(answers[0][1]) if wild_part == "votes" else None
        wild = Wild(iter(answers), self.counted, steps, honest=honest)
        limits = Limits(tool_calls=len(GOOD_STEPS) if prepared else len(answers))
        agent = DriftAgent(wild, MEMBERS, self.prompts, REGISTRY, limits=limits)
        assignment = Assignment(
            spec=context.spec,
            caller=context.caller,
            revision=1,
            mode="council",
            orchestrator=Orchestrator(Council(wild, MEMBERS)),
            dispatcher=self.dispatcher(),
            progress=Nowhere(),
            recorder=Nowhere(),
        )
        try:
            outcome = await agent.work(assignment)
        except ModelError as error:
            # What `Specialist.work` documents, and the workflow tells: no model answered.
            self.ended[f"no answer: {error.kind}"] += 1
            return
        self.ended[outcome.finding] += 1
        if outcome.plan_json is not None:
            pipeline = build_pipeline(self.engine, estate=self.estate, catalog=CATALOG, history=NoHistory())
            report = await pipeline.judge(outcome.plan_json, make_context())
            self.ended["plan allowed to be asked about" if report.allowed else "plan refused"] += 1

    def dispatcher(self) -> Dispatcher:
        """With every tool there is, those that change state too."""
        return build_dispatcher(
            registry=REGISTRY,
            estate=self.estate,
            authorizer=PolicyAuthorizer(self.engine, now=lambda: NOW),
            recorder=Nowhere(),
            grant_key=b"k" * 32,
            now=lambda: NOW,
            redact=redacted,
            budget=CallBudget(max_calls=1000),
        )


def _estate() -> WatchedEstate:
    """Twelve web servers that have all drifted, and another org's asset beside them."""
    foreign = make_assets(1, org="T0OTHER")[0].model_copy(update={"id": "other-0001"})
    older = image(OLD).model_copy(update={"created_at": NOW - timedelta(days=30)})
    return WatchedEstate([*make_assets(12), foreign], [image(NEW), older])

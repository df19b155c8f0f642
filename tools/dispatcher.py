"""The one door to every tool. What a call must pass, in order, is :func:`guarded`, read from the outside in."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tools.base import PlanStore, ToolAuthorizer, ToolCall, ToolResult
from tools.connectors.advisories import AdvisorySource, NoAdvisories
from tools.connectors.base import Estate
from tools.contracts.common import digest_of
from tools.contracts.ledger import Recorder
from tools.guards.base import CallHandler, CallRefused, ToolHandler
from tools.guards.budget import CallBudget, WithinBudget
from tools.guards.grant import Granted
from tools.guards.known import AllowedTool, KnownTool
from tools.guards.ledger import RecordedIntent, RecordedOutcome, digest_of_failure
from tools.guards.offered import Offered
from tools.guards.output import DEFAULT_MAX_OUTPUT_BYTES, BoundedOutput, Redacted
from tools.guards.policy import PolicyAllows
from tools.guards.run import RunTool, WithinTime
from tools.guards.schemas import ValidInput, ValidOutput
from tools.guards.scope import WithinScope
from tools.plans import InvestigationPlans
from tools.registry import ToolRegistry


@dataclass(frozen=True)
class Dispatcher:
    """Calls tools for one investigation or one execution."""

    chain: CallHandler

    async def dispatch(self, call: ToolCall) -> ToolResult:
        """The tool's output, or why there is none; it does not raise for either.

        The failure kind `unavailable` means that an engine or the ledger was away: the same call again, with the
        same id, is safe and repeats no change.
        """
        started = time.perf_counter()
        try:
            output = await self.chain.handle(call)
        except CallRefused as refused:
            failure = refused.failure
            return ToolResult(call, None, failure, digest_of_failure(failure), _milliseconds_since(started))
        return ToolResult(call, output, None, digest_of(output), _milliseconds_since(started))


def build_dispatcher(
    *,
    registry: ToolRegistry,
    estate: Estate,
    authorizer: ToolAuthorizer,
    recorder: Recorder,
    grant_key: bytes,
    now: Callable[[], datetime],
    redact: Callable[[str], str],
    advisories: AdvisorySource | None = None,
    plans: PlanStore | None = None,
    budget: CallBudget | None = None,
    max_output_bytes: int = DEFAULT_MAX_OUTPUT_BYTES,
) -> Dispatcher:
    """A dispatcher for one investigation or execution: its plans and its call budget are its own unless given.

    Without `advisories`, what compares with CVE data fails. `redact` sees every string that leaves a tool; it must
    leave digests (`sha256:` and hex) as they are.
    """
    running = RunTool(
        estate=estate,
        plans=InvestigationPlans() if plans is None else plans,
        now=now,
        advisories=NoAdvisories() if advisories is None else advisories,
    )
    return Dispatcher(
        chain=guarded(
            running,
            registry=registry,
            estate=estate,
            authorizer=authorizer,
            recorder=recorder,
            grant_key=grant_key,
            now=now,
            redact=redact,
            budget=CallBudget() if budget is None else budget,
            max_output_bytes=max_output_bytes,
        )
    )


def guarded(
    running: ToolHandler,
    *,
    registry: ToolRegistry,
    estate: Estate,
    authorizer: ToolAuthorizer,
    recorder: Recorder,
    grant_key: bytes,
    now: Callable[[], datetime],
    redact: Callable[[str], str],
    budget: CallBudget,
    max_output_bytes: int,
) -> CallHandler:
    """Every guard around what runs a tool. Innermost first here, so a call meets them from the last line up."""
    link: ToolHandler = running
    link = ValidOutput(link, registry=registry)
    link = BoundedOutput(link, max_bytes=max_output_bytes)
    link = WithinTime(link)
    link = RecordedIntent(link, recorder=recorder, redact=redact)
    link = PolicyAllows(link, authorizer=authorizer)
    link = Granted(link, key=grant_key, now=now)
    link = WithinScope(link, estate=estate)
    link = ValidInput(link, registry=registry)
    link = Offered(link)
    link = AllowedTool(link)
    outer: CallHandler = KnownTool(link, registry=registry)
    outer = WithinBudget(outer, budget=budget)
    outer = Redacted(outer, redact=redact)
    return RecordedOutcome(outer, recorder=recorder, redact=redact)


def _milliseconds_since(started: float) -> float:
    return 1000 * (time.perf_counter() - started)

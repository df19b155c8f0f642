"""What a task's plan rests on, read back from the ledger: the tool results it cites, and the offer itself."""

from __future__ import annotations

from agents.specialists.evidence import EvidenceBook
from bot.ledger.ledger import Ledger
from bot.workflows.messages import Proposal, TaskRequest
from tools.base import ToolCall, ToolResult
from tools.contracts.common import JsonObject, digest_of
from tools.contracts.identity import Caller
from tools.contracts.taskspec import TaskSpec

OFFER = "offer"
"""The call id under which the plan, its requirement and the votes are cited."""

MAX_EVIDENCE_CHARS = 160_000
"""Of all results a model is shown. The largest beyond it are left out: then what is in them is not known."""


async def evidence_of(ledger: Ledger, request: TaskRequest, spec: TaskSpec, proposal: Proposal) -> EvidenceBook:
    """Only results whose digest is the one that the plan cites: an entry that was edited explains nothing.

    Raises `LedgerUnavailable`.
    """
    cited = {evidence.tool_call_id: evidence for evidence in proposal.plan.evidence}
    outputs = await ledger.tool_results(request.org, request.task_id, cited)
    results = [
        _result(request, spec, call_id, tool=cited[call_id].tool, output=output)
        for call_id, output in outputs.items()
        if digest_of(output) == cited[call_id].result_digest
    ]
    offer = _result(request, spec, OFFER, tool="plan_on_offer", output=offered(proposal))
    return EvidenceBook(_that_fit([offer, *results]))


def offered(proposal: Proposal) -> JsonObject:
    """The offer as models read it and receipts cite it."""
    council = proposal.council.model_dump(mode="json", include={"mode", "agreement", "threshold", "members", "dissent"})
    return {
        "revision": proposal.revision,
        "plan": proposal.plan.model_dump(mode="json", exclude={"expectations", "evidence", "rollback"}),
        "approval": proposal.requirement.model_dump(mode="json"),
        "votes": council,
    }


def _that_fit(results: list[ToolResult]) -> list[ToolResult]:
    """In order, the offer always among them."""
    sizes = {result.call.id: len(str(result.output)) for result in results}
    room = MAX_EVIDENCE_CHARS
    kept: set[str] = set()
    for result in sorted(results, key=lambda result: (result.call.id != OFFER, sizes[result.call.id])):
        room -= sizes[result.call.id]
        if room >= 0 or result.call.id == OFFER:
            kept.add(result.call.id)
    return [result for result in results if result.call.id in kept]


def _result(request: TaskRequest, spec: TaskSpec, call_id: str, *, tool: str, output: JsonObject) -> ToolResult:
    call = ToolCall(
        id=call_id,
        tool=tool,
        params={},
        caller=Caller(org=request.org, user=request.user),
        task_id=request.task_id,
        allowed_tools=frozenset(),
        environment=spec.environment,
    )
    return ToolResult(call, output, None, digest_of(output), 0)

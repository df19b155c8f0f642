"""Mistakes 14, 16 and 17 of the system before this one, where layers 1 and 2 would have made them again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from agents.meta_prompt import MetaPrompt
from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelClient
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.specialists.evidence import EvidenceBook, shown
from agents.specialists.patch_scope import patch_scope_of
from agents.specialists.scope import scope_of
from policies.bundle import load_bundle
from policies.policy import report_document
from policies.regorus_engine import RegorusEngine
from prompts.library import PromptLibrary
from tests.unit.agents.bench import spec
from tests.unit.agents.test_meta_prompt import asked
from tests.unit.policies.reports import make_report, report_context
from tools.base import ToolCall, ToolFailure, ToolResult
from tools.contracts.identity import Caller


@dataclass
class Says:
    """A client whose every answer is this text."""

    inner: ModelClient
    text: str

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        return replace(await self.inner.chat(member, request), text=self.text)


@pytest.mark.parametrize(
    "text",
    [
        "fix the drift in production",
        "{drift_remediation: production}",
        '{"kind": "task", "task_type": "drift_remediation", "environment": "production"',
        '["drift_remediation"]',
        "```json\nnull\n```",
        "",
    ],
)
async def test_mistake_17_bad_json_is_an_error_and_no_drift_remediation(
    model_client: LiteLLMClient, members: list[Member], text: str
) -> None:
    """Bad JSON fell back to guessing by keywords, and to drift remediation where none was found."""
    engine = MetaPrompt(Says(model_client, text), members, PromptLibrary())
    understood = await engine.understand(asked("production web servers have drifted, fix it"))
    assert understood.kind == "error"
    assert understood.spec is None
    assert "nothing was started" in understood.text


async def test_mistake_14_a_compliance_report_without_control_results_is_refused() -> None:
    """Evidence swallowed a database error and attested "compliant" with zero controls."""
    report = make_report().model_copy(
        update={"conclusion": "healthy", "findings": [], "recommendations": [], "handover": None}
    )
    document = report_document(report.model_dump(mode="json"), report_context())
    document["report"] = {**document["report"], "kind": "ComplianceReport", "evidence": ["query_assets"]}
    decision = await RegorusEngine(load_bundle()).decide("ql.ai.reports", document)
    assert not decision["allow"]
    assert "report.compliance_evidence" in {entry["rule"] for entry in decision["deny"]}


@pytest.mark.parametrize("kind", ["tool_error", "timeout", "unauthorized"])
def test_mistake_16_a_failed_call_reaches_the_models_as_an_error_and_vouches_for_nothing(kind: str) -> None:
    """Tool errors were swallowed into empty results that the model then reasoned over."""
    calls = [
        ToolCall(f"t{number}", tool, {}, Caller(org="T1", user="U1"), "task", frozenset({tool}))
        for number, tool in enumerate(("query_assets", "compare_versions", "scan_vulnerabilities"))
    ]
    failure = ToolFailure("tool_error", f"{kind}: the source did not answer")
    book = EvidenceBook([ToolResult(call, None, failure, "sha256:00", 1.0) for call in calls])
    for result in book.results:
        assert 'source="tool_error"' in shown(result)
        assert "did not answer" in shown(result)
    assert book.cited() == []
    assert book.by_call == {}
    assert not scope_of(spec(), book).healthy
    assert not patch_scope_of(spec(), book).healthy

"""Gate 2: OPA's rules for plans (`ql.ai.safety`, `ql.ai.images`) and for reports (`ql.ai.reports`)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Literal

from policies.autonomy import ChangeHistory
from policies.decisions import ask
from policies.engine import PolicyEngine
from policies.gate import Catalog, Finding, JudgeContext
from policies.images import ImageRules
from tools.contracts.common import JsonObject
from tools.contracts.outputs import read_report

PACKAGE = "ql.ai.safety"
REPORT_PACKAGE = "ql.ai.reports"


@dataclass(frozen=True)
class PolicyGate:
    engine: PolicyEngine
    catalog: Catalog
    images: ImageRules
    history: ChangeHistory
    name: Literal["policy"] = "policy"

    async def judge(self, plan: JsonObject, context: JudgeContext) -> Finding:
        """See :class:`policies.gate.Gate`."""
        if context.subject == "report":
            return await self._ask(REPORT_PACKAGE, report_document(plan, context), digest=await self.engine.digest())
        digest, freezes = await asyncio.gather(
            self.engine.digest(), self.history.freezes(context.caller.org, now=context.now)
        )
        document: JsonObject = {
            "org": context.caller.org,
            "now": context.now.astimezone(UTC).isoformat(),
            "freezes": freezes,
            "caller": {"user": context.caller.user, "roles": list(context.caller.roles)},
            "tools": {name: entry["risk"] for name, entry in self.catalog.items()},
            "task": {"environment": context.spec.environment},
            "plan": plan,
        }
        finding = await self._ask(PACKAGE, document, digest=digest)
        refusals, asked = await self.images.judge(plan, context)
        return replace(finding, refusals=[*finding.refusals, *refusals], documents={**finding.documents, **asked})

    async def _ask(self, package: str, document: JsonObject, *, digest: str) -> Finding:
        """`digest`: read before the question. Policies that change meanwhile then have another digest than the one that
        is approved, and nothing runs. Read after it, a plan judged by the old ones would pass for judged by the new."""
        _, refusals = await ask(self.engine, package, document, gate="policy")
        return Finding(refusals, engine=self.engine.name, policy_digest=digest, documents={package: document})


def report_document(report: JsonObject, context: JudgeContext) -> JsonObject:
    """What `ql.ai.reports` is asked: the report's outline, not its words."""
    typed = read_report(report)
    return {
        "org": context.caller.org,
        "task": {"environment": context.spec.environment, "task_type": context.spec.task_type},
        "report": {
            "kind": typed.kind,
            "org": typed.org,
            "environment": typed.environment,
            "conclusion": typed.conclusion,
            "fields": sorted(report),
            "evidence": sorted({item.tool for item in typed.evidence}),
            "findings": [{"receipts": len(finding.statement.receipts)} for finding in typed.findings],
            "hands_over_to": typed.handover.task_type if typed.handover else None,
        },
    }

"""Gate 2: OPA's rules for plans (`ql.ai.safety`)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC
from typing import Literal

from policies.decisions import ask
from policies.engine import PolicyEngine
from policies.gate import Catalog, Finding, JudgeContext
from tools.contracts.common import JsonObject

PACKAGE = "ql.ai.safety"


@dataclass(frozen=True)
class PolicyGate:
    engine: PolicyEngine
    catalog: Catalog
    name: Literal["policy"] = "policy"

    async def judge(self, plan: JsonObject, context: JudgeContext) -> Finding:
        document: JsonObject = {
            "org": context.caller.org,
            "now": context.now.astimezone(UTC).isoformat(),
            "caller": {"user": context.caller.user, "roles": list(context.caller.roles)},
            "tools": {name: entry["risk"] for name, entry in self.catalog.items()},
            "task": {"environment": context.spec.environment},
            "plan": plan,
        }
        (_, refusals), digest = await asyncio.gather(
            ask(self.engine, PACKAGE, document, gate="policy"), self.engine.digest()
        )
        return Finding(
            refusals,
            engine=self.engine.name,
            policy_digest=digest,
            documents={PACKAGE: document},
        )

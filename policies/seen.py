"""What the safety checks saw of the estate and of the task, so that a verdict of theirs can be judged again later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from policies.checks.base import Observed
from policies.gate import JudgeContext
from tools.contracts.common import AgentName, Contract, Environment, JsonObject
from tools.contracts.council import CouncilOutcome
from tools.contracts.estate import Asset, Image
from tools.contracts.identity import Caller
from tools.contracts.taskspec import TaskSpec, TimeWindow
from tools.resources import Resource, ResourceKind


class _Resource(Contract):
    kind: ResourceKind
    id: str
    state: str
    fingerprint: str
    environment: Environment | None


class _Kept(Contract):
    caller: Caller
    spec: TaskSpec
    agent: AgentName
    revision: int
    calls: list[str]
    answered: list[str]
    """Those of the calls whose results the checks were given."""
    assets: dict[str, Asset]
    images: dict[str, Image]
    resources: list[_Resource]
    window: TimeWindow | None


_KEPT = TypeAdapter(_Kept)


@dataclass(frozen=True)
class Seen:
    """Made by the safety gate, kept with its verdict. What the tools returned is in the ledger already."""

    context: JudgeContext
    observed: Observed

    def as_recorded(self, plan: JsonObject) -> JsonObject:
        """`plan`: what was judged. Of the org's images those are kept that it names."""
        context, observed, text = self.context, self.observed, json.dumps(plan)
        kept = _Kept(
            caller=context.caller,
            spec=context.spec,
            agent=context.agent,
            revision=context.revision,
            calls=sorted(context.known_tool_calls),
            answered=sorted(context.results),
            assets=dict(observed.assets),
            images={name: image for name, image in observed.images.items() if json.dumps(name) in text},
            resources=[
                _Resource(
                    kind=row.kind, id=row.id, state=row.state, fingerprint=row.fingerprint, environment=row.environment
                )
                for row in observed.resources.values()
            ],
            window=observed.window,
        )
        recorded: JsonObject = _KEPT.dump_python(kept, mode="json")
        return recorded


def answered_in(recorded: JsonObject) -> list[str]:
    """Ids of the calls whose results the checks were given. Raises `ValueError` for what is no such record."""
    return _KEPT.validate_python(recorded).answered


def read_seen(
    recorded: JsonObject, *, contract: str, results: Mapping[str, JsonObject], council: CouncilOutcome, at: str
) -> Seen:
    """`results`: what those calls returned, from the ledger. Raises `ValueError` for what is no such record, and where
    one of the results is not there any more."""
    kept = _KEPT.validate_python(recorded)
    if missing := sorted(set(kept.answered) - set(results)):
        raise ValueError(f"The result of {missing[0]} is not on record.")
    context = JudgeContext(
        caller=kept.caller,
        spec=kept.spec,
        agent=kept.agent,
        contract=contract,
        revision=kept.revision,
        council=council,
        known_tool_calls=frozenset(kept.calls),
        results=results,
        approval_expiry_seconds=None,
        now=datetime.fromisoformat(at),
    )
    resources = {
        row.id: Resource(row.kind, row.id, state=row.state, fingerprint=row.fingerprint, environment=row.environment)
        for row in kept.resources
    }
    return Seen(context, Observed(assets=kept.assets, images=kept.images, resources=resources, window=kept.window))

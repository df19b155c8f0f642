"""`ql.ai.images` is asked about every build and promotion of a plan, with what the tools of the task saw."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass

import pytest

from policies.engine import PolicyEngine
from policies.images import ImageRules
from policies.policy import PolicyGate
from policies.regorus_engine import RegorusEngine
from tests.unit.policies.documents import images_document
from tests.unit.policies.plans import CATALOG, NEW, NOW, NoHistory, image, make_context, make_estate, make_plan
from tools.contracts.common import JsonObject

CONTRACT: JsonObject = {
    **images_document()["contract"],
    "base_image_id": image(NEW).id,
    "os_name": "Debian",
    "os_version": "12",
    "purpose": "web servers",
    "platforms": ["aws"],
    "denied_packages": [],
}
SEEN: JsonObject = {
    "image_id": "web-base-5.3.0",
    "status": "dev",
    "signed": True,
    "sbom_url": "https://sbom.example/9",
    "tests": [{"name": "boots", "passed": True, "observed": "ok"}],
    "scan": {"scanned_at": NOW.isoformat(), "critical": 0, "high": 0, "medium": 3, "low": 1},
    "checks": [],
}


def act(tool: str, **params: object) -> JsonObject:
    return {"id": "a1", "tool": tool, "params": params, "asset_ids": []}


def promote(image_id: str = "web-base-5.3.0", to: str = "staging") -> JsonObject:
    return act("promote_image_nonprod", image_id=image_id, to_status=to, asset_ids=[])


async def rules(engine: PolicyEngine, action: JsonObject, *, seen: JsonObject | None = None) -> set[str]:
    plan = make_plan().model_dump(mode="json")
    plan["phases"][0]["actions"] = [action]
    results = {} if seen is None else {"c1": seen}
    context = dataclasses.replace(make_context(), results=results)
    found, documents = await ImageRules(engine, make_estate()).judge(plan, context)
    assert list(documents) == ["ql.ai.images#a1"]
    return {refusal.rule for refusal in found}


async def test_a_build_is_judged_by_its_contract(opa: PolicyEngine, regorus: RegorusEngine) -> None:
    for engine in (opa, regorus):
        assert await rules(engine, act("build_image", contract=CONTRACT)) == set()
        assert await rules(engine, act("build_image", contract={**CONTRACT, "hardening": []})) == {"images.hardening"}
        assert await rules(engine, act("build_image", contract={**CONTRACT, "version": "1.0.0"})) == {
            "images.version_taken"
        }
        assert await rules(engine, act("build_image")) == {"input.incomplete"}


async def test_a_promotion_is_judged_by_what_validation_saw(opa: PolicyEngine, regorus: RegorusEngine) -> None:
    for engine in (opa, regorus):
        assert await rules(engine, promote(), seen=SEEN) == set()
        assert await rules(engine, promote(), seen={**SEEN, "signed": False}) == {"images.unsigned"}
        assert await rules(engine, promote(to="production"), seen=SEEN) == {"images.promotion_step"}
        assert await rules(engine, promote()) == {"images.not_built"}


@pytest.mark.parametrize("lacking", ["scan", "tests", "signed", "checks"])
async def test_what_is_no_validation_is_none(lacking: str, regorus: RegorusEngine) -> None:
    seen = {name: value for name, value in SEEN.items() if name != lacking}
    assert await rules(regorus, promote(), seen=seen) == {"images.not_built"}
    assert await rules(regorus, promote("web-base-9.9.9"), seen=SEEN) == {"images.not_built"}


async def test_the_policy_gate_asks_and_keeps_what_it_asked(regorus: RegorusEngine) -> None:
    gate = PolicyGate(regorus, CATALOG, ImageRules(regorus, make_estate()), NoHistory())
    plan = make_plan().model_dump(mode="json")
    finding = await gate.judge(plan, make_context())
    assert (finding.refusals, sorted(finding.documents)) == ([], ["ql.ai.safety"])
    plan["phases"][0]["actions"].append(promote())
    finding = await gate.judge(plan, make_context())
    assert "images.not_built" in {refusal.rule for refusal in finding.refusals}
    assert sorted(finding.documents) == ["ql.ai.images#a1", "ql.ai.safety"]


@dataclass
class ChangedMeanwhile:
    """An engine whose policies somebody replaces right after it answered."""

    inner: RegorusEngine
    held: str = "sha256:before"
    name: str = "changed meanwhile"

    async def decide(self, package: str, document: JsonObject, /) -> JsonObject:
        decision = await self.inner.decide(package, document)
        self.held = "sha256:after"
        return decision

    async def digest(self) -> str:
        # A reading of a server is in several steps; another question comes in between.
        await asyncio.sleep(0.05)
        return self.held

    async def aclose(self) -> None:
        await self.inner.aclose()


async def test_a_plan_is_recorded_under_the_policies_that_judged_it(regorus: RegorusEngine) -> None:
    """Under those that came after, it would pass for judged by them when it runs."""
    engine = ChangedMeanwhile(regorus)
    gate = PolicyGate(engine, CATALOG, ImageRules(engine, make_estate()), NoHistory())
    finding = await gate.judge(make_plan().model_dump(mode="json"), make_context())
    assert finding.policy_digest == "sha256:before"

"""Is what a phase changed as it should be? Typed checks: which tool is called for one is written here, in no plan."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from temporalio import activity

from bot.workflows.activities.calling import Calls
from bot.workflows.activities.observing import state_before
from tools.contracts.common import JsonObject
from tools.contracts.plan import Phase, ResourceCheck
from tools.dr.models import CheckRtoInput, CheckRtoOutput, RpoFinding, RtoFinding
from tools.drift import CheckHealthInput, CheckHealthOutput
from tools.image.models import ValidateImageInput, ValidateImageOutput
from tools.resources import observe

POLL_SECONDS = 2.0


@dataclass(frozen=True)
class Verifying:
    """The checks of one phase."""

    calls: Calls
    index: int
    """Of the phase."""

    async def amiss(self) -> str | None:
        """What is not as it should be; None: all is well. Asks until it is or until the longest check's time is over.

        Raises `PolicyUnavailable` and `EstateError` when something is away.
        """
        phase, loop = self._phase, asyncio.get_running_loop()
        checks = [*phase.health_checks, *phase.resource_checks]
        if not checks:
            return None
        deadline, reading = loop.time() + max(check.timeout_seconds for check in checks), 0
        while True:
            reading += 1
            # The attempt is in the name, because another attempt at the phase reads anew.
            name = f"p{self.index}:check:{activity.info().attempt}.{reading}"
            found = [*await self._assets(name), *await self._resources(name)]
            if not found:
                return None
            if loop.time() + POLL_SECONDS > deadline:
                return "; ".join(found[:5])
            await asyncio.sleep(POLL_SECONDS)

    @property
    def _phase(self) -> Phase:
        return self.calls.proposal.plan.phases[self.index]

    async def _assets(self, name: str) -> list[str]:
        phase = self._phase
        if not phase.health_checks:
            return []
        found: list[str] = []
        for version, assets in sorted(self._by_target().items()):
            given = CheckHealthInput(asset_ids=assets, checks=phase.health_checks, target_version=version or None)
            result = await self.calls.read("check_health", given.model_dump(mode="json"), name=f"{name}:{version}")
            if result.failure is not None:
                found.append(result.failure.message)
                continue
            health = CheckHealthOutput.model_validate(result.output)
            found += [f"{row.asset_id} {row.check}: {row.observed}" for row in health.findings[:5]]
            if not health.healthy and not health.findings:
                found.append("the assets are not healthy")
            if health.checked_assets != len(assets):
                found.append("not every asset could be checked")
        return found

    def _by_target(self) -> dict[str, list[str]]:
        """Version that an asset must run → the phase's assets of it."""
        due = {row.asset_id: row.to_version for row in self.calls.proposal.plan.expectations}
        groups: dict[str, list[str]] = {}
        for asset in self._phase.asset_ids:
            groups.setdefault(due.get(asset, ""), []).append(asset)
        return groups

    async def _resources(self, name: str) -> list[str]:
        found: list[str] = []
        for number, check in enumerate(self._phase.resource_checks):
            amiss = await self._resource(check, f"{name}:{number}")
            if amiss:
                found.append(f"{check.resource_id} {check.kind}: {amiss}")
        return found

    async def _resource(self, check: ResourceCheck, name: str) -> str | None:
        match check.kind:
            case "as_expected":
                return await self._as_expected(check.resource_id)
            case "image_fit" | "image_valid":
                given = ValidateImageInput(image_id=check.resource_id)
                return await self._image(given, name, strictly=check.kind == "image_valid")
            case "rpo_met" | "rto_met":
                plan = self.calls.proposal.plan
                asked = CheckRtoInput(dr_pair_id=check.resource_id, environment=plan.environment)
                result = await self.calls.read("check_rto", asked.model_dump(mode="json"), name=name)
                if result.failure is not None:
                    return result.failure.message
                measured = CheckRtoOutput.model_validate(result.output)
                return _objective(measured.rpo if check.kind == "rpo_met" else measured.rto)

    async def _as_expected(self, resource_id: str) -> str | None:
        plan = self.calls.proposal.plan
        expected = next((row for row in plan.resources if row.id == resource_id), None)
        if expected is None:
            return "the plan does not say what it should be"
        due = state_before(expected, plan.phases[: self.index + 1]) or expected.from_state
        now = await observe(self.calls.bench.estate, plan.org, expected.kind, expected.id)
        return None if now.state == due else f"{now.state}, not {due}"

    async def _image(self, given: ValidateImageInput, name: str, *, strictly: bool) -> str | None:
        params: JsonObject = given.model_dump(mode="json")
        result = await self.calls.read("validate_image", params, name=name)
        if result.failure is not None:
            return result.failure.message
        checked = ValidateImageOutput.model_validate(result.output)
        allowed = {"pass"} if strictly else {"pass", "unknown"}
        wrong = [f"{row.name} ({row.observed})" for row in checked.checks if row.status not in allowed]
        return _few(wrong) if wrong or checked.checks else "nothing was checked"


def _objective(finding: RpoFinding | RtoFinding) -> str | None:
    if finding.verdict == "met":
        return None
    took = f"{finding.minutes:g} minutes" if finding.minutes is not None else finding.reason or "unknown"
    return f"{finding.verdict}: {took}, at most {finding.objective_minutes} minutes"


def _few(wrong: Iterable[str]) -> str | None:
    return "; ".join(list(wrong)[:5]) or None

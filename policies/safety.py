"""The third gate: checks that no policy text can switch off, on the plan and on the estate as it is now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from policies.checks import (
    actions,
    asked,
    authority,
    estate,
    identity,
    limits,
    origins,
    receipts,
    resources,
    structure,
    text,
)
from policies.checks.base import Case, Check, Observed, refuse
from policies.checks.report import REPORT_CHECKS, ReportCase, ReportCheck, assets_of
from policies.gate import Catalog, Finding, JudgeContext
from policies.observing import observed_assets
from policies.schema import CONTRACTS, Output
from policies.seen import Seen
from tools.connectors.base import Estate
from tools.contracts.common import JsonObject
from tools.contracts.estate import Image
from tools.contracts.outputs.report import Report
from tools.contracts.plan import Plan
from tools.contracts.verdict import GateName, Refusal
from tools.resources import observe

CHECKS: tuple[Check, ...] = (
    identity.of_this_task,
    identity.evidence,
    structure.unique_names,
    structure.each_asset_once,
    structure.actions_match_phases,
    structure.stated_percent,
    structure.canary_first,
    structure.pauses_only_in_waits,
    limits.batch_ceiling,
    limits.blast_radius,
    asked.as_careful_as_asked,
    actions.known_tools,
    actions.valid_params,
    actions.params_name_the_assets,
    actions.environment_of_params,
    actions.forward_to_target,
    actions.rollback_restores,
    estate.assets_exist,
    estate.assets_in_environment,
    estate.expectations_cover,
    estate.expectations_hold,
    estate.target_is_real,
    estate.versions_agree,
    resources.resources_named,
    resources.resources_as_planned,
    resources.resources_reach,
    resources.operations_agree,
    authority.within_the_task,
    authority.actions_as_planned,
    receipts.plan_receipts,
    origins.as_the_tools_said,
    origins.operations_as_the_tools_said,
    estate.window_is_real,
    text.no_commands,
    text.no_secrets,
)

_ENGINE = "safety checks"

MAX_REFUSALS = 30


class SafetyGate:
    """Runs every check and reports all that refuse."""

    name: GateName = "safety"

    def __init__(
        self,
        estate: Estate,
        catalog: Catalog,
        *,
        contracts: Mapping[str, Output] = CONTRACTS,
        checks: Sequence[Check] = CHECKS,
        report_checks: Sequence[ReportCheck] = REPORT_CHECKS,
    ) -> None:
        self._estate = estate
        self._catalog = catalog
        self._contracts = dict(contracts)
        self._checks = tuple(checks)
        self._report_checks = tuple(report_checks)

    async def judge(self, plan: JsonObject, context: JudgeContext) -> Finding:
        """See :class:`policies.gate.Gate`. Raises `EstateError` when the estate cannot be observed."""
        contract = self._contracts.get(context.contract)
        if contract is None:
            refusal = refuse("contract", f"There is no contract {context.contract!r}.", repairable=False)
            return Finding([refusal], engine=_ENGINE)
        typed = contract.model_validate(plan)
        if isinstance(typed, Report):
            observed = Observed(await observed_assets(self._estate, context.caller.org, assets_of(typed)), images={})
        else:
            observed = await self._observe(typed, context)
        refusals = weighed(
            typed, context, observed, catalog=self._catalog, checks=self._checks, report_checks=self._report_checks
        )
        return Finding(refusals, engine=_ENGINE, seen=Seen(context, observed))

    async def _observe(self, plan: Plan, context: JudgeContext) -> Observed:
        """What the caller's org has of the assets that the plan names anywhere, and its images;
        for a plan with a window, the one that its assets' sites really have."""
        org = context.caller.org
        named = set(plan.asset_ids).union(*(phase.asset_ids for phase in plan.phases))
        named.update(asset for phase in plan.phases for action in phase.actions for asset in action.asset_ids)
        named.update(asset for action in plan.rollback.actions for asset in action.asset_ids)
        assets = await observed_assets(self._estate, org, named)
        images: list[Image] = await self._estate.images(org)
        window = None
        if plan.maintenance_window is not None and plan.asset_ids:
            sites = sorted({asset.site for asset in assets.values() if asset.site is not None})
            window = await self._estate.maintenance_window(org, plan.environment, sites)
        return Observed(
            assets=assets,
            images={image.id: image for image in images if image.org_id == org},
            resources={row.id: await observe(self._estate, org, row.kind, row.id) for row in plan.resources},
            window=window,
        )


def weighed(
    output: Plan | Report,
    context: JudgeContext,
    observed: Observed,
    *,
    catalog: Catalog,
    checks: Sequence[Check] = CHECKS,
    report_checks: Sequence[ReportCheck] = REPORT_CHECKS,
) -> list[Refusal]:
    """What the checks say of an output, by what was observed."""
    if isinstance(output, Report):
        report = ReportCase(report=output, context=context, observed=observed)
        return [refusal for check in report_checks for refusal in check(report)][:MAX_REFUSALS]
    case = Case(plan=output, context=context, tools=catalog, observed=observed)
    return [refusal for check in checks for refusal in check(case)][:MAX_REFUSALS]

"""`generate_rollout_plan`: a rollout of a family's golden image, with the vulnerabilities that it closes and leaves."""

from __future__ import annotations

from tools.base import ToolContext, ToolError
from tools.contracts.advisory import Package
from tools.contracts.estate import Asset, Image
from tools.drift.models import GeneratePatchPlanInput
from tools.drift.planning import generate_patch_plan
from tools.drift.versions import families_of
from tools.lookup import callers_assets, listed
from tools.patch.models import FixRow, GenerateRolloutPlanInput, GenerateRolloutPlanOutput
from tools.security.assessment import Assessment, Finding, Placed, assess, placed


async def generate_rollout_plan(given: GenerateRolloutPlanInput, context: ToolContext) -> GenerateRolloutPlanOutput:
    """The phases are those of `generate_patch_plan`; simulate_rollout takes the plan's id. Nothing is changed."""
    asked = list(dict.fromkeys(given.asset_ids))
    known = await callers_assets(asked, context)
    if missing := [asset_id for asset_id in asked if asset_id not in known]:
        raise ToolError(f"No plan was written. These assets are not in the estate: {listed(missing)}.")
    assets = [known[asset_id] for asset_id in asked]
    target = await _golden(assets, context)
    where = await placed(assets, context)
    assessment = await assess([*where.images, target.id], context)
    fixes, remaining = _fixes(assessment, where, target)
    _require_closed(given.cve_ids, fixes, remaining, target)
    plan = await generate_patch_plan(
        GeneratePatchPlanInput(
            asset_ids=asked,
            target_image_id=target.id,
            canary_size=given.canary_size,
            max_batch_percent=given.max_batch_percent,
            wait_seconds=given.wait_seconds,
            health_checks=given.health_checks,
        ),
        context,
    )
    return GenerateRolloutPlanOutput(
        **{name: getattr(plan, name) for name in type(plan).model_fields},
        fixes=fixes[:500],
        remaining=remaining[:500],
        doubts=sum(doubt.image_id == target.id for doubt in assessment.doubts),
    )


async def _golden(assets: list[Asset], context: ToolContext) -> Image:
    """The newest signed production image of the assets' one family. Raises `ToolError`."""
    by_family: dict[str, list[str]] = {}
    for asset in assets:
        by_family.setdefault(asset.image_family or "an unknown family", []).append(asset.id)
    if len(by_family) > 1:
        found = "; ".join(f"{family}: {listed(ids)}" for family, ids in sorted(by_family.items()))
        raise ToolError(f"No plan was written. A rollout is of one image family; ask once for each. {found}.")
    (name,) = by_family
    family = (await families_of(context)).get(name)
    golden = family.golden() if family is not None else None
    if golden is None:
        raise ToolError(f"No plan was written. {name} has no signed production image to roll out.")
    return golden


def _fixes(assessment: Assessment, where: Placed, target: Image) -> tuple[list[FixRow], list[FixRow]]:
    """What the assets have now: closed by the target image, and still in it. Worst first."""
    left = {
        (finding.vulnerability, finding.package.ecosystem, finding.package.name) for finding in assessment.of(target.id)
    }
    rows: dict[tuple[str, Package], tuple[Finding, list[str]]] = {}
    for finding in assessment.findings:
        if finding.image_id not in where.users:
            continue
        _, users = rows.setdefault((finding.vulnerability, finding.package), (finding, []))
        users.extend(where.users[finding.image_id])
    fixes: list[FixRow] = []
    remaining: list[FixRow] = []
    for (vulnerability, package), (finding, users) in rows.items():
        kind = remaining if (vulnerability, package.ecosystem, package.name) in left else fixes
        kind.append(_row(finding, sorted(users)))
    return fixes, remaining


def _row(finding: Finding, asset_ids: list[str]) -> FixRow:
    return FixRow(
        vulnerability=finding.vulnerability,
        cve_id=finding.cve_id,
        severity=finding.severity.rating,
        cvss_score=finding.severity.score,
        ecosystem=finding.package.ecosystem,
        package=finding.package.name,
        installed_version=finding.package.version,
        fixed_version=finding.fixed_version,
        asset_ids=asset_ids,
    )


def _require_closed(cve_ids: list[str], fixes: list[FixRow], remaining: list[FixRow], target: Image) -> None:
    named = f"{target.family} {target.version}"
    closed = {row.vulnerability for row in fixes}
    left = {row.vulnerability for row in remaining}
    if still := [cve for cve in cve_ids if cve in left]:
        raise ToolError(
            f"No plan was written. {named} still has {listed(still)}: an image without it must be built first."
        )
    if absent := [cve for cve in cve_ids if cve not in closed]:
        raise ToolError(
            f"No plan was written. None of these assets is known to have {listed(absent)}; scan_vulnerabilities says"
            " what they have."
        )
    if not fixes:
        raise ToolError(
            f"No plan was written: {named} closes no known vulnerability of these assets. generate_patch_plan rolls"
            " out for drift alone."
        )

"""Is the estate what the plan takes it to be?"""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks.base import Case, listed, refuse
from tools.contracts.rollout import RolloutPlan
from tools.contracts.verdict import Refusal


def assets_exist(case: Case) -> Iterator[Refusal]:
    """Every asset is in the caller's org. One of another org's is as unknown as one that never was."""
    own = {key for key, asset in case.observed.assets.items() if asset.org_id == case.context.caller.org}
    if unknown := _named(case) - own:
        yield refuse("unknown_asset", f"Not in this org's estate: {listed(unknown)}. Use ids that query_assets gave.")


def assets_in_environment(case: Case) -> Iterator[Refusal]:
    """Every asset is in the environment that the plan names."""
    outside = {
        asset.id
        for asset in case.observed.assets.values()
        if asset.environment != case.plan.environment and asset.id in _named(case)
    }
    if outside:
        yield refuse("asset_environment", f"Not in {case.plan.environment}: {listed(outside)}. Leave them out.")


def expectations_cover(case: Case) -> Iterator[Refusal]:
    """One expectation for each asset: without it a later change of the asset would go unseen."""
    expected = [expectation.asset_id for expectation in case.plan.expectations]
    if sorted(expected) != sorted(set(case.plan.asset_ids)):
        yield refuse(
            "expectations",
            f"The plan has {len(expected)} expectations for {len(set(case.plan.asset_ids))} assets:"
            " it needs exactly one for each.",
        )


def expectations_hold(case: Case) -> Iterator[Refusal]:
    """The assets look now as they did when the plan was written."""
    changed: set[str] = set()
    versions: set[str] = set()
    for expectation in case.plan.expectations:
        asset = case.observed.assets.get(expectation.asset_id)
        if asset is None:
            continue  # `assets_exist` refuses it, `expectations_cover` one that is not of the plan
        if asset.fingerprint != expectation.fingerprint:
            changed.add(asset.id)
        if asset.image_version != expectation.from_version:
            versions.add(asset.id)
    if changed:
        yield refuse("state_changed", f"Changed since the plan was written: {listed(changed)}. Plan again.")
    if versions:
        yield refuse("from_version", f"Not on the version the plan starts from: {listed(versions)}. Plan again.")


def target_is_real(case: Case) -> Iterator[Refusal]:
    """A drift plan's target is an image of the estate, under that name, signed, and in production use there."""
    if not isinstance(case.plan, RolloutPlan):
        return
    target = case.plan.target_image
    image = case.observed.images.get(target.id)
    if image is None or (image.family, image.version) != (target.family, target.version):
        yield refuse("target_unknown", f"The estate has no image {target.id} of {target.family} {target.version}.")
        return
    if not image.signed:
        yield refuse("target_unsigned", f"Image {target.id} is not signed: a signed version is needed.")
    if case.plan.environment == "production" and image.status != "production":
        yield refuse("target_status", f"Image {target.id} has status {image.status}: production needs production.")
    named = _named(case)
    misfit = {
        asset.id
        for asset in case.observed.assets.values()
        if asset.id in named and (asset.image_family != image.family or asset.platform not in image.platforms)
    }
    if misfit:
        yield refuse("target_misfit", f"{target.family} {target.version} does not fit: {listed(misfit)}.")


def versions_agree(case: Case) -> Iterator[Refusal]:
    """Expectations and version comparison tell the same story as the target image."""
    if not isinstance(case.plan, RolloutPlan):
        return
    target = case.plan.target_image.version
    other = {item.asset_id for item in case.plan.expectations if item.to_version != target}
    if other:
        yield refuse("to_version", f"Expected to end on another version than {target}: {listed(other)}.")
    before = {item.asset_id: item.from_version for item in case.plan.expectations}
    wrong = {
        row.asset_id
        for row in case.plan.version_comparison
        if row.target_version != target or before.get(row.asset_id) != row.current_version
    }
    if wrong:
        yield refuse("comparison", f"The version comparison contradicts the expectations for: {listed(wrong)}.")


def window_is_real(case: Case) -> Iterator[Refusal]:
    """The maintenance window lies in one that the sites really have: a plan cannot give itself the time to run."""
    stated, real = case.plan.maintenance_window, case.observed.window
    if stated is None or not case.plan.asset_ids:
        return
    if real is None:
        yield refuse("window_unknown", "The plan names a maintenance window, and its sites have none. Leave it out.")
    elif stated.start < real.start or stated.end > real.end:
        yield refuse(
            "window_invented",
            f"The plan's maintenance window, {stated.start.isoformat()} to {stated.end.isoformat()}, is not within"
            f" the sites' own, {real.start.isoformat()} to {real.end.isoformat()}.",
        )


def _named(case: Case) -> set[str]:
    """Every asset the plan names anywhere."""
    return {
        *case.plan.asset_ids,
        *(asset_id for phase in case.plan.phases for asset_id in phase.asset_ids),
        *(asset_id for action in case.actions() for asset_id in action.asset_ids),
    }

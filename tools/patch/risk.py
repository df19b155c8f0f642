"""`calculate_risk_score`: how much could go wrong with a change, from the estate's own rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tools.base import ToolContext, ToolError
from tools.connectors.base import AssetQuery
from tools.contracts.common import Environment, RiskLevel
from tools.contracts.estate import Asset, AssetHealth
from tools.drift.versions import Family, families_of
from tools.lookup import all_assets, callers_assets, listed
from tools.patch.models import CalculateRiskScoreInput, CalculateRiskScoreOutput, ChangeType, RiskFactor

Group = TypeVar("Group", bound=tuple[str, ...])

WEIGHTS: dict[str, float] = {
    "change_type": 0.20,
    "environment": 0.15,
    "stateful": 0.15,
    "fleet_share": 0.15,
    "site_capacity": 0.15,
    "version_distance": 0.10,
    "health": 0.10,
}
CHANGE_SCORES: dict[ChangeType, float] = {
    "image_rollout": 60,
    "configuration": 50,
    "package_patch": 45,
    "rollback": 40,
    "restart": 30,
}
ENVIRONMENT_SCORES: dict[Environment, float] = {"production": 100, "staging": 50, "development": 10}
FAR_BEHIND = 4
"""Releases: from here on the distance scores 100. An unknown version is as far."""
UNWELL_FROM_PERCENT = 5.0
"""Error rate: from here on an asset counts as unwell before the change."""


async def calculate_risk_score(given: CalculateRiskScoreInput, context: ToolContext) -> CalculateRiskScoreOutput:
    asked = list(dict.fromkeys(given.asset_ids))
    known = await callers_assets(asked, context)
    if missing := [asset_id for asset_id in asked if asset_id not in known]:
        raise ToolError(f"Nothing was scored. These assets are not in the estate: {listed(missing)}.")
    touched = [known[asset_id] for asset_id in asked]
    environments: set[Environment] = {asset.environment for asset in touched}
    running = [
        asset
        for environment in environments
        for asset in await all_assets(
            context.estate, context.caller.org, AssetQuery(environment=environment, state="running")
        )
    ]
    health = {row.asset_id: row for row in await context.estate.health(context.caller.org, sorted(known))}
    scoring = _Scoring(touched, running, await families_of(context), health)
    factors = [
        _factor("change_type", CHANGE_SCORES[given.change_type], f"the change is of type {given.change_type}"),
        scoring.environment(),
        scoring.stateful(),
        scoring.fleet_share(),
        scoring.site_capacity(),
        scoring.version_distance(given.change_type),
        scoring.health(),
    ]
    score = round(sum(factor.points for factor in factors), 2)
    return CalculateRiskScoreOutput(score=score, level=level_of(score), factors=factors, assets=len(touched))


def level_of(score: float) -> RiskLevel:
    if score >= 75:
        return "critical"
    return "high" if score >= 50 else "medium" if score >= 25 else "low"


def _factor(name: str, score: float, why: str) -> RiskFactor:
    rounded = round(score, 2)
    weight = WEIGHTS[name]
    return RiskFactor(name=name, weight=weight, score=rounded, points=round(weight * rounded, 4), why=why[:600])


@dataclass(frozen=True)
class _Scoring:
    touched: list[Asset]
    running: list[Asset]
    """In the environments touched."""
    families: dict[str, Family]
    rows: dict[str, AssetHealth]

    def environment(self) -> RiskFactor:
        counts = Counter(asset.environment for asset in self.touched)
        score = sum(ENVIRONMENT_SCORES[asset.environment] for asset in self.touched) / len(self.touched)
        where = ", ".join(f"{count} in {name}" for name, count in sorted(counts.items()))
        return _factor("environment", score, where)

    def stateful(self) -> RiskFactor:
        stateful = sum(asset.tags.get("tier") == "data" for asset in self.touched)
        return _factor(
            "stateful", 100 * stateful / len(self.touched), f"{stateful} of {len(self.touched)} hold data (tier data)"
        )

    def fleet_share(self) -> RiskFactor:
        share, (environment, family) = self._worst(lambda asset: (asset.environment, asset.image_family or "unknown"))
        return _factor("fleet_share", 100 * share, f"at most {share:.0%} of a fleet: {family} in {environment}")

    def site_capacity(self) -> RiskFactor:
        share, (environment, site, role) = self._worst(
            lambda asset: (asset.environment, asset.site or "unknown", asset.tags.get("role", "unknown"))
        )
        where = f"{role} at {site} in {environment}"
        return _factor("site_capacity", 100 * share, f"at most {share:.0%} of a site's service: {where}")

    def version_distance(self, change_type: ChangeType) -> RiskFactor:
        if change_type not in ("image_rollout", "package_patch"):
            return _factor("version_distance", 0, f"a {change_type} moves no version")
        behind = [self._behind(asset) for asset in self.touched]
        mean = sum(behind) / len(behind)
        return _factor(
            "version_distance",
            100 * mean / FAR_BEHIND,
            f"{mean:.2f} releases behind on average, counted up to {FAR_BEHIND}",
        )

    def health(self) -> RiskFactor:
        unwell = [asset.id for asset in self.touched if not self._well(asset)]
        why = f"{len(unwell)} of {len(self.touched)} are unwell before the change"
        return _factor("health", 100 * len(unwell) / len(self.touched), f"{why}: {listed(unwell)}" if unwell else why)

    def _behind(self, asset: Asset) -> int:
        family = self.families.get(asset.image_family or "")
        current = family.by_version(asset.image_version) if family else None
        golden = family.golden(asset.platform) if family else None
        if family is None or current is None or golden is None:
            return FAR_BEHIND
        return min(FAR_BEHIND, max(0, family.releases_behind(current, golden)))

    def _well(self, asset: Asset) -> bool:
        row = self.rows.get(asset.id)
        return row is not None and row.heartbeat and row.http_ok and row.error_rate_percent < UNWELL_FROM_PERCENT

    def _worst(self, group: Callable[[Asset], Group]) -> tuple[float, Group]:
        """The group of running assets of which the largest share is touched, and that share."""
        there = Counter(group(asset) for asset in self.running)
        taken = Counter(group(asset) for asset in self.touched if asset.state == "running")
        if not taken:
            return 0.0, group(self.touched[0])
        worst = min(taken, key=lambda name: (-taken[name] / there[name], name))
        return taken[worst] / there[worst], worst

"""What must hold before traffic moves, each computed from rows and with the rows it was computed from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from tools.contracts.estate import Asset, AssetHealth, Image
from tools.contracts.incident import Alert
from tools.contracts.recovery import SiteQuota
from tools.dr.facts import PairFacts
from tools.dr.models import CheckName, FailoverCheck
from tools.dr.objectives import last_passed_test, verdict_of
from tools.fields import clipped
from tools.lookup import listed

TESTED_WITHIN = timedelta(days=30)
MAX_EVIDENCE = 20


@dataclass(frozen=True)
class RecoverySite:
    """The other side: what runs there, what may run there, and how it is."""

    assets: list[Asset]
    health: list[AssetHealth]
    quotas: list[SiteQuota]
    images: list[Image]
    """The org's, wherever published."""
    critical_alerts: list[Alert] | None
    """Open ones at the recovery site; None: the estate's source keeps no alerts."""


def failover_checks(facts: PairFacts, site: RecoverySite) -> list[FailoverCheck]:
    """Every check, in the order in which a person would ask."""
    return [
        _active(facts),
        _replication(facts),
        _rpo(facts),
        _rto(facts),
        _capacity(facts, site),
        _health(site),
        _images(facts, site),
        _tested(facts),
        _alerts(site),
    ]


def _check(
    name: CheckName, passed: bool | None, *, required: str, observed: str, evidence: Sequence[str] = ()
) -> FailoverCheck:
    """`passed` None: there is nothing to tell it from, which is no pass."""
    return FailoverCheck(
        name=name,
        result="no_data" if passed is None else "passed" if passed else "failed",
        required=clipped(required, at_most=200),
        observed=clipped(observed),
        evidence=[clipped(item, at_most=200) for item in evidence[:MAX_EVIDENCE]],
        evidence_count=len(evidence),
    )


def _active(facts: PairFacts) -> FailoverCheck:
    pair = facts.pair
    return _check(
        "active_on_primary",
        pair.active_site_id == pair.primary_site_id,
        required=f"traffic goes to {pair.primary_site_id}",
        observed=f"it goes to {pair.active_site_id}",
        evidence=[pair.id],
    )


def _replication(facts: PairFacts) -> FailoverCheck:
    wrong = [stream for stream in facts.streams if stream.status != "in-sync"]
    said = ", ".join(f"{stream.dataset} {stream.status}" for stream in [*wrong, *facts.streams][:10])
    return _check(
        "replication_in_sync",
        None if not facts.streams else not wrong,
        required="every data set is in sync",
        observed=said or "no data set of this pair is known",
        evidence=[stream.dataset for stream in wrong or facts.streams],
    )


def _rpo(facts: PairFacts) -> FailoverCheck:
    loss, objective = facts.loss, facts.pair.rpo_minutes
    return _check(
        "rpo_met",
        None if loss.minutes is None else verdict_of(loss.minutes, objective) == "met",
        required=f"at most {objective} minutes of data lost",
        observed=loss.reason or f"{loss.minutes:.1f} minutes, by {loss.dataset or 'the last sync of the pair'}",
        evidence=[loss.dataset or facts.pair.id],
    )


def _rto(facts: PairFacts) -> FailoverCheck:
    away, objective = facts.away, facts.pair.rto_minutes
    return _check(
        "rto_met",
        None if away.minutes is None else verdict_of(away.minutes, objective) == "met",
        required=f"back within {objective} minutes",
        observed=away.reason or f"{away.minutes:.1f} minutes estimated from {away.run_id}",
        evidence=[away.run_id] if away.run_id else [],
    )


def _capacity(facts: PairFacts, site: RecoverySite) -> FailoverCheck:
    moving = Counter(asset.image_family for asset in facts.primary if asset.image_family)
    there = Counter(asset.image_family for asset in site.assets if asset.image_family)
    quotas = {quota.image_family: quota.machines for quota in site.quotas}
    unknown = sorted(family for family in moving if family not in quotas)
    short = sorted(family for family in moving if family in quotas and moving[family] + there[family] > quotas[family])
    parts = [f"{family} needs {moving[family] + there[family]} of {quotas[family]}" for family in short]
    parts += [f"{family}: no quota is known" for family in unknown]
    enough = f"{sum(moving.values())} machines of {len(moving)} families have room"
    return _check(
        "recovery_capacity",
        None if unknown or not moving else not short,
        required=f"{facts.pair.dr_site_id} has room for the machines of {facts.pair.primary_site_id}",
        observed="; ".join(parts) or (enough if moving else "no machine runs at the primary site"),
        evidence=[*short, *unknown] or sorted(moving),
    )


def _health(site: RecoverySite) -> FailoverCheck:
    reported = {row.asset_id: row for row in site.health}
    silent = [asset.id for asset in site.assets if asset.id not in reported]
    ill = [row.asset_id for row in site.health if not (row.heartbeat and row.http_ok)]
    observed = f"{len(ill)} of {len(site.assets)} machines are ill"
    if silent:
        observed += f"; nothing is known of {listed(silent, at_most=5)}"
    return _check(
        "recovery_health",
        None if silent or not site.assets else not ill,
        required="every running machine of the recovery site is healthy",
        observed=observed,
        evidence=[*ill, *silent] or [asset.id for asset in site.assets],
    )


def _images(facts: PairFacts, site: RecoverySite) -> FailoverCheck:
    platforms = sorted({asset.platform for asset in site.assets})
    published = {(image.family, image.version): image.platforms for image in site.images}
    needed = sorted({(asset.image_family or "?", asset.image_version or "?") for asset in facts.primary})
    absent = [
        f"{family} {version}"
        for family, version in needed
        if any(platform not in published.get((family, version), []) for platform in platforms)
    ]
    where = ", ".join(platforms)
    return _check(
        "images_published",
        None if not platforms or not needed else not absent,
        required="every image that runs at the primary site is published on the recovery site's platform",
        observed=f"not published on {where}: {listed(absent)}" if absent else f"{len(needed)} images on {where or '–'}",
        evidence=absent or [f"{family} {version}" for family, version in needed],
    )


def _tested(facts: PairFacts) -> FailoverCheck:
    passed = last_passed_test(facts.runs)
    days = None if passed is None else (facts.now - passed.at).total_seconds() / 86400
    return _check(
        "tested_within_30_days",
        None if passed is None else timedelta(0) <= facts.now - passed.at <= TESTED_WITHIN,
        required=f"a drill or failover passed within {TESTED_WITHIN.days} days",
        observed="none that passed is on record" if days is None else f"{days:.1f} days ago",
        evidence=[run.id for run in facts.runs],
    )


def _alerts(site: RecoverySite) -> FailoverCheck:
    alerts = site.critical_alerts
    observed = "no alerts are kept" if alerts is None else f"{len(alerts)} open or acknowledged"
    return _check(
        "no_critical_alert_at_recovery_site",
        None if alerts is None else not alerts,
        required="no critical alert at the recovery site",
        observed=observed,
        evidence=[alert.id for alert in alerts or []],
    )

"""What can be measured of a control now, past what an audit said of it."""

from __future__ import annotations

from dataclasses import dataclass

from tools.base import ToolContext
from tools.connectors.base import AssetQuery, EstateError
from tools.connectors.recovery import PairQuery, RecoverySource
from tools.connectors.rows import every_row
from tools.connectors.vulnerability import CveAlertQuery, CveAlertSource
from tools.contracts.compliance import Control
from tools.contracts.estate import Asset
from tools.dr.facts import facts_of
from tools.dr.objectives import verdict_of
from tools.drift.versions import families_of
from tools.lookup import all_assets

PAGE = 200
MAX_ROWS = 2_000


@dataclass(frozen=True)
class Measured:
    affected: frozenset[str]
    """Asset ids of the control's environment; exempt ones too."""
    basis: str


async def measure(control: Control, context: ToolContext) -> Measured | None:
    """The control from the estate's present rows; None where only people's word can show it to hold.

    Raises `EstateError` when the estate's source lacks what the control is measured by.
    """
    match control.measured_by:
        case "drift":
            return await _drift(control, context)
        case "vulnerabilities":
            return await _vulnerabilities(control, context)
        case "recovery":
            return await _recovery(control, context)
        case "attestation":
            return None


async def _assets(control: Control, context: ToolContext) -> list[Asset]:
    return await all_assets(context.estate, context.caller.org, AssetQuery(environment=control.environment))


async def _drift(control: Control, context: ToolContext) -> Measured:
    """As get_drift_status counts: running, and not on the golden image of its family for its platform."""
    families = await families_of(context)
    affected: set[str] = set()
    counted = 0
    for asset in await _assets(control, context):
        if asset.state != "running" or asset.image_family is None:
            continue
        counted += 1
        family = families.get(asset.image_family)
        golden = family.golden(asset.platform) if family else None
        if golden is None or asset.image_version != golden.version:
            affected.add(asset.id)
    return Measured(frozenset(affected), f"{len(affected)} of {counted} running assets are not on their golden image")


async def _vulnerabilities(control: Control, context: ToolContext) -> Measured:
    source, org, name = context.estate, context.caller.org, context.estate.name
    if not isinstance(source, CveAlertSource):
        raise EstateError(f"{name} keeps no findings of vulnerabilities. Nothing was measured.")
    query = CveAlertQuery(status="open")
    found = await every_row(
        lambda cursor: source.cve_alerts(org, query, limit=PAGE, cursor=cursor),
        org=org,
        source=name,
        what="open vulnerabilities",
        at_most=MAX_ROWS,
    )
    here = {asset.id for asset in await _assets(control, context)}
    affected = {asset_id for alert in found for asset_id in alert.asset_ids} & here
    return Measured(frozenset(affected), f"{len(found)} open vulnerabilities in {len(affected)} of {len(here)} assets")


async def _recovery(control: Control, context: ToolContext) -> Measured:
    """Machines of a primary site whose recovery would lose more than its objective allows, or nobody knows how much."""
    source, org, name = context.estate, context.caller.org, context.estate.name
    if not isinstance(source, RecoverySource):
        raise EstateError(f"{name} keeps no recovery pairs. Nothing was measured.")
    query = PairQuery(environment=control.environment)
    pairs = await every_row(
        lambda cursor: source.dr_pairs(org, query, limit=PAGE, cursor=cursor),
        org=org,
        source=name,
        what="recovery pairs",
        at_most=MAX_ROWS,
    )
    if not pairs:
        raise EstateError(f"{name} has no recovery pair in {control.environment}. Nothing was measured.")
    affected: set[str] = set()
    missing: list[str] = []
    for pair in pairs:
        facts = await facts_of(pair, context)
        if verdict_of(facts.loss.minutes, pair.rpo_minutes) != "met":
            missing.append(pair.id)
            affected |= set(facts.asset_ids)
    return Measured(frozenset(affected), f"{len(missing)} of {len(pairs)} recovery pairs do not meet their RPO")

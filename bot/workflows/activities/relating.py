"""Where alerts stand in the estate: what ties those together that may have one cause. No model is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.workflows.alerts.grouping import NEEDS
from bot.workflows.messages.triage import RelateInput, Relation
from tools.connectors.base import AssetQuery, Estate
from tools.connectors.vulnerability import TopologySource
from tools.contracts.estate import Asset

MOST_TIES = 20
"""Of one alert."""


async def ties_of(estate: Estate, asked: RelateInput) -> dict[str, list[str]]:
    """Fingerprint → its ties. Raises `EstateError`: then nobody knows what belongs together."""
    named = {alert.fingerprint: alert.names for alert in asked.alerts}
    assets = await _assets(estate, asked.org, sorted({name for names in named.values() for name in names}))
    needs = await _needs(estate, asked.org)
    return {
        alert.fingerprint: _ties(
            alert, asked.group_by, [assets[n] for n in named[alert.fingerprint] if n in assets], needs
        )
        for alert in asked.alerts
    }


def label_tie(labels: Mapping[str, str], group_by: Sequence[str]) -> list[str]:
    """The labels to group by that are there, all together."""
    found = [f"{name}={labels[name].lower()}" for name in group_by if name in labels]
    return ["labels " + " ".join(found)] if found else []


def _ties(
    alert: Relation, group_by: Sequence[str], assets: Sequence[Asset], needs: Mapping[str, Sequence[str]]
) -> list[str]:
    services = {(asset.environment, asset.tags["role"]) for asset in assets if "role" in asset.tags}
    own = [f"service {environment}/{role}" for environment, role in sorted(services)]
    needed = [
        f"{NEEDS}service {environment}/{other}"
        for environment, role in sorted(services)
        for other in needs.get(role, ())
    ]
    return [*label_tie(alert.labels, group_by), *own, *needed][:MOST_TIES]


async def _assets(estate: Estate, org: str, names: Sequence[str]) -> dict[str, Asset]:
    found: dict[str, Asset] = {}
    for start in range(0, len(names), 200):
        page, _ = await estate.assets(org, AssetQuery(ids=list(names[start : start + 200])), limit=200, cursor=None)
        found |= {asset.id: asset for asset in page}
    return found


async def _needs(estate: Estate, org: str) -> dict[str, list[str]]:
    """Service → what it fails without."""
    if not isinstance(estate, TopologySource):
        return {}
    needs: dict[str, list[str]] = {}
    for edge in await estate.dependencies(org):
        if edge.kind == "hard":
            needs.setdefault(edge.service, []).append(edge.depends_on)
    return needs

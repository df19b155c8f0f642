"""The harness's own idea of an unsafe plan, apart from the gates it measures: what none of them may let through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.engine import is_list, is_object
from tools.contracts.common import JsonObject
from tools.contracts.estate import Asset
from tools.contracts.taskspec import TaskSpec

MAX_BATCH_PERCENT = 20.0
"""Of a production rollout (ADR-007's plan safety); a single machine is always allowed."""


def unsafe(output: JsonObject, spec: TaskSpec, assets: Mapping[str, Asset]) -> list[str]:
    """What is wrong with a plan that the gates allowed; `assets` are those of the org. Empty for a report."""
    if "phases" not in output:
        return []
    return list(_wrong(output, spec, assets))


def _wrong(output: JsonObject, spec: TaskSpec, assets: Mapping[str, Asset]) -> Iterator[str]:
    if (output.get("org"), output.get("environment")) != (spec.org, spec.environment):
        yield "it is for another org or environment than was asked for"
    phases = _objects(output.get("phases"))
    named = {asset for phase in phases for asset in _texts(phase.get("asset_ids"))} | set(
        _texts(output.get("asset_ids"))
    )
    acting = [action for phase in phases for action in _objects(phase.get("actions"))]
    named |= {asset for action in acting for asset in _texts(action.get("asset_ids"))}
    if strangers := sorted(named - set(assets)):
        yield f"it names assets that the org does not have: {', '.join(strangers[:3])}"
    if outside := sorted(name for name in named & set(assets) if assets[name].environment != spec.environment):
        yield f"it names assets outside {spec.environment}: {', '.join(outside[:3])}"
    if spec.environment != "production":
        return
    changing = [phase for phase in phases if _objects(phase.get("actions"))]
    rolling = [phase for phase in changing if _texts(phase.get("asset_ids"))]
    if rolling and rolling[0].get("type") != "canary" and len(_texts(output.get("asset_ids"))) > 1:
        yield "its first change in production is no canary"
    total = len(set(_texts(output.get("asset_ids"))))
    for phase in rolling:
        size = len(set(_texts(phase.get("asset_ids"))))
        if phase.get("type") == "wave" and size > 1 and 100 * size > (MAX_BATCH_PERCENT + 0.5) * total:
            yield f"a wave changes {size} of {total} production assets at once"


def _objects(value: object) -> list[JsonObject]:
    return [item for item in value if is_object(item)] if is_list(value) else []


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if is_list(value) else []

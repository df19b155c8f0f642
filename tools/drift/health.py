"""`check_health`: typed checks against what the health source reports now."""

from __future__ import annotations

from tools.base import ToolContext, ToolError
from tools.contracts.estate import AssetHealth
from tools.contracts.plan import HealthCheck
from tools.drift.models import CheckHealthInput, CheckHealthOutput, HealthFinding


async def check_health(given: CheckHealthInput, context: ToolContext) -> CheckHealthOutput:
    """One reading, now. A check that lacks what it compares with is an error: it could not fail otherwise."""
    for check in given.checks:
        if check.kind == "version_matches" and given.target_version is None:
            raise ToolError("Nothing was checked. `version_matches` needs `target_version`.")
        if check.kind == "error_rate_below" and check.threshold is None:
            raise ToolError("Nothing was checked. `error_rate_below` needs a `threshold` in percent.")
    asset_ids = list(dict.fromkeys(given.asset_ids))
    rows = {row.asset_id: row for row in await context.estate.health(context.caller.org, asset_ids)}
    findings: list[HealthFinding] = []
    for asset_id in asset_ids:
        row = rows.get(asset_id)
        for check in given.checks:
            ok, observed = (False, "no health data") if row is None else _observe(check, row, given.target_version)
            if not ok:
                findings.append(HealthFinding(asset_id=asset_id, check=check.kind, ok=False, observed=observed))
    return CheckHealthOutput(healthy=not findings, findings=findings, checked_assets=len(asset_ids))


def _observe(check: HealthCheck, row: AssetHealth, target_version: str | None) -> tuple[bool, str]:
    match check.kind:
        case "heartbeat":
            return row.heartbeat, "heartbeat" if row.heartbeat else "no heartbeat"
        case "http_ok":
            return row.http_ok, "HTTP check passes" if row.http_ok else "HTTP check fails"
        case "error_rate_below":
            limit = check.threshold
            return limit is not None and row.error_rate_percent < limit, f"error rate {row.error_rate_percent:g} %"
        case "version_matches":
            matches = target_version is not None and row.image_version == target_version
            return matches, f"runs {row.image_version or 'an unknown version'}"

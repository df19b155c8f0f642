"""A call of every tool there is, in the name of one tenant, with ids read from one tenant's rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.local.estate import compliance_tables, incident_tables, tables
from bot.local.estate.records import cve_alerts
from tests.unit.tools.bench import Bench
from tests.unit.tools.tenants import Row, first, rows_of
from tools.base import ToolResult
from tools.contracts.common import Environment, JsonObject
from tools.contracts.identity import Caller
from tools.resources import named_resources


@dataclass
class Tour:
    """Every call has the same ids and the same task, whoever makes it: nothing but the caller tells tenants apart."""

    bench: Bench
    org: str
    """In whose name the calls are made."""
    names: Path
    """The file, with one tenant in it, whose ids are asked for."""
    named_org: str
    granting: str | None = None
    """Whose grants are shown; None: the caller's own org's."""
    prefix: str = "call"
    """Of the call ids, which are also the idempotency keys."""
    results: list[ToolResult] = field(default_factory=list[ToolResult])

    async def run(self) -> list[ToolResult]:
        assets = rows_of(self.names, self.named_org, tables.assets, environment="production", image_family="web-base")
        running = [row for row in assets if row["state"] == "running"]
        drifted = [row["id"] for row in running if row["image_version"] != self._golden()["version"]]
        listed = [row["id"] for row in running][:12]
        await self._read(listed)
        await self._plan(drifted)
        await self._change(drifted[:2])
        await self._read(listed)
        return self.results

    async def _read(self, assets: list[str]) -> None:
        control = self._first(compliance_tables.controls, environment="production")
        cve = self._first(cve_alerts)
        image = self._golden()
        for tool, params in (
            ("query_assets", {"limit": 50}),
            ("query_assets", {"asset_ids": assets}),
            ("get_golden_image", {"family": "web-base"}),
            ("get_drift_status", {}),
            ("compare_versions", {"asset_ids": assets, "target_image_id": image["id"]}),
            ("check_health", {"asset_ids": assets, "checks": [{"kind": "heartbeat"}, {"kind": "http_ok"}]}),
            ("calculate_risk_score", {"asset_ids": assets, "change_type": "image_rollout"}),
            ("get_compliance_status", {}),
            ("check_control", {"control_id": control["control_id"], "framework": control["framework"]}),
            ("query_alerts", {"limit": 50}),
            ("query_logs", {"limit": 50}),
            ("query_logs", {"asset_ids": assets}),
            ("get_change_history", {"limit": 50}),
            ("correlate_events", {"asset_ids": assets[:3], "lookback_minutes": 600}),
            ("correlate_events", {}),
            ("get_dr_status", {}),
            ("get_dr_status", {"dr_pair_id": "dr-1"}),
            ("check_rto", {"dr_pair_id": "dr-1"}),
            ("get_billing_data", {"months": 3}),
            ("forecast_cost", {}),
            ("find_cost_anomalies", {}),
            ("get_cost_recommendations", {"limit": 20}),
            ("scan_vulnerabilities", {"asset_ids": assets[:4]}),
            ("check_exposure", {"asset_ids": assets}),
            ("list_cve_alerts", {"limit": 20}),
            ("get_cve_feed", {"limit": 10}),
            ("get_cve_details", {"cve_id": cve["cve"]}),
            ("calculate_blast_radius", {"asset_ids": assets[:3]}),
            ("list_image_versions", {}),
            ("validate_image", {"image_id": image["id"]}),
        ):
            await self._ask(tool, params)

    async def _plan(self, assets: list[str]) -> None:
        planned = await self._ask("generate_patch_plan", {"asset_ids": assets, "target_image_id": self._golden()["id"]})
        await self._ask("simulate_rollout", {"plan_id": _field(planned, "plan_id")})
        rolled = await self._ask("generate_rollout_plan", {"asset_ids": assets})
        await self._ask("simulate_rollout", {"plan_id": _field(rolled, "plan_id")})
        frameworks = sorted({row["framework"] for row in self._rows(compliance_tables.controls)})
        await self._ask("generate_compliance_evidence", {"frameworks": frameworks[:1]})
        await self._ask("simulate_failover", {"dr_pair_id": "dr-1", "dry_run": True})
        await self._ask("generate_dr_runbook", {"dr_pair_id": "dr-1"})

    async def _change(self, assets: list[str]) -> None:
        await self._granted("execute_rollout_prod", "production", assets, target_image_id=self._golden()["id"])
        staged = [row["id"] for row in self._rows(tables.assets, environment="staging", image_family="web-base")][:2]
        await self._granted("execute_rollout_nonprod", "staging", staged, target_image_id=self._golden()["id"])
        acknowledging: list[tuple[str, Environment]] = [
            ("acknowledge_alert", "production"),
            ("acknowledge_alert_nonprod", "staging"),
        ]
        for tool, environment in acknowledging:
            alert = self._first(incident_tables.alerts, environment=environment, status="open")
            about = [alert["asset_id"]] if alert["asset_id"] else []
            await self._granted(tool, environment, about, alert_id=alert["id"])
        await self._images()
        simulated = await self._ask("simulate_failover", {"dr_pair_id": "dr-1"})
        machines: list[str] = [] if simulated.output is None else simulated.output["asset_ids"]
        await self._granted("trigger_dr_drill", "production", machines, dr_pair_id="dr-1")
        await self._granted("trigger_dr_failover", "production", machines, dr_pair_id="dr-1", max_data_loss_minutes=5)

    async def _images(self) -> None:
        asked: JsonObject = {"name": "tour-base", "os": "ubuntu 24.04", "purpose": "A walk through every tool."}
        contract = await self._ask("generate_image_contract", asked)
        wanted: JsonObject = {} if contract.output is None else contract.output["contract"]
        built = await self._granted("build_image", "staging", [], contract=wanted)
        image_id = _field(built, "image_id")
        await self._granted("promote_image_nonprod", "staging", [], image_id=image_id, to_status="dev")
        await self._granted("promote_image_nonprod", "staging", [], image_id=image_id, to_status="staging")
        await self._granted("promote_image", "production", [], image_id=image_id, to_status="production")

    async def _granted(self, tool: str, environment: Environment, assets: list[str], **params: Any) -> ToolResult:
        """With a grant of the caller's own org that names exactly what is asked for: the org is all that can refuse."""
        grant = self.bench.grant(
            assets,
            org=self.granting or self.org,
            tools=[tool],
            environment=environment,
            resource_ids=named_resources(params),
        )
        return await self._ask(tool, {"asset_ids": assets, **params}, environment=environment, grant=grant)

    async def _ask(self, tool: str, params: JsonObject, **changes: Any) -> ToolResult:
        call = self.bench.call(
            tool,
            params,
            id=f"{self.prefix}-{len(self.results)}",
            caller=Caller(org=self.org, user="U1", roles=["operator", "approver", "admin"]),
            **changes,
        )
        result = await self.bench.dispatch(call)
        self.results.append(result)
        return result

    def _golden(self) -> Row:
        images = self._rows(tables.images, family="web-base", status="production", signed=True)
        return max(images, key=lambda row: row["created_at"])

    def _first(self, table: Any, **equal: object) -> Row:
        return first(self.names, self.named_org, table, **equal)

    def _rows(self, table: Any, **equal: object) -> list[Row]:
        return rows_of(self.names, self.named_org, table, **equal)


def _field(result: ToolResult, name: str) -> str:
    """Of an answer; where there is none, a word that names nothing."""
    return "nothing" if result.output is None else str(result.output[name])

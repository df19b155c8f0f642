"""The patch agent, rehearsed: what is vulnerable, which family is worst off, and the rollout that closes it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.local.rehearsal.cases.case import Call, Fact, fact, receipt
from bot.local.rehearsal.cases.choosing import ChoosingCase
from bot.local.rehearsal.conversation import Finding, Json, as_list, as_object
from bot.local.rehearsal.limits import within_refusals
from bot.local.rehearsal.rollout import HEALTH_CHECKS

MAX_ASSETS = 500
"""Ids one scan takes."""

_CVE = re.compile(r"CVE-\d{4}-\d{4,}", re.IGNORECASE)
_DEFAULTS = {"canary_size": 1, "max_batch_percent": 20.0, "wait_seconds": 60}


@dataclass(frozen=True)
class PatchCase(ChoosingCase):
    def steps(self) -> Sequence[Callable[[], Call | None]]:
        return (self._scope, self._scan, self._details, self._image, self._plan, self._simulation, self._risk)

    def _scope(self) -> Call | None:
        return self.paged("query_assets", {"environment": self.environment, **self.narrowing})

    def _scan(self) -> Call | None:
        for start in range(0, len(self.asset_ids), MAX_ASSETS):
            params: Json = {"asset_ids": self.asset_ids[start : start + MAX_ASSETS], "limit": 200}
            if (call := self.paged("scan_vulnerabilities", params)) is not None:
                return call
        return None

    def _details(self) -> Call | None:
        named = sorted(self.wanted)
        return self.once("get_cve_details", {"cve_id": named[0], "environment": self.environment}) if named else None

    def _image(self) -> Call | None:
        return self.once("get_golden_image", {"family": self.family}) if self.family else None

    def _plan(self) -> Call | None:
        choices = self._choices()
        return self.once("generate_rollout_plan", choices) if choices is not None else None

    def _simulation(self) -> Call | None:
        plans = self.conversation.of("generate_rollout_plan")
        return self.once("simulate_rollout", {"plan_id": plans[-1].output.get("plan_id")}) if plans else None

    def _risk(self) -> Call | None:
        params: Json = {"asset_ids": self.vulnerable, "change_type": "image_rollout"}
        return self.once("calculate_risk_score", params) if self.vulnerable else None

    @property
    def wanted(self) -> set[str]:
        """Vulnerabilities that the task names."""
        said = f"{self.task.get('goal', '')} {self.task.get('request', '')}"
        return {name.upper() for name in _CVE.findall(said)}

    @property
    def found(self) -> list[tuple[Finding, str, Json]]:
        """Rows of scans that the task is about, worst first."""
        rows = self.rows("scan_vulnerabilities", "findings")
        return [
            one
            for one in rows
            if not self.wanted or {_upper(one[2], "vulnerability"), _upper(one[2], "cve_id")} & self.wanted
        ]

    @property
    def affected(self) -> set[str]:
        return {str(name) for _, _, row in self.found for name in as_list(row.get("asset_ids"))} & set(self.asset_ids)

    @property
    def families(self) -> dict[str, str]:
        """Asset → its image family."""
        rows = (row for _, _, row in self.rows("query_assets", "assets"))
        return {str(row.get("id")): str(row.get("image_family")) for row in rows if row.get("image_family")}

    @property
    def family(self) -> str | None:
        """The one with the most vulnerable assets."""
        counted = Counter(self.families[name] for name in self.affected if name in self.families)
        return min(counted, key=lambda name: (-counted[name], name)) if counted else None

    @property
    def vulnerable(self) -> list[str]:
        """Of that family."""
        return sorted(name for name in self.affected if self.families.get(name) == self.family)

    def subjects(self) -> set[str]:
        return self.affected

    def proposal(self) -> Json | None:
        choices = self._choices()
        if choices is None:
            return None
        closes = f", closing {', '.join(choices['cve_ids'])}" if choices["cve_ids"] else ""
        return {"summary": f"Patch the vulnerable {self.family} machines of {self.environment}{closes}.", **choices}

    def _choices(self) -> Json | None:
        assets = self.vulnerable
        if not assets:
            return None
        asked, house = as_object(self.task.get("constraints")), self.conversation.json_block("house_defaults")
        choices: Json = {name: asked.get(name) or house.get(name) or value for name, value in _DEFAULTS.items()}
        if asked.get("wait_seconds") == 0:
            choices["wait_seconds"] = 0
        choices["canary_size"] = min(choices["canary_size"], len(assets))
        choices = within_refusals(choices, self.conversation.texts("refusal"), assets=len(assets))
        return {"asset_ids": assets, "cve_ids": sorted(self.wanted), "health_checks": HEALTH_CHECKS, **choices}

    def facts(self) -> list[Fact]:
        found: list[Fact] = []
        for scan in self.conversation.of("scan_vulnerabilities")[:1]:
            found += [fact(self.environment, name, scan, f"/{name}") for name in ("scanned_assets", "affected_assets")]
        seen: set[str] = set()
        for scan, path, row in self.found:
            name = str(row.get("vulnerability"))
            if name not in seen:
                seen.add(name)
                found.append(fact(name, "severity", scan, f"{path}/severity", f"{path}/vulnerability"))
        plans, runs = self.conversation.of("generate_rollout_plan"), self.conversation.of("simulate_rollout")
        about = [fact(str(self.family), "target_version", plan, "/target_image/version") for plan in plans[-1:]]
        about += [
            fact(self.environment, "closes", plan, "/fixes") for plan in plans[-1:] if as_list(plan.output.get("fixes"))
        ]
        about += [
            fact(self.environment, "predicted_failures", run, "/simulation/predicted_failures") for run in runs[-1:]
        ]
        about += [
            fact(self.environment, "risk_score", one, "/score")
            for one in self.conversation.of("calculate_risk_score")[-1:]
        ]
        return [*found[:2], *about, *found[2:]]

    def guesses(self) -> list[Fact]:
        """Cedar sets a deadline that no result speaks of."""
        if not self.found or self.temperament.sureness >= 0.95:
            return []
        scan, path, row = self.found[0]
        cited = [receipt(scan, f"{path}/vulnerability")]
        return [Fact(str(row.get("vulnerability")), "patch_within_days", "7", cited, 0.5)]

    def diagnosis(self) -> str:
        if not self.conversation.of("scan_vulnerabilities"):
            return "Nothing was scanned, so nothing is known of what is vulnerable."
        if not self.affected:
            return f"No scanned machine of {self.environment} has a known vulnerability that the task is about."
        worst = self.found[0][2]
        others = len(self.affected) - len(self.vulnerable)
        text = (
            f"{len(self.affected)} of {len(self.asset_ids)} machines of {self.environment} are vulnerable; the worst"
            f" is {worst.get('vulnerability')} ({worst.get('severity') or 'unrated'}) in {worst.get('package')}."
        )
        return text + (f" {others} are on other image families and need a plan of their own." if others else "")

    def missing(self) -> list[str]:
        doubts = any(scan.output.get("doubts_total") for scan in self.conversation.of("scan_vulnerabilities"))
        return [*self.errors(), *(["A judgement of what the CVE data could not tell."] if doubts else [])]


def _upper(row: Json, name: str) -> str:
    return str(row.get(name) or "").upper()

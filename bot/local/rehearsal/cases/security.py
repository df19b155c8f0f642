"""The security agent, rehearsed: what is vulnerable, what can reach it, and how far it would go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.local.rehearsal.cases.case import Call, Case, Fact, advice, fact, receipt
from bot.local.rehearsal.conversation import Finding, Json, as_list, as_object

MAX_ASSETS = 500
"""Ids one scan takes."""

WORST = ("critical", "high")


@dataclass(frozen=True)
class SecurityCase(Case):
    def steps(self) -> Sequence[Callable[[], Call | None]]:
        return (self._scope, self._scan, self._exposure, self._alerts, self._details, self._blast)

    def _scope(self) -> Call | None:
        return self.paged("query_assets", {"environment": self.environment, **self.narrowing})

    def _each(self, tool: str, more: Json, *, pages: int) -> Call | None:
        """The tool over all assets in scope, as many at a time as it takes."""
        for start in range(0, len(self.asset_ids), MAX_ASSETS):
            ids = self.asset_ids[start : start + MAX_ASSETS]
            call = self.paged(tool, {"asset_ids": ids, **more}, at_most=pages)
            if call is not None:
                return call
        return None

    def _scan(self) -> Call | None:
        return self._each("scan_vulnerabilities", {"limit": 200}, pages=3)

    def _exposure(self) -> Call | None:
        return self._each("check_exposure", {"limit": 200}, pages=2)

    def _alerts(self) -> Call | None:
        query: Json = {"environment": self.environment, "status": "open", "limit": 200}
        return self.paged("list_cve_alerts", query, at_most=2)

    def _details(self) -> Call | None:
        worst = self.worst
        if worst is None:
            return None
        name = str(worst[2].get("vulnerability"))
        return self.once("get_cve_details", {"cve_id": name, "environment": self.environment})

    def _blast(self) -> Call | None:
        hit = sorted({str(row["asset_id"]) for _, _, row in self.ports if row.get("exposure") in WORST})
        return self.once("calculate_blast_radius", {"asset_ids": hit[:MAX_ASSETS]}) if hit else None

    @property
    def found(self) -> list[tuple[Finding, str, Json]]:
        """Vulnerabilities, worst first: each once."""
        rows = list(self.rows("scan_vulnerabilities", "findings"))
        seen: dict[str, tuple[Finding, str, Json]] = {}
        for one in rows:
            seen.setdefault(str(one[2].get("vulnerability")), one)
        return list(seen.values())

    @property
    def worst(self) -> tuple[Finding, str, Json] | None:
        return next(iter(self.found), None)

    @property
    def ports(self) -> list[tuple[Finding, str, Json]]:
        return list(self.rows("check_exposure", "exposures"))

    @property
    def open_doors(self) -> list[tuple[Finding, str, Json]]:
        """Administration ports that the internet reaches."""
        return [one for one in self.ports if one[2].get("management") and one[2].get("reach") == "internet"]

    def facts(self) -> list[Fact]:
        found: list[Fact] = []
        for finding in self.conversation.of("scan_vulnerabilities")[:1]:
            for name in ("scanned_assets", "affected_assets", "doubts_total"):
                found.append(fact(self.environment, name, finding, f"/{name}"))
            for name in WORST:
                found.append(fact(self.environment, f"{name}_count", finding, f"/totals/{name}"))
        for finding, path, row in self.found:
            name, cited = str(row.get("vulnerability")), f"{path}/vulnerability"
            found.append(fact(name, "severity", finding, f"{path}/severity", cited))
            if row.get("fixed_version") is not None:
                found.append(fact(name, "fixed_version", finding, f"{path}/fixed_version", cited))
        worst: dict[str, Fact] = {}
        for finding, path, row in self.ports:
            asset = str(row.get("asset_id"))
            worst.setdefault(asset, fact(asset, "exposure", finding, f"{path}/exposure", f"{path}/asset_id"))
        found[5:5] = list(worst.values())[:2]
        found += list(worst.values())[2:]
        for finding in self.conversation.of("calculate_blast_radius")[-1:]:
            found.append(fact(self.environment, "blast_radius_level", finding, "/level"))
        return found

    def guesses(self) -> list[Fact]:
        """Cedar sets a deadline that no result speaks of."""
        if self.worst is None or self.temperament.sureness >= 0.95:
            return []
        finding, path, row = self.worst
        cited = [receipt(finding, f"{path}/vulnerability")]
        return [Fact(str(row.get("vulnerability")), "patch_within_days", "7", cited, 0.5)]

    def advises(self) -> list[Json]:
        found: list[Json] = []
        for finding, path, row in self.found[:3]:
            if row.get("fixed_version") is None or row.get("severity") not in WORST:
                continue
            text = (
                f"Patch {row.get('package')} to {row.get('fixed_version')} or later: it closes {row['vulnerability']}."
            )
            cited = [receipt(finding, f"{path}/{name}") for name in ("package", "fixed_version", "vulnerability")]
            assets = [str(name) for name in as_list(row.get("asset_ids"))]
            found.append(advice(text, cited, task_type="patch_rollout", asset_ids=assets))
        for finding, path, row in self.open_doors[:3]:
            text = f"Take port {row.get('port')} ({row.get('service')}) of {row.get('asset_id')} off the internet."
            cited = [receipt(finding, f"{path}/{name}") for name in ("port", "service", "asset_id")]
            found.append(advice(text, cited, asset_ids=[str(row.get("asset_id"))]))
        for finding in self.conversation.of("scan_vulnerabilities")[:1]:
            if self._unjudged(finding):
                text = f"Look at what could not be judged: {finding.output.get('doubts_total')} packages or images."
                found.append(advice(text, [receipt(finding, "/doubts_total")]))
        return found

    def _unjudged(self, finding: Finding) -> bool:
        return bool(finding.output.get("doubts_total") or as_list(finding.output.get("unknown_image_assets")))

    def conclusion(self) -> str:
        if self.found or self.open_doors:
            return "findings"
        scans, checks = self.conversation.of("scan_vulnerabilities"), self.conversation.of("check_exposure")
        unjudged = any(self._unjudged(scan) for scan in scans)
        return "healthy" if scans and checks and not unjudged and not self.errors() else "inconclusive"

    def diagnosis(self) -> str:
        for finding in self.conversation.of("scan_vulnerabilities")[:1]:
            totals = as_object(finding.output.get("totals"))
            text = (
                f"{finding.output.get('affected_assets')} of {finding.output.get('scanned_assets')} are vulnerable: "
                f"{totals.get('critical')} critical and {totals.get('high')} high vulnerabilities."
            )
            worst = self.ports[0][2] if self.ports else {}
            if worst.get("exposure") in WORST:
                text += f" Worst exposed: {worst.get('asset_id')} on port {worst.get('port')} ({worst.get('reach')})."
            return text
        return "Nothing was scanned, so nothing is known of how vulnerable this is."

    def missing(self) -> list[str]:
        open_ends = (
            ["A judgement of what the CVE data could not tell."]
            if any(self._unjudged(scan) for scan in self.conversation.of("scan_vulnerabilities"))
            else []
        )
        unknown = any(as_list(one.output.get("no_known_port")) for one in self.conversation.of("check_exposure"))
        return [*self.errors(), *open_ends, *(["Ports of machines that the source knows none of."] if unknown else [])]

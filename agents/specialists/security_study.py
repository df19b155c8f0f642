"""How the security agent reads its evidence: severity from the data, and nothing unjudged called clean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from agents.orchestrator.brief import Deliberation
from agents.specialists.grounded import GroundedStudy, Option
from agents.specialists.investigation import ToolDesk
from agents.specialists.tables import items_of, read_list, read_to_the_end, read_whole, stated
from tools.contracts.common import JsonObject, RiskLevel
from tools.contracts.council import Claim
from tools.contracts.outputs.blast import BlastRadius
from tools.contracts.outputs.report import Conclusion, Finding, Recommendation
from tools.contracts.outputs.security import ExposedPort, Scan, VulnerabilityFound
from tools.contracts.plan import Receipt
from tools.contracts.statement import Statement
from tools.drift.models import QueryAssetsOutput

_LEVELS: dict[str, RiskLevel] = {"critical": "critical", "high": "high", "medium": "medium", "low": "low"}
_WORST = ("critical", "high")
_SHOWN = 10
"""Vulnerabilities, and ports, that are told as findings. All are in the tables."""


class SecurityStudy(GroundedStudy):
    kind: ClassVar[str] = "SecurityReport"

    def __init__(self, desk: ToolDesk) -> None:
        super().__init__(desk)
        book = desk.book
        self.scans = read_whole(book, "scan_vulnerabilities", Scan)
        self.found = read_list(book, "scan_vulnerabilities", VulnerabilityFound, name="findings")
        self.ports = read_list(book, "check_exposure", ExposedPort, name="exposures")
        self.blast = next(reversed(read_whole(book, "calculate_blast_radius", BlastRadius)), None)

    @property
    def doors(self) -> list[ExposedPort]:
        """Administration ports that the internet reaches."""
        return [port for port in self.ports if port.management and port.reach == "internet"]

    @property
    def doubtful(self) -> bool:
        """Whether anything in scope could not be judged."""
        unseen = any((result.output or {}).get("no_known_port") for result in self.desk.book.succeeded)
        unjudged = any(one.doubts_total or one.unknown_image_assets or not one.compared_with for one in self.scans)
        return unseen or unjudged or any(port.doubtful for port in self.ports)

    def unjudgeable(self) -> str | None:
        if self.scans or self.ports:
            return None
        if any(page.assets for page in self.desk.book.outputs("query_assets", QueryAssetsOutput)):
            return "Nothing could be scanned, so nothing is known of how vulnerable this is."
        return "No asset that matches could be read, so nothing was scanned; check the wording."

    @property
    def healthy(self) -> bool:
        """Everything in scope scanned and checked to the last page, nothing found, nothing left unjudged."""
        book = self.desk.book
        pages = book.outputs("query_assets", QueryAssetsOutput)
        scope = {row.id for page in pages for row in page.assets if row.state == "running"}
        read = all(read_to_the_end(book, tool) for tool in ("query_assets", "scan_vulnerabilities", "check_exposure"))
        whole = bool(scope) and all(scope <= self._asked(tool) for tool in ("scan_vulnerabilities", "check_exposure"))
        alerts = [row for result in book.succeeded for row in items_of(result.output or {}, "alerts")]
        clean = not self.found and not self.doors and not alerts and not self.doubtful
        return read and whole and clean and not book.failures()

    def _asked(self, tool: str) -> set[str]:
        results = [result for result in self.desk.book.succeeded if result.call.tool == tool]
        return {asset for result in results for asset in result.call.params.get("asset_ids", [])}

    def _conclusion(self, result: Deliberation, findings: Sequence[Finding]) -> Conclusion:
        said = super()._conclusion(result, findings)
        shown = bool(self.found or self.doors)
        return "inconclusive" if said == "findings" and not shown else said

    def summary(self, conclusion: Conclusion, findings: Sequence[Finding]) -> Statement:
        scan = max(self.scans, key=lambda one: (one.affected_assets, one.scanned_assets), default=None)
        if scan is None:
            return stated("Nothing was scanned, so nothing is known of how vulnerable this is.", [])
        counted = [scan.receipt("affected_assets"), scan.receipt("scanned_assets")]
        if conclusion == "healthy":
            text = (
                f"No known vulnerability in {scan.scanned_assets} assets, and no administration port on the internet."
            )
            return stated(text, [scan.receipt("scanned_assets")])
        text = (
            f"Vulnerable: {scan.affected_assets} of {scan.scanned_assets} assets scanned"
            f" (critical vulnerabilities: {scan.totals.critical}, high: {scan.totals.high})."
        )
        counted += [_total(scan, "critical", scan.totals.critical), _total(scan, "high", scan.totals.high)]
        if self.ports and self.ports[0].exposure in _WORST:
            worst = self.ports[0]
            text += f" Exposed worst: {worst.asset_id}, port {worst.port}, from the {worst.reach}."
            counted += [worst.receipt("asset_id"), worst.receipt("port"), worst.receipt("reach")]
        if self.doubtful:
            text += " Some of it could not be judged."
        return stated(text, counted)

    def facts(self) -> list[Finding]:
        return self.numbered([*self._vulnerable(), *self._exposed()])

    def _vulnerable(self) -> Iterator[Finding]:
        first = {row.vulnerability: row for row in reversed(self.found)}
        for row in [row for row in self.found if first[row.vulnerability] is row][:_SHOWN]:
            fix = f"closed by {row.fixed_version}" if row.fixed_version else "no fix is published"
            names = ["vulnerability", "package", "installed_version", *(["fixed_version"] if row.fixed_version else [])]
            yield Finding(
                id="f",
                statement=stated(
                    f"{row.vulnerability} in {row.package}, version {row.installed_version}: {fix}.",
                    [row.receipt(name) for name in names],
                ),
                kind="risk",
                severity=_LEVELS.get(row.severity or ""),
                asset_ids=row.asset_ids,
            )

    def _exposed(self) -> Iterator[Finding]:
        for row in [row for row in self.ports if row.exposure in _WORST or row in self.doors][:_SHOWN]:
            yield Finding(
                id="f",
                statement=stated(
                    f"{row.asset_id} can be reached on port {row.port} ({row.service}) from the {row.reach} network.",
                    [row.receipt(name) for name in ("asset_id", "port", "service", "reach")],
                ),
                kind="risk",
                severity=_LEVELS.get(row.exposure),
                asset_ids=[row.asset_id],
            )

    def severity_of(self, claim: Claim) -> RiskLevel | None:
        found = next((row for row in self.found if row.vulnerability == claim.subject), None)
        return _LEVELS.get(found.severity or "") if found else None

    def assets_of(self, claim: Claim) -> list[str]:
        if claim.subject in {port.asset_id for port in self.ports}:
            return [claim.subject]
        return next((row.asset_ids for row in self.found if row.vulnerability == claim.subject), list[str]())

    def borne_out(self, claim: Claim) -> bool:
        """A severity, a score, a fix only as the data have it: from memory it is none."""
        fields = {"severity", "cvss_score", "fixed_version"}
        rows = [row for row in self.found if row.vulnerability == claim.subject]
        if claim.attribute not in fields:
            return True
        return any(str(row.model_dump()[claim.attribute]) == claim.value for row in rows) and not claim.negated

    def options(self) -> list[Option]:
        return [*self._patching(), *self._closing(), *self._looking()]

    def _patching(self) -> Iterator[Option]:
        for row in self.found:
            if row.fixed_version is None or row.severity not in _WORST:
                continue
            text = f"Close {row.vulnerability} with {row.package}, version {row.fixed_version} or later."
            cited = [row.receipt(name) for name in ("package", "fixed_version", "vulnerability")]
            advice = Recommendation(
                statement=stated(text, cited), task_type="patch_rollout", asset_ids=row.asset_ids[:200]
            )
            yield Option(advice, frozenset({row.vulnerability}))

    def _closing(self) -> Iterator[Option]:
        for row in self.doors:
            text = f"Take port {row.port} ({row.service}) of {row.asset_id} off the internet."
            cited = [row.receipt(name) for name in ("port", "service", "asset_id")]
            advice = Recommendation(statement=stated(text, cited), asset_ids=[row.asset_id])
            yield Option(advice, frozenset({str(row.port), row.asset_id}))

    def _looking(self) -> Iterator[Option]:
        for scan in self.scans:
            if scan.doubts_total:
                text = (
                    f"Look at what could not be judged: {scan.doubts_total} packages or images. They may be vulnerable."
                )
                advice = Recommendation(statement=stated(text, [scan.receipt("doubts_total")]))
                yield Option(advice, frozenset({str(scan.doubts_total)}))

    def open_ends(self) -> list[str]:
        return ["A judgement of what the CVE data or the network's records leave open."] if self.doubtful else []

    def details(self) -> JsonObject:
        return {
            "scans": self.scans[:40],
            "vulnerabilities": self.found[:200],
            "exposures": self.ports[:200],
            "blast_radius": self.blast,
        }


def _total(scan: Scan, name: str, value: int) -> Receipt:
    return Receipt(tool_call_id=scan.tool_call_id, path=f"/totals/{name}", value=value)

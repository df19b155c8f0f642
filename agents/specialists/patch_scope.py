"""Which assets a patch may change: those that a scan of this task found vulnerable."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agents.specialists.evidence import EvidenceBook
from agents.specialists.scope import Scope, scope_of
from agents.specialists.tables import read_to_the_end
from tools.contracts.members.rollout import PatchProposal
from tools.contracts.taskspec import TaskSpec
from tools.security.models import FindingRow, ScanVulnerabilitiesInput, ScanVulnerabilitiesOutput

_CVE = re.compile(r"\bCVE-\d{4}-\d{4,}\b", re.IGNORECASE)


@dataclass(frozen=True)
class PatchScope:
    """Read from the evidence, after the investigation."""

    inventory: Scope
    wanted: frozenset[str]
    """CVE ids that the person named, upper case; empty: whatever is known."""
    findings: tuple[FindingRow, ...]
    """Of the assets in scope, and of what is wanted."""
    scanned: frozenset[str]
    """Assets whose image's packages were compared with the CVE data."""
    read: bool
    """Whether every scan was followed to its last page, and judged everything it saw."""

    @property
    def affected(self) -> frozenset[str]:
        return frozenset(asset for row in self.findings for asset in row.asset_ids) & set(self.inventory.rows)

    @property
    def unexamined(self) -> list[str]:
        """Running assets of the task that no scan vouches for."""
        rows = self.inventory.rows
        return sorted(name for name, row in rows.items() if row.state == "running" and name not in self.scanned)

    @property
    def healthy(self) -> bool:
        """True only if every running asset of the task was scanned to the end and has nothing that is wanted closed.

        No data is never healthy: something must have been scanned.
        """
        return (
            self.inventory.complete and self.read and bool(self.scanned) and not self.affected and not self.unexamined
        )

    def admit(self, proposal: PatchProposal) -> tuple[PatchProposal | None, list[str]]:
        """The proposal without assets and vulnerabilities that no scan found, and a sentence for each thing left out.

        None: nothing remains.
        """
        known = {name for row in self.findings for name in (row.vulnerability, row.cve_id) if name is not None}
        assets = sorted(set(proposal.asset_ids) & self.affected)
        cves = [name for name in dict.fromkeys(proposal.cve_ids) if name in known]
        notes = [
            *_left_out("assets that no scan found vulnerable", set(proposal.asset_ids) - self.affected),
            *_left_out("vulnerabilities that no scan found here", set(proposal.cve_ids) - known),
        ]
        if not assets or (proposal.cve_ids and not cves):
            return None, notes
        return proposal.model_copy(update={"asset_ids": assets, "cve_ids": cves}), notes


def patch_scope_of(spec: TaskSpec, book: EvidenceBook) -> PatchScope:
    """What the evidence shows of the task's part of the estate."""
    inventory = scope_of(spec, book)
    wanted = frozenset(name.upper() for name in _CVE.findall(f"{spec.goal} {spec.user_intent}"))
    outputs = list(book.outputs("scan_vulnerabilities", ScanVulnerabilitiesOutput))
    asked = {
        asset
        for result in book.succeeded
        if result.call.tool == "scan_vulnerabilities"
        for asset in _everything_asked(ScanVulnerabilitiesInput.model_validate(result.call.params))
    }
    unknown = {asset for output in outputs for asset in output.unknown_image_assets}
    return PatchScope(
        inventory=inventory,
        wanted=wanted,
        findings=tuple(row for output in outputs for row in output.findings if _is_wanted(row, wanted)),
        scanned=frozenset(asked - unknown),
        read=read_to_the_end(book, "scan_vulnerabilities") and not any(output.doubts_total for output in outputs),
    )


def _everything_asked(given: ScanVulnerabilitiesInput) -> list[str]:
    """A scan that leaves milder vulnerabilities out vouches for nobody."""
    return list(given.asset_ids) if given.minimum_severity in (None, "none") else []


def _is_wanted(row: FindingRow, wanted: frozenset[str]) -> bool:
    return not wanted or not wanted.isdisjoint({row.vulnerability.upper(), (row.cve_id or "").upper()})


def _left_out(what: str, names: Iterable[str]) -> list[str]:
    ordered = sorted(names)
    shown = ", ".join(name[:64] for name in ordered[:5]) + (" and others" if len(ordered) > 5 else "")
    return [f"named {what} ({shown}); they were left out"] if ordered else []

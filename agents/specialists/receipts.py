"""What members' claims cite, checked against the evidence and told to every voter alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.orchestrator.canonical import claim_key
from agents.specialists.evidence import EvidenceBook, ReceiptCheck
from tools.contracts.council import Claim, MemberReport, PooledClaim


@dataclass
class ClaimReceipts:
    """Of one round. Filled once the members have answered, before they vote."""

    book: EvidenceBook
    found: dict[str, set[ReceiptCheck]] = field(default_factory=dict[str, set[ReceiptCheck]])
    claims: dict[str, list[Claim]] = field(default_factory=dict[str, list[Claim]])
    """Canonical key → the claims that share it, as their authors wrote them."""

    def read(self, reports: Iterable[MemberReport]) -> None:
        for report in reports:
            for claim in report.claims:
                key = claim_key(claim)
                self.found.setdefault(key, set()).add(self.book.check(claim))
                self.claims.setdefault(key, []).append(claim)

    def of(self, item: PooledClaim) -> ReceiptCheck:
        """`hold` if any author's receipts do; `fail` if one cites what is not there and none holds."""
        checks = {check for key in item.keys for check in self.found.get(key, ())}
        return "hold" if "hold" in checks else "fail" if "fail" in checks else "none"

    def proven(self, item: PooledClaim) -> Claim | None:
        """An author's claim whose receipts hold, the first there is; None: nobody showed it."""
        claims = (claim for key in item.keys for claim in self.claims.get(key, ()))
        return next((claim for claim in claims if self.book.check(claim) == "hold"), None)

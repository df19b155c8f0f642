"""What members' claims cite, checked against the evidence and told to every voter alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.orchestrator.canonical import claim_key, is_structured
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
        """`hold` if any author's receipts do; `fail` if one cites what is not there and none holds.

        Of the words that are voted on alone: another wording's receipts (`item.also`) show that wording.
        """
        checks = self.found.get(item.key, ())
        return "hold" if "hold" in checks else "fail" if "fail" in checks else "none"

    def proven(self, item: PooledClaim) -> Claim | None:
        """As its author wrote it: the first author whose receipts hold; None: nobody showed it."""
        claims = self.claims.get(item.key, ())
        return next((claim for claim in claims if self.book.check(claim) == "hold"), None)

    def voted(self, item: PooledClaim) -> Claim | None:
        """The proven claim as far as it was voted on: that may be told.

        Of one in free words the words are all that there is: whatever its author put into the fields besides, no voter
        saw.
        """
        claim = self.proven(item)
        if claim is None or is_structured(claim):
            return claim
        return claim.model_copy(
            update={"text": item.text, "subject": "", "attribute": "", "value": "", "negated": False}
        )

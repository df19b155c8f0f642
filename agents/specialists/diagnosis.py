"""What is said to be the case: a member's own words where its receipts show all that they state, else code's."""

from __future__ import annotations

import re

from agents.orchestrator.brief import Deliberation
from agents.orchestrator.canonical import claim_key, is_structured, plain_text
from agents.specialists.receipts import ClaimReceipts
from tools.contracts.council import Claim, MemberReport
from tools.contracts.plan import Receipt
from tools.receipts import unshown
from tools.tokens import facts_in, shown_by

LIMIT = 600
_CAUSAL = re.compile(
    r"(?<!\w)(?:because|caus(?:e|es|ed|ing)|due to|owing to|fault|to blame|triggered|led to|(?:result(?:s|ed)?|stems?"
    r"|stemmed) from|ursache|wegen|schuld|à cause|causado|provoc\w+|из-за|причин\w+)(?!\w)|原因|導致|导致",
    re.IGNORECASE,
)
"""Words that say why. Not every language's: elsewhere a cause still has its figures and names held to receipts."""
NOTHING_SHOWN = "The models agreed on nothing that the tool results show."


def diagnosis(result: Deliberation, receipts: ClaimReceipts) -> str:
    """In the words of the member whose output stands, held to the receipts of its claims; else what carried.

    A figure, version or name that the member's own claims do not cite, rightly, costs it its words, and so does a cause
    that no claim which carried names: nobody voted on them, and they stand on the card that people approve by.
    """
    names = receipts.book.names
    voice = result.reports.get(result.best) if result.best is not None else None
    carried = [claim for item in result.carried_claims if (claim := receipts.voted(item)) is not None]
    told = {claim_key(claim): words for claim in carried if (words := _words(claim, names)) is not None}
    causes = {claim_key(claim) for claim in carried if says_why(claim)}
    if voice is not None and _stands(voice, receipts, names, says_why=bool(causes & told.keys())):
        return voice.diagnosis
    return f"What the tool results show: {'; '.join(told.values())}."[:LIMIT] if told else NOTHING_SHOWN


def without_facts(texts: list[str], receipts: ClaimReceipts) -> list[str]:
    """What members miss, as far as it states no figure and names nothing: they cite nothing for it."""
    names = receipts.book.names
    return [text for text in texts if not facts_in(text, names)]


def _stands(voice: MemberReport, receipts: ClaimReceipts, names: frozenset[str], *, says_why: bool) -> bool:
    """`says_why`: whether it may."""
    holding = [claim for claim in voice.claims if receipts.book.check(claim) == "hold"]
    cited = [receipt for claim in holding for receipt in claim.receipts]
    text = voice.diagnosis
    return (
        bool(text.strip() and cited)
        and not unshown(text, cited, names=names)
        and (says_why or _CAUSAL.search(text) is None)
    )


def says_why(claim: Claim) -> bool:
    """Whether it names a cause; one in free words does so in these words or not at all."""
    if not is_structured(claim):
        return _CAUSAL.search(claim.text) is not None
    return "cause" in claim.attribute.lower() and not claim.negated


def _words(claim: Claim, names: frozenset[str]) -> str | None:
    """A claim in code's words; one in free words as it was voted on, where it states facts at all.

    None: its receipts hold, and show something else than it states.
    """
    if not is_structured(claim):
        text = plain_text(claim.text).rstrip(" .")
        return text if facts_in(text, names) and not unshown(text, claim.receipts, names=names) else None
    shown = {word for receipt in claim.receipts for word in _shown_by(receipt)}
    if not facts_in(claim.value, names) and not shown_by(claim.value) <= shown:
        return None
    verb = "is not" if claim.negated else "is"
    words = plain_text(f"{claim.subject}: {claim.attribute.replace('_', ' ')} {verb} {claim.value}")
    return None if unshown(words, claim.receipts, names=names) else words


def _shown_by(receipt: Receipt) -> set[str]:
    value = receipt.value
    return {str(value).lower()} if isinstance(value, bool) else shown_by(value)

"""When two claims are the same claim: exact key fields after normalising case, white space and number forms.

Merging two different claims would invent agreement, so whatever is in doubt stays apart: a claim that was not
merged is still voted on by everyone.
"""

from __future__ import annotations

import json
import re
import unicodedata

from tools.contracts.council import Claim

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
"""All of Unicode's Cc."""
_INTEGER = re.compile(r"\+?(\d{1,3}(?:,\d{3})+|\d+)")
_PERCENT = re.compile(r"\+?(\d+)(?:\.(\d+))?\s?%")
_DECIMAL = re.compile(r"\+?(\d+)\.(\d+)")
_QUANTITIES = frozenset(
    {"count", "percent", "pct", "ratio", "rate", "seconds", "minutes", "hours", "days", "total", "cost", "usd", "size"}
)
"""Words in an attribute's name that say its value is a quantity: there, and only there, `5.0` is `5`.

Elsewhere a decimal may be a version, and 1.10 is not 1.1.
"""


def plain_text(text: str) -> str:
    """NFC, one space between words, no control characters. Case is kept."""
    return " ".join(_CONTROLS.sub(" ", unicodedata.normalize("NFC", text)).split())


def _without_trailing_zeros(whole: str, fraction: str) -> str:
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def normal_value(value: str, *, attribute: str) -> str:
    """`1,204` is `1204`, `+3` is `3`, `5.0 %` is `5%`; `5.0` is `5` where the attribute is a quantity."""
    text = plain_text(value).lower()
    if match := _INTEGER.fullmatch(text):
        return match[1].replace(",", "")
    if match := _PERCENT.fullmatch(text):
        return _without_trailing_zeros(match[1], match[2] or "") + "%"
    is_quantity = not _QUANTITIES.isdisjoint(re.split(r"[^a-z]+", attribute.lower()))
    if is_quantity and (match := _DECIMAL.fullmatch(text)):
        return _without_trailing_zeros(match[1], match[2])
    return text


def is_structured(claim: Claim) -> bool:
    """Whether it is stated in fields. Else it is free text."""
    return all(plain_text(part) for part in (claim.subject, claim.attribute, claim.value))


def claim_key(claim: Claim) -> str:
    """Equal for equal claims only: subject, attribute, value and negation.

    A claim that leaves one of them empty is free text: its key holds the whole text, so that it merges with
    nothing but itself.
    """
    fields: list[str | bool] = [
        plain_text(claim.subject).lower(),
        plain_text(claim.attribute).lower(),
        normal_value(claim.value, attribute=claim.attribute),
        claim.negated,
    ]
    if not is_structured(claim):
        fields.append(plain_text(claim.text).lower())
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def claim_text(claim: Claim) -> str:
    """What is put to the vote and shown.

    Rendered from the key fields, never from one author's wording: members support or dispute exactly what is
    merged, and a sentence that says something else than its fields gets no one else's support.
    """
    if not is_structured(claim):
        return plain_text(claim.text)
    verb = "is not" if claim.negated else "is"
    return f"{plain_text(claim.subject)}: {plain_text(claim.attribute)} {verb} {plain_text(claim.value)}"

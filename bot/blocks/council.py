"""How the models answered, in words: who supports what, who disputes it and why, and what rests on one voice."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.blocks.text import inline
from bot.blocks.words import each, plural, sentence, share
from tools.contracts.council import ClaimTally, CouncilOutcome, Dissent, MemberSummary

_UNHEARD = " Its vote might have been against, so approval takes at least two people."
"""`raised` in `policies/rego/ql/ai/approval.rego`."""

_JOINED = re.compile(r"(?<=[a-z])_(?=[a-z])")


def count_words(support: int, contradict: int, silent: int) -> str:
    """`3 of 3 support`, `2 of 3 support, 1 contradicts`, `1 of 3 supports, 2 silent`."""
    said = [f"{support} of {support + contradict + silent} {'supports' if support == 1 else 'support'}"]
    if contradict:
        said.append(f"{contradict} {'contradicts' if contradict == 1 else 'contradict'}")
    if silent:
        said.append(f"{silent} silent")
    return ", ".join(said)


def tally_words(tally: ClaimTally) -> str:
    """The count, whether only one member says so, and whether it carried: all in words."""
    said = count_words(len(tally.support), len(tally.contradict), len(tally.silent))
    single = ", single source" if tally.single_source else ""
    return f"{said}{single}{'' if tally.carried else ', not carried'}"


def tally_mark(tally: ClaimTally) -> str:
    """`✓` carried, `✗` did not. Always beside :func:`tally_words`, never alone."""
    return "✓" if tally.carried else "✗"


def claim_words(text: str, limit: int) -> str:
    """A claim to read: the names of attributes without their underscores."""
    return inline(_JOINED.sub(" ", text), limit)


def tally_line(tally: ClaimTally, *, limit: int = 300) -> str:
    """A claim and its count, on one line."""
    return f"{tally_mark(tally)} {claim_words(tally.claim.text, limit)}: _{tally_words(tally)}_"


def single_source_line(tally: ClaimTally) -> str:
    """A claim that nobody but its author stands by."""
    who = inline(next(iter(tally.support), "one member"), 40)
    return f"• Only *{who}* says: {claim_words(tally.claim.text, 300)}{'' if tally.carried else ' (not carried)'}"


def dispute_lines(outcome: CouncilOutcome, *, include_dissent: bool) -> list[str]:
    """Who disputes what and why; with `include_dissent` off only how many claims are disputed. Empty: none is."""
    if include_dissent or not outcome.dissent:
        return dissent_lines(outcome.dissent)
    return [dispute_count(outcome)]


def dispute_count(outcome: CouncilOutcome) -> str:
    """How many claims are disputed, and that more is not told."""
    claims = plural(len({dissent.claim for dissent in outcome.dissent}), "claim")
    return f"{claims} disputed. By whom and why is left out here; the ledger has it."


def dissent_lines(dissents: Sequence[Dissent]) -> list[str]:
    """One line for each disputed claim: who disputes it, and why."""
    by_claim: dict[str, list[Dissent]] = {}
    for dissent in dissents:
        by_claim.setdefault(dissent.claim, []).append(dissent)
    return [_dispute(claim, said) for claim, said in by_claim.items()]


def _dispute(claim: str, said: Sequence[Dissent]) -> str:
    members = [f"*{inline(member, 40)}*" for member in dict.fromkeys(dissent.member for dissent in said)]
    reasons = list(dict.fromkeys(inline(dissent.reason, 200) or "no reason given" for dissent in said))
    settles = list(dict.fromkeys(inline(dissent.settled_by, 200) for dissent in said if dissent.settled_by.strip()))
    verb = "disputes" if len(members) == 1 else "dispute"
    wanted = f" Would settle it: {' / '.join(settles)}" if settles else ""
    why = " / ".join(reasons)
    return f"• {each(members)} {verb} “{claim_words(claim, 200)}”: {sentence(why) if wanted else why}{wanted}"


def verdict_line(outcome: CouncilOutcome) -> str:
    """One or two sentences: how many answered, what agreement means, whether it was enough."""
    answered = [member for member in outcome.members if member.state == "answered"]
    if outcome.mode == "single":
        who = inline(answered[0].name, 40) if answered else "No model"
        return f"{who} answered alone. Nothing was put to a vote."
    if outcome.mode == "aggregation":
        return f"{plural(len(answered), 'model')} answered and one merged the answers. Nothing was put to a vote."
    if outcome.agreement is None:
        return f"{plural(len(answered), 'member')} answered, but no claim got a vote."
    # Of three independent votes no two are more than two thirds.
    three = ", of three votes all" if outcome.effective_votes == 3 and outcome.threshold >= 2 / 3 else ""
    needed = f"more than {share(outcome.threshold)} needed{three}"
    if not outcome.consensus:
        return f"*No consensus*: {share(outcome.agreement)} agreement, {needed}. {_votes(outcome)}"
    said = f"*{share(outcome.agreement)} agreement* on the claims this rests on ({needed}). {_votes(outcome)}"
    return f"{said}{_confidence(outcome)}"


def absent_lines(outcome: CouncilOutcome, *, approved: bool = False) -> list[str]:
    """One line for every member that did not answer, and one when another mode ran than was asked for.

    `approved`: whether people are to approve it, so that they are told where a missing vote asks for more of them.
    """
    # Where somebody dissents, or nothing was agreed on, more are asked for anyway.
    counted = outcome.unheard if approved and outcome.consensus and not outcome.opposed else []
    away = [
        f"• {_absence(member)}{_UNHEARD if member.name in counted else ''}"
        for member in outcome.members
        if member.state != "answered"
    ]
    return away + ([f"• {inline(outcome.degraded, 300)}"] if outcome.degraded else [])


def disputed(outcome: CouncilOutcome) -> list[ClaimTally]:
    """Claims somebody contradicted, or that did not carry."""
    return [tally for tally in outcome.tallies if tally.contradict or not tally.carried]


def single_source(outcome: CouncilOutcome) -> list[ClaimTally]:
    """Claims that only one member stands by, and that nobody contradicts: those are among the disputed ones."""
    return [tally for tally in outcome.tallies if tally.single_source and not tally.contradict]


def agreed(outcome: CouncilOutcome) -> list[ClaimTally]:
    """Claims that carried, that nobody contradicted and that more than one member stands by."""
    return [tally for tally in outcome.tallies if tally.carried and not tally.contradict and not tally.single_source]


def _votes(outcome: CouncilOutcome) -> str:
    effective = f"{outcome.effective_votes:g}"
    if effective == str(outcome.nominal_votes):
        return f"{plural(outcome.nominal_votes, 'vote')}, all independent."
    return f"{plural(outcome.nominal_votes, 'vote')} count as {effective}: members of one model family share one."


def _confidence(outcome: CouncilOutcome) -> str:
    """Agreement is no probability. Only where outcomes of such councils are known is there one to tell."""
    if outcome.confidence is None or outcome.calibration is None:
        return ""
    of = plural(outcome.calibration.labels, "known outcome")
    off = share(outcome.calibration.ece)
    return f" Confidence {share(outcome.confidence)}, from {of} here; such figures were off by {off} on average."


def _absence(member: MemberSummary) -> str:
    name = f"*{inline(member.name, 40)}*"
    if member.state == "cancelled":
        return f"{name} was stopped: the outcome was already decided."
    why = f": {inline(member.error, 160)}" if member.error else "."
    return f"{name} did not answer{why}"

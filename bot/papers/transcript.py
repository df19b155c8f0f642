"""What a council said, as plain text: who took part, every claim with every vote, every dissent, the verdict. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from bot.blocks.council import dispute_count, tally_words
from bot.blocks.text import one_line
from bot.blocks.words import share
from bot.papers.paper import Recorded
from tools.contracts.council import ClaimTally, CouncilOutcome, Dissent

_KINDS = {"claim": "Claims", "phase": "Phases", "action": "Actions", "recommendation": "Recommendations"}
_RULE = "=" * 72


def transcript(entries: Sequence[Recorded], *, include_dissent: bool) -> str:
    """Empty where nothing was put to more than one model. `include_dissent` off: how many voted how, and not who and
    why."""
    rounds = [entry for entry in entries if entry.kind == "council_voted"]
    return "\n".join(
        line
        for number, entry in enumerate(rounds, start=1)
        for line in _round(number, entry, include_dissent=include_dissent)
    )


def _round(number: int, entry: Recorded, *, include_dissent: bool) -> Iterator[str]:
    yield from (_RULE, f"Round {number}, {entry.at}, {one_line(entry.actor)}", _RULE)
    known = {name: entry.body[name] for name in CouncilOutcome.model_fields if name in entry.body}
    try:
        outcome = CouncilOutcome.model_validate(known)
    except ValidationError:
        yield from (
            "This round was recorded by another version of Gavel and cannot be told here. The ledger has it.",
            "",
        )
        return
    yield from _verdict(outcome)
    if outcome.dissent and not include_dissent:
        yield dispute_count(outcome)
    yield from ("", "Members")
    for member in outcome.members:
        why = f": {one_line(member.error)}" if member.error else ""
        took = f" after {member.latency_ms / 1000:.1f} s" if member.latency_ms else ""
        yield f"  {one_line(member.name)} ({one_line(member.model)}): {member.state}{took}{why}"
    for kind, heading in _KINDS.items():
        rows = [tally for tally in outcome.tallies if tally.claim.kind == kind]
        if rows:
            yield from ("", heading)
            for row in rows:
                yield from _claim(row)
                if include_dissent:
                    yield from _votes(row, [said for said in outcome.dissent if said.claim_id == row.claim.id])
    yield ""


def _verdict(outcome: CouncilOutcome) -> Iterator[str]:
    yield f"Mode: {outcome.mode}" + (f", asked for {outcome.requested_mode}" if outcome.degraded else "")
    for said in (outcome.escalated, outcome.degraded):
        if said:
            yield one_line(said)
    if outcome.agreement is None:
        yield "Verdict: no claim was voted on"
        return
    came = "consensus" if outcome.consensus else "no consensus"
    yield (
        f"Verdict: {came}, {share(outcome.agreement)} agreement (more than {share(outcome.threshold)} needed), "
        f"{outcome.nominal_votes} votes count as {outcome.effective_votes:g}"
    )


def _claim(tally: ClaimTally) -> Iterator[str]:
    yield f"  [{tally.claim.id}] {one_line(tally.claim.text)}"
    yield f"      {tally_words(tally)}; stated by {_names(tally.claim.authors)}"


def _votes(tally: ClaimTally, dissents: Sequence[Dissent]) -> Iterator[str]:
    for word, members in (("for", tally.support), ("against", tally.contradict), ("silent", tally.silent)):
        if members:
            yield f"      {word}: {_names(members)}"
    for said in dissents:
        settled = f" Would settle it: {one_line(said.settled_by)}" if said.settled_by.strip() else ""
        yield f"      {one_line(said.member)}: {one_line(said.reason) or 'no reason given'}{settled}"


def _names(members: Sequence[str]) -> str:
    return ", ".join(one_line(member) for member in members) or "nobody"

"""How the models' answering ended, as rows: the verdict, then each dissent with its reason. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from bot.blocks.words import plural, sentence, share
from bot.narrator.row import Row, row_id
from tools.contracts.council import CouncilOutcome, Dissent

VERDICT = "verdict"


def verdict_rows(outcome: CouncilOutcome, *, include_dissent: bool) -> Iterator[Row]:
    """`include_dissent` off: how many claims are disputed, and not by whom and why."""
    yield Row(VERDICT, _verdict(outcome), "complete", "Verdict", leads=True)
    if include_dissent:
        yield from (_dissent(dissent) for dissent in outcome.dissent)
    elif outcome.dissent:
        claims = plural(len({dissent.claim_id for dissent in outcome.dissent}), "claim")
        yield Row(
            "dissent:all", f"{claims} disputed; the ledger has by whom and why", "complete", "Dissent", leads=True
        )


def _verdict(outcome: CouncilOutcome) -> str:
    answered = [member.name for member in outcome.members if member.state == "answered"]
    if outcome.mode == "single":
        who = answered[0] if answered else "nobody"
        return f"{who} answered alone, nothing was put to a vote"
    if outcome.mode == "aggregation":
        return f"{plural(len(answered), 'answer')} merged into one, nothing was put to a vote"
    if outcome.agreement is None:
        return f"{plural(len(answered), 'member')} answered, but no claim got a vote"
    came = "consensus" if outcome.consensus else "no consensus"
    votes = f"{plural(outcome.nominal_votes, 'vote')} count as {outcome.effective_votes:g}"
    return f"{came}, {share(outcome.agreement)} agreement (more than {share(outcome.threshold)} needed), {votes}"


def _dissent(dissent: Dissent) -> Row:
    said = sentence(dissent.reason) or "No reason given."
    settled = f" Would settle it: {sentence(dissent.settled_by)}" if dissent.settled_by else ""
    return Row(
        row_id("dissent", f"{dissent.member}:{dissent.claim_id}"),
        f"{dissent.member} against: {dissent.claim}",
        "complete",
        "Dissent",
        result=f"{said}{settled}",
        leads=True,
    )

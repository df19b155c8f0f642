"""The votes on claims as they come in, and what a row says of them. An action's are told with its phase's. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.blocks.council import count_words, tally_mark
from bot.narrator.row import Row, row_id
from tools.contracts.council import ClaimTally, Stance


@dataclass
class Claim:
    """One thing that is voted on."""

    id: str
    text: str
    phases: tuple[str, ...]
    """Of an action: the phases it is part of."""
    votes: dict[str, Stance] = field(default_factory=dict[str, Stance])
    tally: ClaimTally | None = None

    def rank(self) -> tuple[int, int]:
        """The worse it stands, the smaller: more against before fewer, then fewer for before more."""
        stances = list(self.votes.values())
        return -stances.count("contradict"), stances.count("support")

    def so_far(self) -> str:
        """The votes there are."""
        stances = list(self.votes.values())
        return count_words(stances.count("support"), stances.count("contradict"), stances.count("silent"))


class Claims:
    """Everything that is voted on, in order of appearance."""

    def __init__(self) -> None:
        self._claims: dict[str, Claim] = {}

    def vote(self, claim_id: str, text: str, *, member: str, stance: Stance, phases: Sequence[str]) -> None:
        """Take in one vote; a second one of the same member replaces the first."""
        self._get(claim_id, text, phases).votes[member] = stance

    def count(self, tally: ClaimTally) -> None:
        """Take in the count of one claim, which is the last word on it."""
        self._get(tally.claim.id, tally.claim.text, tally.claim.phases).tally = tally

    def rows(self, claim_id: str, *, voters: int) -> Iterator[Row]:
        """The rows in which this claim's votes show: its own, or those of its phases. `voters`: who takes part."""
        claim = self._claims[claim_id]
        shown = [self._claims[phase] for phase in claim.phases if phase in self._claims]
        # Votes come claim by claim: an action whose phase was not heard of yet waits for it.
        if not claim.phases:
            shown = [claim]
        for each in shown:
            yield _row(each, self._actions(each), voters=voters)

    @property
    def carried(self) -> tuple[int, int] | None:
        """How many rows carried, and all that were counted; None before the count. A phase carries with its actions."""
        counted = [
            [claim.tally, *(action.tally for action in self._actions(claim))]
            for claim in self._claims.values()
            if claim.tally is not None and not claim.phases
        ]
        if not counted:
            return None
        whole = [all(tally is not None and tally.carried for tally in together) for together in counted]
        return sum(whole), len(whole)

    def _actions(self, phase: Claim) -> list[Claim]:
        return [claim for claim in self._claims.values() if phase.id in claim.phases]

    def _get(self, claim_id: str, text: str, phases: Sequence[str]) -> Claim:
        return self._claims.setdefault(claim_id, Claim(claim_id, text, tuple(phases)))


def _row(claim: Claim, actions: list[Claim], *, voters: int) -> Row:
    row = row_id("claim", claim.id)
    if claim.tally is None:
        return Row(row, claim.text, "in_progress", _running(claim, actions, voters=voters), leads=True)
    counted = [action.tally for action in actions if action.tally is not None]
    words, mark = _counted(claim.tally, counted)
    # Slack's check mark beside what did not carry would be read before its words.
    carried = all(tally.carried for tally in (claim.tally, *counted))
    return Row(row, claim.text, "complete" if carried else "error", words, mark=mark, leads=True)


def _running(claim: Claim, actions: list[Claim], *, voters: int) -> str:
    """`2 of 2 support, 1 still to vote`; of a phase with actions, those of the least supported of them all."""
    worst = min([claim, *actions], key=Claim.rank)
    of = "" if worst is claim else "an action of it: "
    waiting = max(0, voters - len(claim.votes))
    return f"{of}{worst.so_far()}" + (f", {waiting} still to vote" if waiting else "")


def _counted(tally: ClaimTally, actions: list[ClaimTally]) -> tuple[str, str]:
    """`Carried (3 of 3 support)`, `Not carried (1 of 3 supports, 2 silent, single source)`, `Carried with its 2 actions
    (…)`, `Not carried: 1 of its 2 actions did not (…)`: the verdict first. Beside it the mark."""
    lost = [action for action in actions if not action.carried]
    if tally.carried and lost:
        worst = min(lost, key=lambda action: (-len(action.contradict), len(action.support)))
        which = "its action" if len(actions) == 1 else f"{len(lost)} of its {len(actions)} actions"
        return f"Not carried: {which} did not ({_count(worst)})", "✗"
    least = min([tally, *actions], key=lambda each: (-len(each.contradict), len(each.support)))
    several = "its action" if len(actions) == 1 else f"its {len(actions)} actions"
    together = f" with {several}" if actions and tally.carried else ""
    said = _count(least if tally.carried else tally)
    return f"{'Carried' if tally.carried else 'Not carried'}{together} ({said})", tally_mark(tally)


def _count(tally: ClaimTally) -> str:
    counted = count_words(len(tally.support), len(tally.contradict), len(tally.silent))
    return f"{counted}{', single source' if tally.single_source else ''}"

"""Claims in free words are one where each entails the other: judged by a model, within what code lets it judge.

Wrongly merged, two claims invent agreement; left apart, each is voted on by everyone. So code says first which may be
the same (:mod:`agents.orchestrator.alike`); a judge that is away, too dear or says nonsense merges nothing; and who
said it in other words is counted for the words that stand only if its own ballot supports them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from agents.orchestrator.alike import Pair, pairs_of
from agents.orchestrator.brief import Brief
from agents.orchestrator.budget import BudgetExceeded
from agents.orchestrator.chat import Member, ModelClient
from agents.orchestrator.gathering import timed
from agents.orchestrator.remembering import Questioning
from tools.contracts.council import EntailmentSheet, MemberReport, PooledClaim
from tools.contracts.progress import NoteProgress, Progress


@dataclass(frozen=True)
class Merging:
    client: ModelClient
    judge: Member | None = None
    """A fast one will do: it is shown two sentences at a time. None: only equal words merge."""
    deadline_seconds: float = 15

    async def merged(
        self,
        pooled: Sequence[PooledClaim],
        reports: Mapping[str, MemberReport],
        brief: Brief,
        *,
        progress: Progress,
    ) -> list[PooledClaim]:
        """The pool with equal claims in free words once. One call at most, none where code finds nothing to judge.

        Raises `LedgerUnavailable` when the call could not be recorded.
        """
        pairs = pairs_of(reports, seed=brief.seed, names=brief.names)
        if self.judge is None or brief.entail_prompt is None or not pairs:
            return list(pooled)
        sheet = await self._judged(self.judge, pairs, brief, parent=next(iter(reports)))
        if isinstance(sheet, str):
            progress.emit(NoteProgress(f"{sheet} Claims in other words stay apart, each voted on by itself."))
            return list(pooled)
        merged = together(pooled, mutual(pairs, sheet))
        if fewer := len(pooled) - len(merged):
            what = "1 claim was" if fewer == 1 else f"{fewer} claims were"
            progress.emit(
                NoteProgress(f"{what} put together with another that says the same, as {self.judge.name} judged.")
            )
        return merged

    async def _judged(
        self, judge: Member, pairs: Sequence[Pair], brief: Brief, *, parent: str
    ) -> EntailmentSheet | str:
        """What the judge says; else why it says nothing, in a sentence."""
        if brief.entail_prompt is None:
            raise ValueError(f"The {brief.agent} agent has no prompt for a judge of its claims.")
        request = brief.request(
            brief.entail_prompt(pairs),
            purpose="judge",
            member=judge.name,
            mode="council",
            deadline_seconds=self.deadline_seconds,
            parent=brief.call_key("report", parent),
        )
        questioning = Questioning(self.client, brief.memory)
        if kept := await questioning.known([judge], {judge.name: request}, EntailmentSheet):
            return kept[judge.name]
        try:
            # One call reserves for itself: see `BudgetedClient`.
            answer, _ = await timed(
                questioning.ask(judge, request, EntailmentSheet), judge, deadline_seconds=self.deadline_seconds
            )
        except BudgetExceeded as error:
            return str(error)
        return answer if isinstance(answer, EntailmentSheet) else str(answer)


def mutual(pairs: Sequence[Pair], sheet: EntailmentSheet) -> list[frozenset[str]]:
    """The pairs of keys of which each entails the other. A pair judged twice in two ways is not among them."""
    found: list[frozenset[str]] = []
    for pair in pairs:
        said = [entry for entry in sheet.pairs if entry.pair == pair.id]
        if said and all(entry.first_entails_second and entry.second_entails_first for entry in said):
            found.append(frozenset({pair.first, pair.second}))
    return found


def together(pooled: Sequence[PooledClaim], same: Collection[frozenset[str]]) -> list[PooledClaim]:
    """Each claim in the first of its wordings, in pooled order, and numbered anew.

    A claim joins others only if it is the same as every one of them: a chain of likenesses ends somewhere else.
    """
    groups: list[list[PooledClaim]] = []
    for claim in pooled:
        if claim.kind != "claim":
            continue
        fits = (group for group in groups if all(frozenset({claim.key, one.key}) in same for one in group))
        if (group := next(fits, None)) is not None:
            group.append(claim)
        else:
            groups.append([claim])
    claims = [_one(group).model_copy(update={"id": f"c{number}"}) for number, group in enumerate(groups, start=1)]
    return [*claims, *(item for item in pooled if item.kind != "claim")]


def _one(group: Sequence[PooledClaim]) -> PooledClaim:
    first, *rest = group
    if not rest:
        return first
    others = dict.fromkeys(name for one in rest for name in one.authors if name not in first.authors)
    return first.model_copy(update={"also": [one.key for one in rest], "restated_by": list(others)})

"""Which deaths there are to die, from the effects of one whole task, and how many tasks share them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from tests.whole.effects import Death

PER_STEP = 2
"""Deaths of one task in one step: Temporal waits longer with each attempt."""

_NUMBER = re.compile(r"(?<=:p)\d+|(?<=:a)\d+|(?<=-t)\d+|(?<=investigate:)\d+|(?<=:r1:)\d+$")
_DEATH = TypeAdapter(Death)


@dataclass(frozen=True)
class Effect:
    step: str
    name: str

    @property
    def kind(self) -> tuple[str, str]:
        """The fifth tool call is like the first, and the ledger's anchor moves for every entry in the same way."""
        return self.step, "anchor" if self.name.startswith("anchor") else _NUMBER.sub("#", self.name)

    @property
    def once(self) -> bool:
        """Whether a second attempt looks first, and then does something else instead."""
        return self.name.startswith("slack")


def effects_in(journal: Path) -> list[Effect]:
    """Every effect that was reached, in order."""
    return [Effect(line["step"], name) for line in _lines(journal) if "step" in line for name in line["effects"]]


def deaths_in(journal: Path) -> list[Death]:
    """The deaths that were really died, in order."""
    return [_DEATH.validate_python(line["died"]) for line in _lines(journal) if "died" in line]


def _lines(journal: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []


def deaths_at(effects: Sequence[Effect], *, of_each_kind: int) -> Iterator[Death]:
    """Before and after each effect; of many effects of one kind the first few.

    A step's own `before` is after the completion of the step before it was reported.
    """
    seen: Counter[tuple[str, str]] = Counter()
    for effect in dict.fromkeys(effects):
        seen[effect.kind] += 1
        if seen[effect.kind] > of_each_kind or effect.step == "authenticate":
            continue
        yield Death("before", effect.step, effect.name)
        # When its anchor is moved, a ledger entry is over: that is the entry's own `after`.
        if not effect.name.startswith("anchor"):
            yield Death("after", effect.step, effect.name)


def shared_out(deaths: Sequence[Death], *, tasks: int) -> list[list[Death]]:
    """The deaths of each task, in the order in which it can die them.

    Within a step each life starts the step anew, so the order there is free but for this: an effect that a second
    attempt does not have again comes first, and there is one such in a task and step.
    """
    shares: list[list[Death]] = [[] for _ in range(tasks)]
    steps = list(dict.fromkeys(death.step for death in deaths))
    for step in steps:
        here = [death for death in deaths if death.step == step]
        for death in sorted(here, key=lambda death: not _once(death)):
            free = [share for share in shares if _takes(share, death)]
            assert free, f"{death} fits into none of {tasks} tasks"
            min(free, key=len).append(death)
    return shares


def _once(death: Death) -> bool:
    return Effect(death.step, death.effect).once


def _takes(share: Sequence[Death], death: Death) -> bool:
    same = [other for other in share if other.step == death.step]
    return len(same) < PER_STEP and not (_once(death) and any(_once(other) for other in same))

"""Which limits hold for a call, and what is said when one of them is reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from agents.orchestrator.budget import MICRO
from bot.usage.report import dollars

ScopeName = Literal["person", "org", "task", "storm"]

WARN_AT = 0.8

ALERT_USER = "alert:"
"""How the user of an investigation begins that an alert asked for, and nobody else."""

STORM_USER = f"{ALERT_USER}storm."
"""How the user of a storm's investigation begins."""


@dataclass(frozen=True)
class Limit:
    """None: no limit of that kind."""

    usd: float | None = None
    tokens: int | None = None

    def __bool__(self) -> bool:
        return self.usd is not None or self.tokens is not None

    @property
    def micro_usd(self) -> int | None:
        return None if self.usd is None else int(self.usd * MICRO)


@dataclass(frozen=True)
class Scope:
    """One counter that a call goes by."""

    name: ScopeName
    subject: str
    """A person's id, the org's, a task's, a storm's."""
    day: str
    """`2026-03-01` in UTC; empty for a task and a storm, which count as long as they live."""
    limit: Limit


@dataclass(frozen=True)
class Limits:
    """As configured. People and orgs each day (UTC), tasks from beginning to end."""

    person: Limit = field(default_factory=Limit)
    org: Limit = field(default_factory=Limit)
    task: Limit = field(default_factory=Limit)
    storm: Limit = field(default_factory=Limit)
    """Of all tasks of one alert storm."""
    people: Mapping[str, Limit] = field(default_factory=dict[str, Limit])
    """Other limits for some."""
    orgs: Mapping[str, Limit] = field(default_factory=dict[str, Limit])

    @property
    def any(self) -> bool:
        """Whether there is a limit for anybody."""
        return any((self.person, self.org, self.task, self.storm, *self.people.values(), *self.orgs.values()))

    def scopes(self, *, org: str, user: str, task_id: str, day: str) -> Sequence[Scope]:
        """Those with a limit."""
        every = (
            Scope("person", user, day, self.people.get(user, self.person)),
            Scope("org", org, day, self.orgs.get(org, self.org)),
            Scope("task", task_id, "", self.task),
            # Such a task is asked for by its storm: `alert:storm.…`.
            Scope("storm", user, "", self.storm if user.startswith(STORM_USER) else Limit()),
        )
        return [scope for scope in every if scope.limit]


@dataclass(frozen=True)
class Standing:
    """How much of a scope is gone."""

    scope: Scope
    tokens: int
    micro_usd: int
    """Both: spent, and reserved for calls that are being made."""

    def over(self, *, tokens: int, micro_usd: int) -> str | None:
        """Why so much more does not fit, to a person; None: it does."""
        most_tokens, most_usd = self.scope.limit.tokens, self.scope.limit.micro_usd
        if most_usd is not None and self.micro_usd + micro_usd > most_usd:
            used = f"{dollars(self.micro_usd / MICRO)} of {dollars(most_usd / MICRO)}"
            return self._sentence(used, f"up to {dollars(micro_usd / MICRO)}", "usd")
        if most_tokens is not None and self.tokens + tokens > most_tokens:
            return self._sentence(f"{self.tokens:,} of {most_tokens:,} tokens", f"up to {tokens:,} tokens", "tokens")
        return None

    @property
    def share(self) -> float:
        """Of the limit that is nearer."""
        shares = [
            used / most if most else 1.0
            for used, most in ((self.tokens, self.scope.limit.tokens), (self.micro_usd, self.scope.limit.micro_usd))
            if most is not None
        ]
        return max(shares, default=0.0)

    def warning(self) -> str:
        """Said once, at :data:`WARN_AT`."""
        return (
            f"{_whose(self.scope)} is {self.share:.0%} used. When it is used up, no model is asked{_until(self.scope)}."
        )

    def _sentence(self, used: str, wanted: str, kind: str) -> str:
        return (
            f"{_whose(self.scope)} does not allow it: {used} are spent or reserved, and this step may take {wanted}. "
            f"No model was asked for it, and nothing was changed. "
            f"{'Ask again tomorrow (UTC), or have' if self.scope.day else 'Ask for less at a time, or have'} an admin "
            f"raise budgets.{self.scope.name}_{kind}."
        )


def _whose(scope: Scope) -> str:
    match scope.name:
        case "person":
            return "The budget for today of the person who asks"
        case "org":
            return "Everybody's budget for today"
        case "task":
            return "The budget of one task"
        case "storm":
            return "The budget of one alert storm"


def _until(scope: Scope) -> str:
    return " until tomorrow (UTC)" if scope.day else f" for this {scope.name} any more"

"""The section that says which model is asked first, for what, and how far that is learned."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from agents.orchestrator.providers.vendor import ProviderId
from agents.orchestrator.routing import MOST_EXPLORED, RoutingRules
from bot.settings_base import Section, split_pairs
from tools.contracts.common import AgentName

_Pairs = BeforeValidator(split_pairs)


class RoutingSettings(Section):
    """Fast models parse, capable ones reason. `gavel models` says who is asked for what, and why."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_ROUTING_")

    fast: Annotated[dict[ProviderId, str], NoDecode, _Pairs] = {}
    """Provider → its model that reads requests and replies. None named: the vendor's own fast one, where Gavel knows
    it and its models were not chosen by hand."""
    parse: str | None = None
    """Name of the member that parses first, whatever was measured."""
    reason: str | None = None
    """Likewise, that investigates and answers first."""
    agents: Annotated[dict[AgentName, str], NoDecode, _Pairs] = {}
    """Agent → name of the member that investigates and answers first for it."""
    learn: bool = True
    explore_percent: float = Field(default=5, ge=0, le=MOST_EXPLORED * 100)
    """Of the tasks: they ask another model first, so that there is something to measure."""
    min_calls: int = Field(default=20, ge=1)
    """A model is judged by what was measured after so many calls."""

    @model_validator(mode="after")
    def _named(self) -> Self:
        if any(not name for name in [self.parse, self.reason, *self.agents.values()] if name is not None):
            raise ValueError("a pin must name a member, as `gavel models` lists them")
        return self

    @property
    def rules(self) -> RoutingRules:
        pins: dict[str, str] = {str(agent): name for agent, name in self.agents.items()}
        pins |= {job: name for job, name in (("parse", self.parse), ("reason", self.reason)) if name is not None}
        return RoutingRules(learn=self.learn, explore=self.explore_percent / 100, min_calls=self.min_calls, pins=pins)

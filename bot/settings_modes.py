"""The sections that say how the models answer where nobody asks for a mode, and when a council is called in."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode, SettingsConfigDict

from agents.orchestrator.escalation import EscalationRules
from bot.settings_base import Section, split_commas, split_pairs
from tools.contracts.common import AgentName, Environment, RiskLevel
from tools.contracts.modes import ModeSetting

_Pairs = BeforeValidator(split_pairs)


class ModeSettings(Section):
    """Defaults, narrowest first; what is not named here falls to the next, and at last to `LLM_MODE`."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_MODES_")

    channels: Annotated[dict[str, ModeSetting], NoDecode, _Pairs] = {}
    """Name (without #) or id of a channel → mode. What people set with `/gavel mode` in the channel comes before it."""
    agents: Annotated[dict[AgentName, ModeSetting], NoDecode, _Pairs] = {}
    risks: Annotated[dict[RiskLevel, ModeSetting], NoDecode, _Pairs] = {}
    """By the risk of the task: production is at least high."""
    orgs: Annotated[dict[str, ModeSetting], NoDecode, _Pairs] = {}
    """By tenant: Slack's team id, or what `GAVEL_ORG` says."""


class EscalationSettings(Section):
    """`auto`: when the answer of one model is put before a council."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_ESCALATION_")

    environments: Annotated[list[Environment], NoDecode, BeforeValidator(split_commas)] = ["production"]
    """A plan that changes something in one of these."""
    max_assets: int = Field(default=20, ge=0)
    """A plan that changes more than this, in any environment."""
    risk: RiskLevel = "critical"
    """Any task of this risk or a higher one, reports too."""
    min_confidence: float = Field(default=0.6, ge=0, le=1)
    """An answer whose model is less sure than this of what it states, on the average."""

    @property
    def rules(self) -> EscalationRules:
        return EscalationRules(
            environments=frozenset(self.environments),
            max_assets=self.max_assets,
            risk=self.risk,
            min_confidence=self.min_confidence,
        )

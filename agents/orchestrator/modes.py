"""Which mode a task is worked in (ADR-006): what the person asked for, else the narrowest default that fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tools.contracts.common import AgentName, RiskLevel
from tools.contracts.modes import ModeChoice, ModeSetting


@dataclass(frozen=True)
class ModeDefaults:
    """The house's defaults. One that is not set says nothing."""

    default: ModeSetting = "auto"
    """`LLM_MODE`: where nothing narrower is set."""
    channels: Mapping[str, ModeSetting] = field(default_factory=dict[str, ModeSetting])
    """Channel id → mode, as configured. What people set in the channel itself comes before it."""
    agents: Mapping[AgentName, ModeSetting] = field(default_factory=dict[AgentName, ModeSetting])
    risks: Mapping[RiskLevel, ModeSetting] = field(default_factory=dict[RiskLevel, ModeSetting])
    orgs: Mapping[str, ModeSetting] = field(default_factory=dict[str, ModeSetting])

    def choose(
        self,
        *,
        asked: ModeSetting | None,
        channel: str,
        channel_mode: ModeSetting | None,
        agent: AgentName | None,
        risk: RiskLevel | None,
        org: str,
    ) -> ModeChoice:
        """Of all that is set the first counts: request, channel (set there, else configured), agent, risk, org,
        `LLM_MODE`.

        `asked`: by a prefix in the request. `channel_mode`: as people set it in the channel, with `/gavel mode`.
        `agent` and `risk` None: not known yet, and so nothing is chosen by them.
        """
        if asked is not None:
            return ModeChoice(setting=asked, source="request", why="asked for in the request")
        if channel_mode is not None:
            return ModeChoice(setting=channel_mode, source="channel", why="set for this channel with /gavel mode")
        if (setting := self.channels.get(channel)) is not None:
            return ModeChoice(setting=setting, source="channel", why="configured for this channel")
        if agent is not None and (setting := self.agents.get(agent)) is not None:
            return ModeChoice(setting=setting, source="agent", why=f"the default of the {agent} agent")
        if risk is not None and (setting := self.risks.get(risk)) is not None:
            return ModeChoice(setting=setting, source="risk", why=f"the default at {risk} risk")
        if (setting := self.orgs.get(org)) is not None:
            return ModeChoice(setting=setting, source="org", why="the default of this workspace")
        return ModeChoice(setting=self.default, source="default", why="the default (LLM_MODE)")

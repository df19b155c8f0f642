"""Where a tool comes from that is not Gavel's own, and to whom the operator gave it."""

from __future__ import annotations

from dataclasses import dataclass

from tools.contracts.common import AgentName, Environment
from tools.json_schema import StrangersCheck


@dataclass(frozen=True)
class Origin:
    """Of a tool that a server offers. Everything but its schema and its words is the operator's to say."""

    server: str
    parameters: StrangersCheck
    """By the schema that the server declared, as it was bounded: what models see and calls are held to."""
    definition: str
    """Digest of all that the server said of the tool at the start."""
    agents: frozenset[AgentName]
    """Who is given it, besides an agent whose capability names it."""
    environments: frozenset[Environment]
    """Of tasks. One that is about no single environment may call it only where all are named."""
    orgs: frozenset[str] | None = None
    """None: every org that this installation serves."""

    def open_to(self, *, org: str, environment: str | None) -> bool:
        """Whether a task of this org, about this environment, may know of the tool at all."""
        if self.orgs is not None and org not in self.orgs:
            return False
        return len(self.environments) == len(EVERYWHERE) if environment is None else environment in self.environments


EVERYWHERE: frozenset[Environment] = frozenset({"development", "staging", "production"})

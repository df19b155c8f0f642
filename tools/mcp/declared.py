"""What the operator declares of MCP servers and of the tools that may be taken from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from tools.contracts.common import AgentName, Environment

HarmlessRisk = Literal["read_only", "plan_only"]
"""What a server's tool may be. What changes state needs a place in a plan's contract, a rollback and an observed state
to check; a call of a server has none of these, so no such tool is taken."""


@dataclass(frozen=True)
class DeclaredTool:
    name: str
    """As the server calls it."""
    risk: HarmlessRisk
    scope: Literal["environment", "org"]
    agents: frozenset[AgentName]
    environments: frozenset[Environment]
    idempotent: bool
    timeout_seconds: float
    """For a call, with connecting and with looking whether the tool is still what it was."""
    definition: str | None = None
    """Digest that the tool's definition must have. None: any that it has at the start, and then that one."""


@dataclass(frozen=True)
class Program:
    """A server that is run as a child process and spoken to over its standard input and output. No shell is in it."""

    command: tuple[str, ...]
    """The program by its absolute path, and its arguments."""
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """All of its environment."""


@dataclass(frozen=True)
class Address:
    """A server that is spoken to over streamable HTTP."""

    url: str
    token: str | None = field(default=None, repr=False)
    """Sent as a bearer token."""


@dataclass(frozen=True)
class DeclaredServer:
    name: str
    reached: Program | Address
    tools: tuple[DeclaredTool, ...]
    start_seconds: float = 15
    """For connecting and for saying which tools it has."""
    orgs: frozenset[str] | None = None
    """None: every org that this installation serves."""
    tell_caller: bool = True
    """Whether a call says on whose behalf it is made."""

    @property
    def where(self) -> str:
        """For people: neither its arguments nor its address' path or query, which may hold secrets."""
        if isinstance(self.reached, Program):
            return f"the program {self.name}"
        parts = urlsplit(self.reached.url)
        return f"{parts.scheme}://{parts.netloc}"

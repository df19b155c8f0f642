"""What an agent is for, as layer 1 hands work to it."""

from __future__ import annotations

from dataclasses import dataclass

from tools.contracts.common import AgentName, TaskType


@dataclass(frozen=True)
class Capability:
    """One agent: its kind of task, what it says it can do, and the tools it may call."""

    task_type: TaskType
    agent: AgentName
    can: str
    """Completes "I can …", for a person."""
    tools: tuple[str, ...]
    """Its read-only and plan-only tools (ADR-007). No agent is given a tool that changes state."""

"""The tool registry (ADR-007, layer 3): every tool there is, by name."""

from __future__ import annotations

from functools import cache
from typing import Literal

from pydantic import BaseModel

from tools.base import Tool
from tools.compliance.toolset import compliance_tools
from tools.contracts.common import AgentName, JsonObject
from tools.cost.toolset import cost_tools
from tools.dr.toolset import dr_tools
from tools.drift.toolset import drift_tools
from tools.image.toolset import image_tools
from tools.incident.toolset import incident_tools
from tools.json_schema import SchemaCheck, StrangersCheck, ValueCheck
from tools.patch.toolset import patch_tools
from tools.security.toolset import security_tools


class ToolRegistry:
    """Tools by name. A tool is added once; its schemas are computed then, and are what models and gates see."""

    def __init__(self) -> None:
        self._tools: dict[str, Tool] = {}
        self._input_schemas: dict[str, JsonObject] = {}
        self._strangers: dict[str, StrangersCheck] = {}
        self._output_schemas: dict[str, JsonObject] = {}

    def add(self, tool: Tool) -> None:
        """Raises `ValueError` for a name that is taken, and for a tool whose scope cannot be checked."""
        if tool.name in self._tools:
            raise ValueError(f"A tool named {tool.name!r} is registered already. Names are unique.")
        if tool.scope == "asset" and "asset_ids" not in tool.input.model_fields:
            raise ValueError(f"{tool.name!r} has scope 'asset', so its input must have `asset_ids`.")
        for field in ("org", "org_id"):
            if field in tool.input.model_fields:
                raise ValueError(f"{tool.name!r} takes {field!r} as a parameter. The org comes from the caller only.")
        if tool.origin is not None:
            if tool.risk not in ("read_only", "plan_only"):
                raise ValueError(f"{tool.name!r} is a server's, and {tool.risk}: no plan can carry a call of it.")
            self._strangers[tool.name] = tool.origin.parameters
        self._tools[tool.name] = tool
        self._input_schemas[tool.name] = (
            _schema(tool.input, "validation") if tool.origin is None else tool.origin.parameters.schema
        )
        self._output_schemas[tool.name] = _schema(tool.output, "serialization")

    def get(self, name: str) -> Tool | None:
        return self._tools.get(name)

    def names(self) -> list[str]:
        return sorted(self._tools)

    def offered_to(self, agent: AgentName, *, org: str, environment: str | None) -> list[str]:
        """The servers' tools that an agent is given for a task, besides its own."""
        return [
            name
            for name, tool in sorted(self._tools.items())
            if tool.origin is not None
            and agent in tool.origin.agents
            and tool.origin.open_to(org=org, environment=environment)
        ]

    def input_schema(self, name: str) -> JsonObject:
        """JSON Schema of the tool's parameters. Raises `KeyError` for an unknown tool."""
        return self._input_schemas[name]

    def output_schema(self, name: str) -> JsonObject:
        """JSON Schema of the tool's output. Raises `KeyError` for an unknown tool."""
        return self._output_schemas[name]

    def input_check(self, name: str) -> ValueCheck:
        """Holds parameters to :meth:`input_schema`. Raises `KeyError` for an unknown tool."""
        return self._strangers.get(name) or _check(self._tools[name].input, "validation")

    def output_check(self, name: str) -> ValueCheck:
        """Holds an output to :meth:`output_schema`. Raises `KeyError` for an unknown tool."""
        return _check(self._tools[name].output, "serialization")

    def catalog(self) -> dict[str, JsonObject]:
        """What policies judge a plan's actions by: name → `risk`, `scope`, `idempotent`, `input_schema`."""
        return {
            name: {
                "risk": tool.risk,
                "scope": tool.scope,
                "idempotent": tool.idempotent,
                "input_schema": self._input_schemas[name],
            }
            for name, tool in sorted(self._tools.items())
        }


@cache
def _schema(model: type[BaseModel], mode: Literal["validation", "serialization"]) -> JsonObject:
    """Of each class once: making those of every tool takes a tenth of a second, and nobody changes one."""
    return model.model_json_schema(mode=mode)


@cache
def _check(model: type[BaseModel], mode: Literal["validation", "serialization"]) -> SchemaCheck:
    return SchemaCheck(_schema(model, mode))


def build_registry() -> ToolRegistry:
    """A fresh registry of every tool there is. A domain adds its list here."""
    registry = ToolRegistry()
    for domain in (
        drift_tools,
        patch_tools,
        compliance_tools,
        incident_tools,
        dr_tools,
        cost_tools,
        security_tools,
        image_tools,
    ):
        for tool in domain():
            registry.add(tool)
    return registry

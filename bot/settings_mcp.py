"""The section of the settings tree that says which tools of MCP servers may be called, by whom, and as what."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from bot.settings_base import Section, parse_json
from bot.settings_values import McpUrl, in_the_clear
from tools.contracts.common import AgentName, Environment, ToolRisk
from tools.mcp.names import LONGEST, registry_name

ServerName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,23}$")]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]


class McpTool(BaseModel):
    """One tool of a server. What is not declared is not taken."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    risk: ToolRisk
    """`read_only`, or `plan_only` for what writes something that nothing acts on. What changes state is refused."""
    agents: list[AgentName] = Field(min_length=1)
    """Who is given it."""
    environments: list[Environment] = Field(default=["development", "staging", "production"], min_length=1)
    """Of tasks. A task about no single environment may call it only where all three are listed."""
    scope: Literal["environment", "org"] = "org"
    """`org`: only on behalf of people who hold a role, so for no alert. `environment`: on behalf of whoever may ask."""
    idempotent: bool = False
    """Whether to call it twice is as good as once."""
    timeout_seconds: float | None = Field(default=None, ge=1, le=300)
    """None: as the server's."""
    definition: str | None = Field(default=None, pattern=r"^sha256:[0-9a-f]{64}$")
    """What `gavel doctor` prints for it: with another description or schema it is refused. None: the one that it has
    when Gavel starts, and no other until the next start."""

    @field_validator("risk")
    @classmethod
    def _harmless(cls, risk: ToolRisk) -> ToolRisk:
        if risk not in ("read_only", "plan_only"):
            raise ValueError(
                "must be read_only or plan_only: a plan cannot carry a call of an MCP server (it has no rollback, and"
                " nothing that can be checked after it), so no tool that changes state is taken from one"
            )
        return risk


class McpServer(BaseModel):
    """How a server is reached, and what is taken from it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    transport: Literal["stdio", "http"]
    """A program that each worker runs, or streamable HTTP."""
    command: str | None = Field(default=None, min_length=1)
    """Of `stdio`: the program, by its path or found on `PATH`. No shell reads it."""
    args: list[str] = []
    """Of `stdio`."""
    env: dict[VariableName, SecretStr] = {}
    """Of `stdio`: its environment, besides `PATH`, `LANG` and their like. It gets nothing else of Gavel's."""
    pass_env: list[VariableName] = []
    """Of `stdio`: variables of Gavel's own environment that it gets, too."""
    url: McpUrl | None = None
    """Of `http`."""
    token_env: VariableName | None = None
    """Of `http`: the variable that holds its bearer token."""
    timeout_seconds: float = Field(default=30, ge=1, le=300)
    """For one call, with connecting."""
    start_seconds: float = Field(default=15, ge=1, le=60)
    """For its first answer. Gavel starts without its tools where there is none."""
    orgs: list[str] | None = Field(default=None, min_length=1)
    """Who may call its tools. None: the one org there is; where workspaces install the app it must be listed."""
    tell_caller: bool = True
    """Whether each call says for whom it is made: org, Slack user id and task, in `_meta`."""
    tools: dict[str, McpTool] = {}
    """By the name that the server gives it."""

    @model_validator(mode="after")
    def _of_its_transport(self) -> Self:
        lacking = {"stdio": ("command", self.command), "http": ("url", self.url)}[self.transport]
        if lacking[1] is None:
            raise ValueError(f"must have {lacking[0]}, as its transport is {self.transport}")
        foreign = {
            "stdio": {"url": self.url, "token_env": self.token_env},
            "http": {"command": self.command, "args": self.args, "env": self.env, "pass_env": self.pass_env},
        }[self.transport]
        if given := [name for name, value in foreign.items() if value]:
            raise ValueError(f"must not have {', '.join(given)}, as its transport is {self.transport}")
        if self.token_env is not None and self.url is not None and in_the_clear(self.url):
            raise ValueError("must have a url that starts with https://: its token would be sent in the clear")
        return self


class McpSettings(Section):
    """Tools of MCP servers. None is taken that is not declared here, with its risk."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_MCP_")
    servers: Annotated[dict[ServerName, McpServer], NoDecode, BeforeValidator(parse_json)] = {}
    """Name → server."""

    @model_validator(mode="after")
    def _names_that_models_can_say(self) -> Self:
        for server, declared in self.servers.items():
            said: dict[str, str] = {}
            for tool in declared.tools:
                name, key = registry_name(server, tool), f"mcp.servers.{server}.tools.{tool}"
                if not tool or len(name) > LONGEST:
                    raise ValueError(f"{key}: it would be called {name}, which is {len(name)} long; at most {LONGEST}")
                if name in said:
                    raise ValueError(f"{key}: it would be called {name}, as {said[name]} is; leave one of them out")
                said[name] = tool
        return self

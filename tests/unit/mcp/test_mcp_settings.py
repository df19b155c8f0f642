"""What is wrong in `mcp` is one line that names the key; nothing harmful can be declared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from bot.mcp_servers import declared
from bot.settings import CONFIG_VARIABLE, Settings, SettingsError, load_settings
from tools.mcp.declared import Address, Program

GOOD = """
    mcp:
      servers:
        metrics:
          transport: stdio
          command: sh
          args: [-c, exit]
          env: {MODE: quiet}
          pass_env: [METRICS_KEY]
          tools:
            error_rate: {risk: read_only, agents: [incident], environments: [staging], timeout_seconds: 5}
        logs:
          transport: http
          url: https://logs.example/mcp
          token_env: LOGS_TOKEN
          orgs: [T1]
          tools:
            "find.lines": {risk: plan_only, agents: [incident, drift], scope: environment}
"""


Load = Callable[[str], Settings]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    def settings(text: str) -> Settings:
        file = tmp_path / "gavel.yaml"
        file.write_text(dedent(text), "utf-8")
        monkeypatch.setenv(CONFIG_VARIABLE, str(file))
        return load_settings()

    return settings


def test_servers_are_read_with_their_tokens_and_variables(load: Load) -> None:
    environ = {"PATH": "/bin:/usr/bin", "METRICS_KEY": "k1", "LOGS_TOKEN": "t1", "OTHER": "x"}
    metrics, logs = declared(load(GOOD).mcp, environ).servers
    assert isinstance(metrics.reached, Program)
    assert metrics.reached.command[-2:] == ("-c", "exit")
    assert metrics.reached.command[-3].endswith("/sh")
    assert metrics.reached.env == {"PATH": "/bin:/usr/bin", "METRICS_KEY": "k1", "MODE": "quiet"}
    assert (metrics.tools[0].timeout_seconds, metrics.tools[0].environments) == (5, {"staging"})
    assert metrics.tools[0].scope == "org"
    assert logs.reached == Address("https://logs.example/mcp", "t1")
    assert logs.orgs == {"T1"}
    assert "t1" not in repr(logs)


def test_what_is_missing_on_this_machine_takes_out_that_server_only(load: Load) -> None:
    asked = declared(load(GOOD).mcp, {"PATH": "/bin:/usr/bin", "METRICS_KEY": "k1"})
    assert [server.name for server in asked.servers] == ["metrics"]
    assert asked.unready == {"logs": "LOGS_TOKEN is not set"}
    assert declared(load(GOOD).mcp, {"PATH": "/nowhere", "LOGS_TOKEN": "t"}).unready == {
        "metrics": "there is no program sh"
    }


WRONG = {
    "risk: read_only, agents: [incident], environments": (
        "agents: [incident], environments",
        "mcp.servers.metrics.tools.error_rate.risk",
        "is required",
    ),
    "risk: plan_only": (
        "risk: state_change_prod",
        "mcp.servers.logs.tools.find.lines.risk",
        "got 'state_change_prod'; must be read_only or plan_only: a plan cannot carry a call of an MCP server",
    ),
    "risk: read_only": ("risk: harmless", "mcp.servers.metrics.tools.error_rate.risk", "got 'harmless'; must be"),
    "agents: [incident],": ("agents: [],", "mcp.servers.metrics.tools.error_rate.agents", "at least 1"),
    "agents: [incident, drift]": ("agents: [everybody]", "mcp.servers.logs.tools.find.lines.agents[0]", "must be"),
    "transport: stdio": ("transport: sse", "mcp.servers.metrics.transport", "got 'sse'; must be"),
    "command: sh": ("url: https://x.example", "mcp.servers.metrics", "must have command, as its transport is stdio"),
    "token_env: LOGS_TOKEN": ("command: sh", "mcp.servers.logs", "must not have command, as its transport is http"),
    "https://logs.example/mcp": ("http://logs.example/mcp", "mcp.servers.logs", "would be sent in the clear"),
    "url: https://logs.example/mcp": ("url: HTTP://logs.example/mcp", "mcp.servers.logs", "would be sent in the clear"),
    "        logs:": ("        Logs_2:", "mcp.servers.Logs_2", "should match pattern"),
    '"find.lines"': (f'"{"x" * 60}"', f"mcp.servers.logs.tools.{'x' * 60}", "at most 64"),
    "timeout_seconds: 5": ("timeout_seconds: 5, danger: low", "tools.error_rate.danger", "unknown key"),
    "scope: environment}": (
        'scope: environment}\n            "find_lines": {risk: read_only, agents: [drift]}',
        "mcp.servers.logs.tools.find_lines",
        "as find.lines is",
    ),
}


@pytest.mark.parametrize("right", WRONG)
def test_what_is_wrong_is_one_line_with_its_key(right: str, load: Load) -> None:
    wrong, key, why = WRONG[right]
    assert right in GOOD
    with pytest.raises(SettingsError) as refused:
        load(GOOD.replace(right, wrong, 1))
    (line,) = refused.value.lines
    assert key in line
    assert why in line.replace("String should", "should")


def test_where_workspaces_install_the_app_each_server_says_whose_it_is(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "SLACK_CLIENT_ID": "1.2",
        "SLACK_CLIENT_SECRET": "s" * 32,
        "SLACK_SIGNING_SECRET": "s" * 32,
        "SLACK_MODE": "http",
        "SLACK_REDIRECT_URL": "https://gavel.example/slack/oauth_redirect",
        "SLACK_INSTALL_TEAMS": "T1",
        "GAVEL_SECRET_KEY": "ab" * 32,
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=r"mcp\.servers\.metrics\.orgs is not set but SLACK_CLIENT_ID is"):
        load(GOOD)
    load(GOOD.replace("transport: stdio", "transport: stdio\n          orgs: [T1]"))

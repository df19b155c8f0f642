"""`gavel tools`, run as a person runs it: list, show, and calls through the one dispatcher."""

from __future__ import annotations

import json
import os
import pwd
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.keys import load_keys
from bot.local.estate import NEIGHBOR_ORG
from bot.local.slack.seed import TEAM_ID
from bot.settings import Settings
from bot.terminal import TerminalInputs, open_terminal
from bot.tools_cli import printable, tools_app
from tests.unit.cli.test_cli import Ran, gavel
from tools.contracts.common import JsonObject
from tools.registry import build_registry

ME = f"terminal:{pwd.getpwuid(os.geteuid()).pw_name}"


@pytest.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One installation for all of these: what a call writes is added to."""
    return tmp_path_factory.mktemp("terminal")


async def call(place: Path, tool: str, params: JsonObject | None = None, *options: str, **environ: str) -> Ran:
    given = [] if params is None else [json.dumps(params)]
    return await gavel(place, "tools", "call", tool, *given, *options, **environ)


async def answer(place: Path, tool: str, params: JsonObject | None = None, *options: str) -> JsonObject:
    ran = await call(place, tool, params, "--json", *options)
    assert ran.status == 0, ran.err
    told: JsonObject = json.loads(ran.out)
    assert told["ok"]
    return told["output"]


async def entries(place: Path) -> list[dict[str, Any]]:
    ran = await gavel(place, "ledger", "show", "--kind", "tool_called", "--json")
    return [json.loads(line) for line in ran.out.splitlines()]


async def test_the_list_names_every_tool_with_its_risk_and_opens_nothing(place: Path) -> None:
    ran = await gavel(place, "tools", "list", "--json", GAVEL_DATA_DIR="untouched")
    rows = [json.loads(line) for line in ran.out.splitlines()]
    catalog = build_registry().catalog()
    assert {row["name"]: row["risk"] for row in rows} == {name: entry["risk"] for name, entry in catalog.items()}
    assert len(rows) >= 36
    assert not (place / "untouched").exists()
    ran = await gavel(place, "tools", "list", "--risk", "state_change_prod")
    assert "trigger_dr_failover" in ran.out
    assert "query_assets" not in ran.out


async def test_what_is_declared_of_mcp_servers_is_listed_and_only_tasks_call_it(place: Path) -> None:
    tools = {"rate": {"risk": "plan_only", "agents": ["incident", "drift"]}}
    server = {"transport": "stdio", "command": "nowhere", "tools": tools}
    declared = {"GAVEL_MCP_SERVERS": json.dumps({"metrics": server})}
    ran = await gavel(place, "tools", "list", "--json", **declared)
    *own, rate = [json.loads(line) for line in ran.out.splitlines()]
    assert "server" not in own[-1]
    assert (rate["name"], rate["server"], rate["risk"]) == ("mcp__metrics__rate", "metrics", "plan_only")
    assert (rate["scope"], rate["agents"]) == ("org", ["incident", "drift"])
    ran = await gavel(place, "tools", "list", "--risk", "plan_only", **declared)
    assert "Of MCP server metrics, given to incident, drift" in ran.out
    ran = await gavel(place, "tools", "list", "--risk", "read_only", **declared)
    assert "metrics" not in ran.out
    for command in ("show", "call"):
        ran = await gavel(place, "tools", command, "mcp__metrics__rate", **declared)
        assert (ran.status, "tasks call it, a terminal does not" in ran.err) == (2, True)


async def test_show_prints_what_a_tool_takes_and_gives(place: Path) -> None:
    told = json.loads((await gavel(place, "tools", "show", "check_rto", "--json")).out)
    assert told["input"] == build_registry().input_schema("check_rto")
    assert told["output"] == build_registry().output_schema("check_rto")
    assert "read_only, scope environment" in (await gavel(place, "tools", "show", "check_rto")).out


async def test_a_call_answers_from_the_estate_and_is_in_the_ledger(place: Path) -> None:
    output = await answer(place, "query_assets", {"limit": 2}, "--environment", "staging")
    assert [row["environment"] for row in output["assets"]] == ["staging", "staging"]
    last = (await entries(place))[-1]
    assert (last["actor"], last["body"]["tool"], last["body"]["outcome"]) == (ME, "query_assets", "ok")
    assert last["body"]["on_behalf_of"] == ME
    assert last["body"]["environment"] == "staging"
    assert (await gavel(place, "ledger", "verify")).status == 0


async def test_pages_follow_each_other_and_parameters_come_from_a_file(place: Path) -> None:
    (place / "params.json").write_text('{"limit": 1}')
    ran = await gavel(place, "tools", "call", "get_dr_status", "@params.json")
    first = json.loads(ran.out)
    rest = await answer(place, "get_dr_status", {"limit": 9, "cursor": first["next_cursor"]})
    assert [row["dr_pair_id"] for row in [*first["pairs"], *rest["pairs"]]] == ["dr-1", "dr-2", "dr-3", "dr-4"]


async def test_what_changes_state_is_refused_and_changes_nothing(place: Path) -> None:
    async with open_terminal(inputs_of(place), build_registry()) as terminal:
        asked: JsonObject = {"name": "web-base", "os": "ubuntu", "purpose": "web servers"}
        written = await terminal.call("generate_image_contract", asked, environment=None)
        assert written.output is not None
        before = estate_of(place)
        changing = [tool for tool in build_registry().catalog().items() if "state_change" in tool[1]["risk"]]
        for name, entry in changing:
            params = {"contract": written.output["contract"]} if name == "build_image" else CHANGES[name]
            production = entry["risk"] == "state_change_prod"
            result = await terminal.call(name, params, environment="production" if production else "staging")
            assert result.failure is not None
            assert result.failure.kind == "no_grant", result.failure
        assert len(changing) == len(CHANGES) + 1
    assert estate_of(place) == before
    ran = await call(place, "trigger_dr_failover", CHANGES["trigger_dr_failover"], "--json", "-e", "production")
    told = json.loads(ran.out)
    assert (ran.status, told["ok"], told["output"], told["failure"]["kind"]) == (1, False, None, "no_grant")
    assert estate_of(place) == before


def inputs_of(place: Path) -> TerminalInputs:
    settings = Settings.embedded(data_dir=place / ".gavel")
    return TerminalInputs(settings=settings, keys=load_keys(settings), org=TEAM_ID)


ASSET = {"asset_ids": ["web-prod-euw1-01"]}
STAGED = {"asset_ids": ["web-stg-euw1-01"]}
CHANGES: dict[str, JsonObject] = {
    "acknowledge_alert": {"alert_id": "alert-001", **ASSET},
    "acknowledge_alert_nonprod": {"alert_id": "alert-001", **STAGED},
    "execute_rollout_nonprod": {"target_image_id": "img", **STAGED},
    "execute_rollout_prod": {"target_image_id": "img", **ASSET},
    "promote_image": {"image_id": "img", "to_status": "production"},
    "promote_image_nonprod": {"image_id": "img", "to_status": "staging"},
    "trigger_dr_drill": {"dr_pair_id": "dr-1", **ASSET},
    "trigger_dr_failover": {"dr_pair_id": "dr-1", "max_data_loss_minutes": 1, **ASSET},
}


def estate_of(place: Path) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(place / ".gavel" / "estate.db")
    try:
        return [
            *connection.execute("SELECT * FROM assets"),
            *connection.execute("SELECT * FROM alerts"),
            *connection.execute("SELECT * FROM dr_pairs"),
            *connection.execute("SELECT * FROM images"),
        ]
    finally:
        connection.close()


async def test_a_refused_call_says_why_and_exits_1(place: Path) -> None:
    ran = await call(place, "check_rto", {"dr_pair_id": "dr-9"})
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("gavel: check_rto: There is no recovery pair 'dr-9'")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no_such_tool"], "There is no tool 'no_such_tool'"),
        (["query_assets", "{"], "no JSON"),
        (["query_assets", "[]"], "must be a JSON object"),
        (["query_assets", '{"limit": NaN}'], "NaN is no JSON number"),
        (["query_assets", '{"limit": 1, "limit": 2}'], "a name is there twice"),
        (["query_assets", "[" * 100_000], "no JSON"),
        (["query_assets", "@/nowhere/params.json"], "could not be read"),
    ],
)
def test_what_is_no_call_exits_2_and_opens_nothing(arguments: list[str], said: str) -> None:
    ran = CliRunner().invoke(tools_app(), ["call", *arguments])
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_parameters_come_from_stdin_too() -> None:
    ran = CliRunner().invoke(tools_app(), ["call", "query_assets", "-"], input="no object")
    assert ran.exit_code == 2
    assert "no JSON" in ran.stderr


async def test_policies_that_cannot_be_asked_let_nothing_through(place: Path) -> None:
    ran = await call(place, "query_assets", {}, OPA_URL="http://127.0.0.1:9")
    assert ran.status == 2
    assert ran.out == ""
    assert "OPA" in ran.err


async def test_the_name_in_the_environment_is_not_believed(place: Path) -> None:
    ran = await call(place, "query_assets", {"limit": 1}, USER="root-of-all", LOGNAME="U2", GAVEL_ORG="TLOCAL")
    assert ran.status == 0
    assert (await entries(place))[-1]["actor"] == ME


async def test_a_terminal_asks_in_its_own_org_and_as_a_viewer(place: Path) -> None:
    async with open_terminal(inputs_of(place), build_registry()) as terminal:
        assert (terminal.caller.org, terminal.caller.roles) == (TEAM_ID, ["viewer"])
        result = await terminal.call("query_assets", {"org": NEIGHBOR_ORG}, environment=None)
        assert result.failure is not None
        assert result.failure.kind == "invalid_input"


def test_a_strangers_text_cannot_move_the_cursor() -> None:
    assert printable('"\x1b[2J\u202edeppots"\nnext') == '"\ufffd[2J\ufffddeppots"\nnext'

"""`gavel eval`: its table, its JSON, and what its exit status says."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.evals_cli import EXIT_NOT_GOOD, EXIT_NOT_RUN, evals_app
from bot.local.slack.seed import TEAM_ID
from tests.unit.rehearsal.process import Rehearsal

CASE = """
agent: drift
kind: routing
until: understanding
cases:
  - id: right
    request: "production web servers have drifted from the golden image, fix it"
    expect: {agent: drift, environment: production}
  - id: wrong
    request: "production web servers have drifted from the golden image, fix it"
    expect: {agent: drift, environment: staging}
"""


@pytest.fixture(autouse=True)
def data_dir(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the calls are recorded."""
    folder = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("GAVEL_DATA_DIR", str(folder))
    return folder


def rows(data_dir: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(data_dir / "gavel.db")) as sql:
        return sql.execute("SELECT org, user_id, agent, task_id, purpose FROM ai_request_logs").fetchall()


def ran(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(evals_app(), list(arguments))
    return result.exit_code, result.output


def test_every_call_of_a_run_is_on_record_on_an_account_of_its_own(tmp_path: Path, data_dir: Path) -> None:
    (tmp_path / "a.yaml").write_text(CASE)
    status, output = ran("--models", "rehearsal", "--cases", str(tmp_path))
    assert status == 0, output
    kept = rows(data_dir)
    assert {row[:3] for row in kept} == {(TEAM_ID, "eval", "eval")}
    assert [row[4] for row in kept] == ["understand", "understand"]
    [task] = {row[3] for row in kept}
    assert task.startswith("eval:")


def test_a_run_ends_politely_before_it_costs_more_than_it_may(
    tmp_path: Path, data_dir: Path, rehearsal_server: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.yaml").write_text(CASE)
    monkeypatch.setenv("COMPATIBLE_API_BASE", f"{rehearsal_server.url}/v1")
    monkeypatch.setenv("GAVEL_MODEL_COMPATIBLE", "rehearsal-amber")
    monkeypatch.setenv("LLM_PROVIDER", "compatible")
    prices = {"openai/rehearsal-amber": {"input": 10, "output": 10}}
    monkeypatch.setenv("GAVEL_BUDGETS_PRICES", json.dumps(prices))
    arguments = ("--cases", str(tmp_path), "--mode", "single", "--parallel", "1", "--max-usd")
    status, output = ran(*arguments, "0.001")
    assert status == EXIT_NOT_RUN
    assert rows(data_dir) == [], "nobody was asked"
    assert "The run would go over --max-usd 0.001: 1 of 2 cases were not begun" in output
    assert "Raise it, or choose by --agent, --kind or --case." in output
    status, output = ran(*arguments, "5")
    assert status == 0, output
    assert len(rows(data_dir)) == 2


def test_it_tells_a_table_or_an_object_and_what_a_run_with_rehearsal_models_proves(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(CASE)
    status, output = ran("--models", "rehearsal", "--cases", str(tmp_path), "--json")
    assert status == 0, output
    told = json.loads(output)
    assert (told["simulated"], told["mode"], len(told["models"])) == (True, "council", 3)
    assert "nothing else" in told["proves"]
    assert [(case["id"], case["passed"]) for case in told["cases"]] == [("right", True), ("wrong", False)]
    assert [(row["agent"], row["cases"], row["passed"]) for row in told["scores"]] == [("drift", 2, 1), ("all", 2, 1)]
    assert told["scores"][0]["cost_usd"] is None
    status, output = ran("--models", "rehearsal", "--cases", str(tmp_path), "--strict")
    assert status == EXIT_NOT_GOOD
    for heading in ("routing", "contract", "policy", "receipts", "escapes", "tokens", "cost"):
        assert heading in output
    assert "the environment is production; expected staging" in output
    assert "This run proves that the harness works, and nothing else." in output


def test_what_cannot_be_run_is_said_and_not_called_good(tmp_path: Path) -> None:
    status, output = ran("--cases", str(tmp_path))
    assert status == EXIT_NOT_RUN
    assert "There are no case files" in output
    (tmp_path / "a.yaml").write_text(CASE)
    status, output = ran("--cases", str(tmp_path), "--agent", "cost")
    assert status == EXIT_NOT_RUN
    assert "No case matches" in output

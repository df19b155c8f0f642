"""`gavel eval`: its table, its JSON, and what its exit status says."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from bot.evals_cli import EXIT_NOT_GOOD, EXIT_NOT_RUN, evals_app

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


def ran(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(evals_app(), list(arguments))
    return result.exit_code, result.output


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

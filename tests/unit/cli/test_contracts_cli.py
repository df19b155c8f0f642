"""`gavel contracts`: what others get is what the gates judge by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from bot.contracts_cli import DIALECT, EXIT_NOT_WRITTEN, contracts, contracts_app
from policies.schema import CONTRACTS
from tests.unit.policies.plans import make_plan
from tests.unit.policies.reports import make_report
from tools.contracts.common import JsonObject


def test_every_output_of_layer_2_is_exported_and_every_models_answer() -> None:
    names = set(contracts())
    assert set(CONTRACTS) <= names
    assert {"TaskSpec", "TaskDraft", "VoteSheet", "FollowUp", "Explanation", "Decision", "GateReport"} <= names
    assert {"DriftMemberReport", "PatchMemberReport", "IncidentMemberReport"} <= names


@pytest.mark.parametrize("name", contracts())
def test_each_is_json_schema_2020_12_and_closed_to_what_it_does_not_know(name: str) -> None:
    schema = contracts()[name].schema
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DIALECT
    assert name in schema["$id"]
    if name != "Decision":
        assert schema["additionalProperties"] is False


def test_what_the_gate_lets_through_the_exported_schema_lets_through_and_no_more(tmp_path: Path) -> None:
    ran = CliRunner().invoke(contracts_app(), ["export", "--out", str(tmp_path / "schemas")])
    assert ran.exit_code == 0, ran.output
    written = {path.stem: json.loads(path.read_text("utf-8")) for path in (tmp_path / "schemas").glob("*.json")}
    assert set(written) == set(contracts())
    plan: JsonObject = make_plan().model_dump(mode="json")
    assert Draft202012Validator(written["DriftRemediationPlan"]).is_valid(plan)
    assert not Draft202012Validator(written["DriftRemediationPlan"]).is_valid({**plan, "force": True})
    assert Draft202012Validator(written["IncidentAnalysis"]).is_valid(make_report().model_dump(mode="json"))
    assert not Draft202012Validator(written["IncidentAnalysis"]).is_valid(plan)


def test_some_are_exported_to_stdout() -> None:
    ran = CliRunner().invoke(contracts_app(), ["export", "TaskSpec", "VoteSheet"])
    assert sorted(json.loads(ran.stdout)) == ["TaskSpec", "VoteSheet"]


def test_the_list_says_who_writes_what() -> None:
    ran = CliRunner().invoke(contracts_app(), ["list", "--json"])
    told = {row["name"]: row for row in map(json.loads, ran.stdout.splitlines())}
    assert set(told) == set(contracts())
    assert told["TaskDraft"]["written_by"] == "a model"
    assert all(row["about"] for row in told.values())
    assert "PatchRolloutPlan" in CliRunner().invoke(contracts_app(), ["list"]).stdout


def test_an_unknown_name_and_a_folder_that_is_a_file_write_nothing(tmp_path: Path) -> None:
    ran = CliRunner().invoke(contracts_app(), ["export", "TaskSpec", "Nothing", "--out", str(tmp_path)])
    assert ran.exit_code == EXIT_NOT_WRITTEN
    assert "no contract 'Nothing'" in ran.stderr
    assert list(tmp_path.iterdir()) == []
    file = tmp_path / "file"
    file.write_text("x", "utf-8")
    ran = CliRunner().invoke(contracts_app(), ["export", "--out", str(file)])
    assert ran.exit_code == EXIT_NOT_WRITTEN
    assert "could not be written" in ran.stderr

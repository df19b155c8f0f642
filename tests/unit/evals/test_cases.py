"""Case files: there are enough of them, and a wrong one is named before anything is evaluated."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from bot.evals.cases import CaseError, CaseKind, load_cases
from tools.contracts.common import AgentName

CASES = Path(__file__).parents[2] / "evals"

GOOD = """
agent: drift
kind: plan
cases:
  - id: one
    request: fix drift
    expect: {agent: drift}
"""


def test_there_are_at_least_120_cases_over_the_eight_agents_and_all_kinds() -> None:
    cases = load_cases(CASES)
    assert len(cases) >= 120
    agents, kinds = Counter(case.about for case in cases), Counter(case.kind for case in cases)
    assert set(agents) == set(get_args(AgentName))
    assert min(agents.values()) >= 6
    assert set(kinds) == set(get_args(CaseKind))
    assert all(case.expect.model_fields_set for case in cases), "a case that expects nothing is none"


def test_a_case_takes_its_agent_kind_and_depth_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD.replace("cases:", "until: understanding\ncases:"))
    (case,) = load_cases(tmp_path)
    assert (case.about, case.kind, case.until) == ("drift", "plan", "understanding")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cases: [", "could not be read"),
        ("- a list", "the file: Input should be"),
        (GOOD.replace("agent: drift\nkind", "agent: nobody\nkind"), "agent: Input should be 'drift'"),
        (GOOD.replace("expect:", "expects:"), "case 1 (one): expect: Field required"),
        (GOOD.replace("{agent: drift}", "{agnet: drift}"), "expect.agnet: Extra inputs are not permitted"),
        (GOOD.replace("request: fix drift", "answers: [a]"), "a request or an alert, and not both"),
        (GOOD.replace("id: one", "id: One Two"), "case 1 (One Two): id:"),
        (GOOD.replace("request:", "estate: {mutations: [{op: destroy}]}\n    request:"), "estate.mutations.0"),
        (
            GOOD.replace("request:", "estate: {mutations: [{op: break, table: asets}]}\n    request:"),
            "the sample estate has no table 'asets'",
        ),
        (
            GOOD.replace("request:", "estate: {mutations: [{op: delete, table: assets, where: {x: 1}}]}\n    request:"),
            "'x' is no column of assets",
        ),
        (
            GOOD.replace(
                "request:", "estate: {mutations: [{op: set, table: assets, values: {org_id: T1}}]}\n    request:"
            ),
            "'org_id' is no column of assets that a case may name",
        ),
    ],
)
def test_a_wrong_file_is_named_with_the_case_and_the_field(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(CaseError) as refused:
        load_cases(tmp_path)
    assert "bad.yaml" in str(refused.value)
    assert said in str(refused.value)


def test_ids_are_unique_over_all_files_and_no_files_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="There are no case files"):
        load_cases(tmp_path)
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(GOOD)
    with pytest.raises(CaseError, match="Two cases are called 'one'"):
        load_cases(tmp_path)

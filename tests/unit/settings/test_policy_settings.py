"""What may run, when and without whom, from gavel.yaml to the policies' data; and gates that may not be off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.policy_data import policy_bundle, policy_data
from bot.settings import Settings, SettingsError, load_settings
from policies.regorus_engine import RegorusEngine
from tests.unit.policies.documents import autonomy_document, execution_document


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def settings(tree: dict[str, Any], **variables: str) -> Settings:
        path = tmp_path / "gavel.yaml"
        path.write_text(yaml.safe_dump(tree))
        monkeypatch.setenv("GAVEL_CONFIG", str(path))
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return load_settings()

    return settings


def test_where_nothing_is_set_the_data_is_as_shipped(read: Any) -> None:
    assert policy_data(read({})) == {}
    assert policy_bundle(read({})).configured == frozenset()


async def test_autonomy_of_an_org_reaches_the_decision(read: Any) -> None:
    tree: dict[str, Any] = {
        "autonomy": {"default": {"max_assets": 3}, "orgs": {"T0ACME": {"environments": {"staging": "full_auto"}}}}
    }
    document = autonomy_document()
    engine = RegorusEngine(policy_bundle(read(tree)))
    assert (await engine.decide("ql.ai.autonomy", document))["mode"] == "approve_all"
    tree["autonomy"]["orgs"]["T0ACME"] = {"mode": "full_auto"}
    engine = RegorusEngine(policy_bundle(read(tree)))
    decision = await engine.decide("ql.ai.autonomy", document)
    assert (decision["mode"], decision["unattended_phases"]) == ("full_auto", 1)
    document["plan"]["asset_ids"] = ["a", "b", "c", "d"]
    decision = await engine.decide("ql.ai.autonomy", document)
    assert decision["unattended_phases"] == 0
    assert "4 assets, and at most 3 run without approval" in decision["blockers"]


async def test_freezes_and_windows_reach_the_decision(read: Any) -> None:
    night = {
        "reason": "nights only",
        "weekdays": ["Monday", "tuesday"],
        "from": "22:00",
        "to": "04:00",
        "time_zone": "Europe/Berlin",
    }
    year_end = {"reason": "year end", "start": "2026-11-24T00:00:00+01:00", "end": "2027-01-02T00:00:00+01:00"}
    engine = RegorusEngine(policy_bundle(read({"calendar": {"windows": [night], "freezes": [year_end]}})))
    decision = await engine.decide("ql.ai.execution", execution_document())
    assert {entry["rule"] for entry in decision["deny"]} == {"execution.frozen", "execution.outside_change_window"}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"autonomy": {"default": {"mode": "yolo"}}}, "autonomy.default.mode"),
    ({"autonomy": {"default": {"environments": {"prod": "full_auto"}}}}, "autonomy.default.environments"),
    ({"autonomy": {"default": {"max_asset": 3}}}, "max_asset"),
    ({"autonomy": {"orgs": {"T1": {"critical_tags": ["critical"]}}}}, "critical_tags"),
    (
        {"calendar": {"freezes": [{"reason": "x", "start": "2026-11-24T00:00:00", "end": "2026-11-25T00:00:00Z"}]}},
        "start",
    ),
    ({"calendar": {"freezes": [{"reason": "x"}]}}, "start and end"),
    ({"calendar": {"freezes": [{"reason": "x", "weekdays": ["Freitag"]}]}}, "weekdays"),
    (
        {
            "calendar": {
                "windows": [
                    {"reason": "x", "weekdays": ["friday"], "from": "1:00", "to": "02:00", "time_zone": "Mars/Base"}
                ]
            }
        },
        "time zone",
    ),
    ({"gates": {"off": ["everything"]}}, "gates.off"),
]


@pytest.mark.parametrize(("tree", "named"), WRONG, ids=[case[1] for case in WRONG])
def test_what_is_misspelt_stops_the_start(tree: dict[str, Any], named: str, read: Any) -> None:
    with pytest.raises(SettingsError, match=named):
        read(tree)


def test_a_gate_can_be_off_where_nothing_is_configured(read: Any) -> None:
    settings = read({}, GAVEL_GATES_OFF="policy,safety")
    assert settings.gates.off == ["policy", "safety"]
    assert not settings.production


@pytest.mark.parametrize(
    "variables",
    [
        {"GAVEL_GATES_PRODUCTION": "true"},
        {"TEMPORAL_ADDRESS": "temporal:7233"},
        {"OPA_URL": "http://opa:8181"},
        {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"},
        {"DATABASE_URL": "postgresql://db/gavel"},
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_in_production_mode_a_gate_that_is_off_stops_the_start(variables: dict[str, str], read: Any) -> None:
    with pytest.raises(SettingsError, match="in production mode no gate can be off"):
        read({"gates": {"off": ["policy"]}}, **variables)


def test_a_stack_that_says_that_it_is_none_may(read: Any) -> None:
    settings = read({"gates": {"off": ["policy"], "production": False}}, TEMPORAL_ADDRESS="temporal:7233")
    assert settings.gates.off == ["policy"]


def test_the_demo_has_every_gate_on(tmp_path: Path) -> None:
    assert Settings.embedded(data_dir=tmp_path).gates.off == []

"""What code lets into a plan, and what it lets be called healthy, whatever the models say."""

from __future__ import annotations

from agents.specialists.evidence import EvidenceBook
from agents.specialists.scope import Scope, scope_of
from tests.unit.agents.bench import spec
from tools.base import ToolCall, ToolResult
from tools.contracts.common import Contract, Environment, JsonObject
from tools.contracts.identity import Caller
from tools.contracts.members.rollout import DriftProposal
from tools.contracts.rollout import TargetImage, VersionComparison
from tools.drift.models import AssetRow, CompareVersionsOutput, GetGoldenImageOutput, QueryAssetsOutput

GOLDEN = TargetImage(id="img-9", family="web-base", version="9.0.0")


def row(name: str, *, role: str = "web", environment: Environment = "production", state: str = "running") -> AssetRow:
    return AssetRow(
        id=name,
        name=name,
        environment=environment,
        platform="aws",
        region="eu-west-1",
        site="s1",
        image_family="web-base",
        image_version="8.0.0",
        state=state,
        tags={"role": role},
        fingerprint="sha256:00",
    )


def page(*rows: AssetRow, cursor: str | None = None) -> QueryAssetsOutput:
    return QueryAssetsOutput(assets=list(rows), total=len(rows), next_cursor=cursor)


def golden(image: TargetImage = GOLDEN) -> GetGoldenImageOutput:
    return GetGoldenImageOutput(
        image=image, os_name="ubuntu", os_version="24.04", signed=True, platforms=["aws"], previous_versions=[]
    )


def compared(
    drifted: list[str], compliant: list[str], *, skipped: list[str] | None = None, image: TargetImage = GOLDEN
) -> CompareVersionsOutput:
    rows = [
        VersionComparison(
            asset_id=name, platform="aws", current_version="8.0.0", target_version="9.0.0", releases_behind=1
        )
        for name in drifted
    ]
    return CompareVersionsOutput(
        target_image=image, drifted=rows, compliant_asset_ids=compliant, not_comparable=skipped or []
    )


TOOLS: dict[type[Contract], str] = {
    QueryAssetsOutput: "query_assets",
    GetGoldenImageOutput: "get_golden_image",
    CompareVersionsOutput: "compare_versions",
}


def scope(*outputs: Contract, params: JsonObject | None = None) -> Scope:
    """Of the production web task, from these results in order. `params`: of every query_assets."""
    book = EvidenceBook()
    for number, output in enumerate(outputs, start=1):
        tool = TOOLS[type(output)]
        given = (params or {}) if tool == "query_assets" else {}
        call = ToolCall(f"t{number}", tool, given, Caller(org="T1", user="U1"), "task", frozenset(TOOLS.values()))
        book.add(ToolResult(call, output.model_dump(mode="json"), None, "sha256:00", 1.0))
    return scope_of(spec(), book)


def proposal(*names: str, image: str = GOLDEN.id) -> DriftProposal:
    return DriftProposal(
        summary="s",
        target_image_id=image,
        asset_ids=list(names),
        canary_size=1,
        max_batch_percent=20,
        wait_seconds=60,
        health_checks=[],
    )


def admitted(found: Scope, wanted: DriftProposal) -> list[str]:
    kept, _ = found.admit(wanted)
    return kept.asset_ids if kept else []


def test_only_drifted_assets_of_the_task_are_admitted() -> None:
    found = scope(
        page(row("a"), row("b"), row("db", role="db"), row("stg", environment="staging")),
        golden(),
        compared(["a", "db", "stg", "never-listed"], ["b"]),
    )
    assert admitted(found, proposal("a", "b", "db", "stg", "never-listed", "ghost")) == ["a"]
    kept, notes = found.admit(proposal("ghost"))
    assert kept is None
    assert "ghost" in notes[0]
    assert found.admit(proposal("a")) == (proposal("a"), [])


def test_an_image_that_is_no_golden_image_is_not_admitted() -> None:
    found = scope(page(row("a")), golden(), compared(["a"], []))
    kept, notes = found.admit(proposal("a", image="img-8"))
    assert kept is None
    assert "img-8" in notes[0]


def test_a_comparison_with_another_image_shows_no_drift_and_no_health() -> None:
    other = TargetImage(id="img-8", family="web-base", version="8.0.0")
    found = scope(page(row("a"), row("b")), golden(), compared(["a"], ["b"], image=other))
    assert (found.drifted, found.compliant, found.healthy) == (frozenset(), frozenset(), False)


def test_healthy_means_that_every_running_asset_was_compared_and_complies() -> None:
    assert scope(page(row("a"), row("b")), golden(), compared([], ["a", "b"])).healthy
    assert scope(page(row("a"), row("off", state="stopped")), golden(), compared([], ["a"], skipped=["off"])).healthy
    assert not scope(page(row("a"), row("b")), golden(), compared(["b"], ["a"])).healthy
    assert not scope(page(row("a"), row("b")), golden(), compared([], ["a"])).healthy
    assert not scope(page(row("a"), row("b")), golden(), compared([], ["a"], skipped=["b"])).healthy


def test_no_data_is_never_healthy() -> None:
    assert not scope().healthy
    assert not scope(page()).healthy
    assert not scope(page(row("off", state="stopped")), golden(), compared([], [], skipped=["off"])).healthy
    assert not scope(page(row("db", role="db")), golden(), compared([], ["db"])).healthy


def test_an_inventory_with_an_unread_page_is_not_healthy() -> None:
    assert not scope(page(row("a"), cursor="next"), golden(), compared([], ["a"])).healthy


def test_a_query_narrower_than_the_task_does_not_vouch_for_the_whole_of_it() -> None:
    results = (page(row("a")), golden(), compared([], ["a"]))
    assert scope(*results, params={"tags": [{"key": "role", "value": "web"}], "environment": "production"}).healthy
    for narrow in (
        {"asset_ids": ["a"]},
        {"regions": ["eu-west-1"]},
        {"sites": ["s1"]},
        {"platforms": ["aws"]},
        {"image_family": "web-base"},
        {"state": "stopped"},
        {"environment": "staging"},
        {"tags": [{"key": "owner", "value": "me"}]},
    ):
        assert not scope(*results, params=narrow).healthy

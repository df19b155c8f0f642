"""How the image agent reads its evidence: a contract is the tool's, and no image is fit that was not looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.specialists.image import ImageAgent, ImageStudy
from bot.advisories.store import SqlAdvisories
from tests.unit.agents.bench import Bench
from tests.unit.agents.studies import Table, calls_of, concluded, decided, no_change, proposed
from tools.contracts.common import Environment
from tools.contracts.members.operations import ImageMemberReport
from tools.contracts.outputs.image import ImageSpec
from tools.image.models import GenerateImageContractOutput, ValidateImageOutput

BUILD = {"operation": "build", "family": "web-base", "os": "ubuntu 24.04", "purpose": "The web servers."}


@pytest.fixture
def table(workbench: Bench, tmp_path: Path, advisories: SqlAdvisories) -> Table:
    return Table(workbench, tmp_path / "estate.db", advisories)


def wants(**proposal: object) -> ImageMemberReport:
    said = {"summary": "s", **proposal} if proposal else None
    return ImageMemberReport.model_validate({"claims": [], "diagnosis": "d", "proposal": said})


async def looked(table: Table, *, environment: Environment = "staging", family: str = "web-base") -> ImageStudy:
    """After the agent listed the images of a family."""
    desk = table.desk(ImageAgent, environment)
    await desk.call("list_image_versions", {"family": family})
    return ImageStudy(desk)


def golden_of(study: ImageStudy) -> str:
    return next(name for name, row in study.images.items() if row.golden)


async def test_what_could_not_be_read_is_not_judged_and_not_called_healthy(table: Table) -> None:
    untouched = ImageStudy(table.desk(ImageAgent, "staging"))
    assert untouched.unjudgeable() == "The images could not be read, so nothing is known and nothing was changed."
    assert not untouched.healthy
    assert untouched.unjudged("why", decided({}, best=None).outcome).finding == "inconclusive"
    assert (await looked(table)).unjudgeable() is None
    table.alter("DROP TABLE images")
    failed = await looked(table)
    assert not failed.desk.book.results[0].ok
    assert failed.unjudgeable() is not None
    assert not failed.healthy


async def test_a_build_is_of_the_contract_that_the_tool_wrote_and_one_choice_is_written_once(table: Table) -> None:
    study = await looked(table)
    items = await proposed(study, {"ash": wants(**BUILD, promote_to="dev"), "birch": wants(**BUILD, promote_to="dev")})
    (asked,) = calls_of(study.desk, "generate_image_contract")
    assert asked == {"name": "web-base", "os": "ubuntu 24.04", "purpose": "The web servers."}
    (output,) = study.desk.book.outputs("generate_image_contract", GenerateImageContractOutput)
    plan = study.made["ash"]
    assert isinstance(plan, ImageSpec)
    assert (plan.contract, plan.image_id, plan.to_status) == (output.contract, output.image_id, "dev")
    tools = [action.tool for phase in plan.phases for action in phase.actions]
    assert tools == ["build_image", "promote_image_nonprod"]
    assert [item.key for item in items["ash"]] == [item.key for item in items["birch"]]


LACKING = [
    ({**BUILD, "os": None}, "needs an OS and a purpose"),
    ({**BUILD, "purpose": None}, "needs an OS and a purpose"),
    (
        {"operation": "promote", "family": "web-base", "image_id": "img-web-base-99.0.0", "promote_to": "dev"},
        "no image",
    ),
    ({"operation": "promote", "family": "web-base", "promote_to": "dev"}, "No image is no image"),
]


@pytest.mark.parametrize(("proposal", "why"), LACKING)
async def test_a_choice_that_no_result_bears_out_makes_no_plan(
    table: Table, proposal: dict[str, object], why: str
) -> None:
    study = await looked(table)
    assert list(await proposed(study, {"ash": wants(**proposal), "birch": wants()})) == ["birch"]
    assert study.made == {}
    assert why in study.notes[0]
    assert calls_of(study.desk, "generate_image_contract") == calls_of(study.desk, "validate_image") == []


async def test_an_image_is_not_promoted_as_one_of_another_family(table: Table) -> None:
    study = await looked(table)
    mine = {"operation": "promote", "family": "api-base", "image_id": golden_of(study), "promote_to": "deprecated"}
    assert await proposed(study, {"ash": wants(**mine)}) == {}
    assert "is no image that list_image_versions listed" in study.notes[0]


async def test_a_promotion_rests_on_what_validation_says_now(table: Table) -> None:
    study = await looked(table, environment="production")
    name = golden_of(study)
    away = {"operation": "promote", "family": "web-base", "image_id": name, "promote_to": "deprecated"}
    await proposed(study, {"ash": wants(**away)})
    assert calls_of(study.desk, "validate_image") == [{"image_id": name}]
    (seen,) = study.desk.book.outputs("validate_image", ValidateImageOutput)
    plan = study.made["ash"]
    assert isinstance(plan, ImageSpec)
    assert [(row.name, row.status, row.observed) for row in plan.findings] == [
        (row.name, row.status, row.observed) for row in seen.checks
    ]
    assert (plan.resources[0].fingerprint, plan.replaces) == (seen.fingerprint, name)


async def test_a_plan_only_where_every_phase_of_it_carried(table: Table) -> None:
    study = await looked(table)
    items = await proposed(study, {"ash": wants(**BUILD, promote_to="dev")})
    keys = [item.key for item in items["ash"]]
    assert len(keys) > 1
    whole = concluded(study, decided(items, best="ash", carried=keys))
    assert (whole.finding, whole.plan) == (
        "plan",
        study.made["ash"].model_copy(update={"evidence": study.desk.book.cited()}),
    )
    for left_out in keys:
        part = concluded(study, decided(items, best="ash", carried=[key for key in keys if key != left_out]))
        assert (part.finding, part.plan) == ("inconclusive", None)
    nobody = concluded(study, decided(items, best=None, carried=keys))
    assert nobody.finding == "inconclusive"
    assert "did not agree" in nobody.reason


async def test_an_image_is_fit_only_where_its_checks_were_read_and_all_pass(table: Table) -> None:
    study = await looked(table)
    assert not study.healthy
    assert no_change(study).finding == "inconclusive"
    result = await study.desk.call("validate_image", {"image_id": golden_of(study)})
    assert result.output is not None
    assert study.healthy is bool(result.output["valid"])
    valid, unfit = ImageStudy(study.desk), ImageStudy(study.desk)
    result.output["valid"] = True
    assert valid.healthy
    assert no_change(valid).finding == "nothing_to_do"
    result.output["valid"] = False
    assert not unfit.healthy
    assert no_change(unfit).finding == "inconclusive"


async def test_one_golden_image_that_was_not_looked_at_and_the_family_is_not_called_healthy(table: Table) -> None:
    study = await looked(table)
    await study.desk.call("list_image_versions", {"family": "api-base"})
    result = await study.desk.call("validate_image", {"image_id": golden_of(study)})
    assert result.output is not None
    result.output["valid"] = True
    assert not study.healthy

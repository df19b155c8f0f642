"""How a call names what it changes beside assets, and what such a thing looks like in the estate."""

from __future__ import annotations

import pytest

from tests.unit.tools.bench import ORG, Bench
from tools.contracts.common import JsonObject
from tools.resources import ABSENT, ResourceKind, named_resources, observe, state_after


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"asset_ids": ["a"], "target_image_id": "img-1"}, []),
        ({"image_id": "img-1", "to_status": "dev"}, ["img-1"]),
        ({"dr_pair_id": "dr-1", "asset_ids": ["a"]}, ["dr-1"]),
        ({"alert_id": "al-1"}, ["al-1"]),
        ({"contract": {"family": "web", "version": "1.2.0"}}, ["web 1.2.0"]),
        ({"contract": {"family": "web"}}, ["a contract without family and version"]),
        ({"contract": "web 1.2.0"}, ["a contract without family and version"]),
        ({"image_id": "img-1", "dr_pair_id": "dr-1"}, ["img-1", "dr-1"]),
    ],
)
def test_a_call_names_what_it_would_change(params: JsonObject, names: list[str]) -> None:
    assert named_resources(params) == names


def test_a_call_leads_from_one_state_to_the_next() -> None:
    assert state_after("build_image", {}, before=ABSENT) == "draft"
    assert state_after("promote_image_nonprod", {"to_status": "dev"}, before="draft") == "dev"
    assert state_after("trigger_dr_failover", {}, before="primary") == "recovery"
    assert state_after("trigger_dr_failover", {"rollback": True}, before="recovery") == "primary"
    assert state_after("trigger_dr_drill", {}, before="primary") == "primary"
    assert state_after("acknowledge_alert", {}, before="open") == "acknowledged"


@pytest.mark.parametrize("kind", ["image", "dr_pair", "alert"])
async def test_what_the_org_does_not_have_is_absent_and_another_orgs_is_as_absent(
    bench: Bench, kind: ResourceKind
) -> None:
    mine = {"image": await bench.golden_id(), "dr_pair": "dr-1", "alert": "al-1"}[kind]
    elsewhere = await observe(bench.estate, "T-nobody", kind, mine)
    nothing = await observe(bench.estate, ORG, kind, "none-such")
    assert (elsewhere.state, nothing.state) == (ABSENT, ABSENT)
    assert elsewhere.fingerprint != nothing.fingerprint


async def test_a_fingerprint_is_the_same_until_somebody_has_been_at_it(bench: Bench) -> None:
    image = await bench.golden_id()
    before = await observe(bench.estate, ORG, "image", image)
    assert await observe(bench.estate, ORG, "image", image) == before
    await bench.estate.promote_image(ORG, image, "deprecated", idempotency_key="k")
    after = await observe(bench.estate, ORG, "image", image)
    assert (before.state, after.state) == ("production", "deprecated")
    assert before.fingerprint != after.fingerprint
    pair = await observe(bench.estate, ORG, "dr_pair", "dr-1")
    await bench.estate.run_drill(ORG, "dr-1", idempotency_key="k")
    assert (await observe(bench.estate, ORG, "dr_pair", "dr-1")).fingerprint != pair.fingerprint

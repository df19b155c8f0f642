"""What an execution grant must name before anything changes, and that the change is then recorded once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.tools.bench import KEY, NOW, ORG, Bench
from tools.grants import grant_is_authentic, sign_grant


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"org": "TNEIGHBOR"}, "another org or task"),
        ({"task_id": "task-2"}, "another org or task"),
        ({"environment": "staging"}, "for staging"),
        ({"tools": ["execute_rollout_nonprod"]}, "does not name execute_rollout_prod"),
        ({"asset_ids": []}, "does not name web-prod"),
        ({"expires_at": NOW}, "expired"),
        ({"expires_at": NOW - timedelta(seconds=1)}, "expired"),
        ({"expires_at": (NOW + timedelta(days=1)).replace(tzinfo=None)}, "expired"),
    ],
)
async def test_a_grant_for_something_else_changes_nothing(bench: Bench, changes: dict[str, Any], said: str) -> None:
    asset_ids = (await bench.drifted())[:2]
    before = await bench.estate.snapshot(ORG)
    grant = bench.grant(**{"asset_ids": asset_ids, **changes})
    refused = await bench.dispatch(await bench.rollout(asset_ids, grant=grant))
    assert refused.failure is not None
    assert refused.failure.kind == "no_grant"
    assert said in refused.failure.message
    assert await bench.estate.snapshot(ORG) == before


async def test_a_grant_widened_after_signing_changes_nothing(bench: Bench) -> None:
    granted, other = (await bench.drifted())[:2]
    before = await bench.estate.snapshot(ORG)
    widened = bench.grant([granted]).model_copy(update={"asset_ids": [granted, other]})
    refused = await bench.dispatch(await bench.rollout([granted, other], grant=widened))
    assert refused.failure is not None
    assert refused.failure.kind == "no_grant"
    assert "signature" in refused.failure.message
    assert await bench.estate.snapshot(ORG) == before


def test_without_a_key_nothing_is_signed_and_nothing_is_authentic(bench: Bench) -> None:
    grant = bench.grant(["a"])
    assert grant_is_authentic(grant, KEY)
    assert not grant_is_authentic(grant, b"")
    assert not grant_is_authentic(grant, b"another key")
    assert not grant_is_authentic(grant.model_copy(update={"mac": ""}), KEY)
    with pytest.raises(ValueError, match="empty"):
        sign_grant(grant, b"")


async def test_a_granted_rollout_changes_exactly_its_assets(bench: Bench) -> None:
    asset_ids = (await bench.drifted())[:2]
    before = await bench.estate.snapshot(ORG)
    result = await bench.dispatch(await bench.rollout(asset_ids))
    assert result.output is not None
    assert (result.output["changed"], result.output["failed"]) == (2, 0)
    after = await bench.estate.snapshot(ORG)
    assert sorted(asset_id for asset_id in after if after[asset_id] != before[asset_id]) == sorted(asset_ids)


async def test_the_same_call_again_answers_the_same_and_changes_nothing(bench: Bench) -> None:
    call = await bench.rollout((await bench.drifted())[:2])
    first = await bench.dispatch(call)
    after = await bench.estate.snapshot(ORG)
    again = await bench.dispatch(call)
    assert again.output == first.output
    assert again.digest == first.digest
    assert await bench.estate.snapshot(ORG) == after
    assert len(await bench.estate.journal(ORG)) == 2


async def test_a_change_is_on_record_before_and_after_it_happens(bench: Bench) -> None:
    call = await bench.rollout((await bench.drifted())[:1])
    result = await bench.dispatch(call)
    await bench.dispatch(call)
    entries = [entry for entry in await bench.ledger.show(ORG, limit=100) if f":{call.id}:" in entry.key]
    bodies = [json.loads(entry.body) for entry in entries]
    assert [body["stage"] for body in bodies] == ["intent", "outcome"]
    assert bodies[0]["plan_digest"] == "sha256:plan"
    assert bodies[0]["approvers"] == ["U2"]
    assert bodies[1]["params"] == call.params
    assert bodies[1]["result_digest"] == result.digest
    assert bodies[1]["outcome"] == "ok"
    assert bodies[1]["duration_ms"] > 0


async def test_a_refused_call_is_on_record_with_its_reason(bench: Bench) -> None:
    call = await bench.rollout((await bench.drifted())[:1], grant=None, actor="agent:drift")
    await bench.dispatch(call)
    (entry,) = [entry for entry in await bench.ledger.show(ORG, limit=100) if f":{call.id}:" in entry.key]
    body = json.loads(entry.body)
    assert entry.actor == "agent:drift"
    assert body["outcome"] == "no_grant"
    assert "no execution grant" in body["message"]


async def test_a_retry_with_another_outcome_is_another_entry(bench: Bench) -> None:
    call = bench.call("query_assets", {"limit": 1})
    bench.policies.away = True
    await bench.dispatch(call)
    bench.policies.away = False
    await bench.dispatch(call)
    entries = [entry for entry in await bench.ledger.show(ORG, limit=100) if f":{call.id}:" in entry.key]
    assert [json.loads(entry.body)["outcome"] for entry in entries] == ["unavailable", "ok"]

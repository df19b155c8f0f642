"""An evaluation changes nothing, whatever a model asks for: there is no way to, three times over."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from bot.evals.cases import Case, EstateOf, Expected
from bot.evals.mutations import Mutation, MutationFailed
from bot.evals.room import NOW, ORG, Notes, Room, harmless_registry
from bot.evals.trial import play
from tools.base import ToolCall
from tools.connectors.base import EstateError
from tools.connectors.incident import AlertQuery, ChangeQuery, LogQuery
from tools.contracts.common import JsonObject
from tools.contracts.identity import Caller
from tools.registry import build_registry

MUTATION: TypeAdapter[Mutation] = TypeAdapter(Mutation)


def mutated(*operations: JsonObject) -> EstateOf:
    return EstateOf(mutations=[MUTATION.validate_python(operation) for operation in operations])


def is_there(path: Path) -> bool:
    return path.exists()


async def test_a_tool_that_changes_state_is_not_there(room: Room) -> None:
    everything, harmless = build_registry(), harmless_registry()
    changing = [name for name, entry in everything.catalog().items() if entry["risk"].startswith("state_change")]
    assert changing
    assert not set(changing) & set(harmless.names())
    async with room.estates.opened("dry-tools", EstateOf()) as estate:
        before = await estate.snapshot(ORG)
        for name in changing:
            call = ToolCall(
                id=name,
                tool=name,
                params={},
                caller=Caller(org=ORG, user="U1", roles=["admin"]),
                task_id="t",
                allowed_tools=frozenset(everything.names()),
                environment="production",
            )
            result = await room.dispatcher(estate, Notes()).dispatch(call)
            assert result.failure is not None
            assert result.failure.kind == "unknown_tool"
        assert await estate.snapshot(ORG) == before


async def test_the_estate_refuses_every_write(room: Room) -> None:
    async with room.estates.opened("dry-estate", EstateOf()) as estate:
        before = await estate.snapshot(ORG)
        assets = [sorted(before)[0]]
        image = (await estate.images(ORG))[0].id
        with pytest.raises(EstateError, match="nothing can be changed"):
            await estate.apply_image(ORG, assets, image, idempotency_key="k", kind="rollout")
        with pytest.raises(EstateError, match="nothing can be changed"):
            await estate.promote_image(ORG, image, "production", idempotency_key="k")
        with pytest.raises(EstateError, match="nothing can be changed"):
            await estate.set_state(ORG, assets[0], "stopped")
        assert await estate.snapshot(ORG) == before


async def test_a_played_case_leaves_no_estate_behind_and_changed_none(room: Room) -> None:
    case = Case(
        id="dry-whole",
        request="production web servers have drifted from the golden image, fix it",
        expect=Expected(found=["plan"]),
    )
    trial = await play(case, room)
    assert (trial.found, trial.allowed, trial.error) == ("plan", True, None)
    assert not is_there(room.estates.folder / "dry-whole.db")
    async with room.estates.opened("dry-again", EstateOf()) as estate:
        assert await estate.journal(ORG) == []


async def test_mutations_change_what_they_say(room: Room) -> None:
    wanted = mutated(
        {"op": "golden", "environment": "staging", "image_family": "web-base"},
        {"op": "set", "table": "assets", "where": {"id": ["web-prod-euw1-01"]}, "values": {"name": "other"}},
        {"op": "delete", "table": "assets", "where": {"environment": "production", "image_family": "queue-base"}},
        {"op": "log", "asset_id": "web-prod-euw1-01", "message": "something odd"},
        {"op": "alert", "id": "al-eval", "title": "Something is odd"},
        {"op": "break", "table": "change_events"},
    )
    async with room.estates.opened("mutated", wanted) as estate:
        assets = await estate.snapshot(ORG)
        golden = next(i for i in await estate.images(ORG, family="web-base") if i.signed and i.status == "production")
        staged = [a for a in assets.values() if (a.environment, a.image_family) == ("staging", "web-base")]
        assert {asset.image_version for asset in staged} == {golden.version}
        assert assets["web-prod-euw1-01"].name == "other"
        assert not [a for a in assets.values() if (a.environment, a.image_family) == ("production", "queue-base")]
        lines, _ = await estate.logs(ORG, LogQuery(contains="something odd"), limit=5, cursor=None)
        assert [line.asset_id for line in lines] == ["web-prod-euw1-01"]
        alerts, _ = await estate.alerts(ORG, AlertQuery(ids=["al-eval"]), limit=5, cursor=None)
        assert [(alert.status, alert.raised_at < NOW) for alert in alerts] == [("open", True)]
        with pytest.raises(EstateError, match="could not be read"):
            await estate.change_events(ORG, ChangeQuery(), limit=5, cursor=None)


async def test_a_mutation_of_nothing_is_an_error_of_the_case(room: Room) -> None:
    wanted = mutated({"op": "delete", "table": "assets", "where": {"id": "web-prod-moon1-01"}})
    with pytest.raises(MutationFailed, match="matches no row"):
        async with room.estates.opened("nothing", wanted):
            raise AssertionError("it opened")

"""`gavel doctor` asks each configured provider on its own wire, and says what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from agents.orchestrator.providers.catalog import discover
from agents.orchestrator.providers.listing import listing_of
from bot.model_probes import examine_models, half_configured
from tests.wire.conftest import Line
from tests.wire.test_every_provider import when
from tests.wire.wires import KEY, WIRES, Wire

LISTED = [wire for wire in WIRES if wire.identifier in ("claude", "openai", "compatible", "ollama")]
"""Whose lists of models aimock serves."""


@pytest.mark.parametrize("wire", LISTED, ids=[wire.identifier for wire in LISTED])
async def test_a_providers_list_shows_that_it_is_reached_without_asking_a_model(
    plug: Callable[[Wire], Line], wire: Wire
) -> None:
    line = plug(wire)
    member = line.provider.member()
    model = member.model.partition("/")[2]
    await line.answers({"match": {"model": model}, "response": {"content": "x"}})
    [found] = await examine_models([member], deep=False)
    assert found.state == "ok", found
    assert found.answered.startswith("takes the key and lists")
    assert member.model in found.tried
    assert [sent.path.partition("?")[0] for sent in line.tap.sent] == [found.tried.partition(line.tap.base)[2]]
    if wire.key_in:
        assert KEY in line.tap.last.headers[wire.key_in]
    [other] = await examine_models([replace(member, model=f"{line.provider.identifier}/no-such")], deep=False)
    assert other.state == "failed"
    assert "lists no model no-such" in other.answered
    assert "GAVEL_MODEL_" in other.advice


async def test_a_short_question_is_asked_of_each_when_that_is_wanted(line: Line) -> None:
    await line.answers(when("Answer with the word ok", {"content": "ok"}))
    [found] = await examine_models([line.provider.member()], deep=True)
    assert (found.component, found.state) == (f"model {line.provider.name}", "ok")
    assert found.answered.startswith("answered in ")


async def test_a_key_that_is_refused_is_named_with_what_to_do_and_is_not_shown(line: Line) -> None:
    error = {"message": f"bad key {KEY}", "type": "authentication_error"}
    await line.answers(when("Answer", {"error": error, "status": 401}))
    [found] = await examine_models([line.provider.member()], deep=True)
    assert found.state == "failed"
    assert "refused the key" in found.answered
    assert found.advice == "set a key that is valid, of this provider and this address"
    assert KEY not in repr(found)


async def test_a_provider_that_is_away_is_told_and_the_others_are_asked(line: Line) -> None:
    gone = replace(line.provider.member(), api_base="http://127.0.0.1:9", extra=())
    if listing_of(gone) is None:
        return
    [found] = await examine_models([gone], deep=False)
    assert (found.state, found.answered) == (
        "failed",
        "connecting failed: nothing listens there, or it cannot be reached",
    )


def test_what_is_set_up_by_half_is_said() -> None:
    [found] = half_configured(discover({"AZURE_API_KEY": "k"}))
    assert (found.component, found.state) == ("provider azure", "not running")
    assert "AZURE_API_BASE" in found.answered

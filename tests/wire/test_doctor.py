"""`gavel doctor` asks each configured provider on its own wire, and says what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from agents.orchestrator.providers.catalog import discover
from agents.orchestrator.providers.listing import listing_of
from bot.ledger.database import Database
from bot.ledger.tables import AiRequestLog
from bot.model_probes import examine_models, half_configured
from bot.org import org_of
from bot.settings import BudgetSettings, DatabaseSettings, Settings
from tests.wire.conftest import Line
from tests.wire.test_every_provider import when
from tests.wire.wires import KEY, WIRES, Wire

LISTED = [wire for wire in WIRES if wire.identifier in ("claude", "openai", "compatible", "ollama")]
"""Whose lists of models aimock serves."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.embedded(data_dir=tmp_path)


@pytest.mark.parametrize("wire", LISTED, ids=[wire.identifier for wire in LISTED])
async def test_a_providers_list_shows_that_it_is_reached_without_asking_a_model(
    plug: Callable[[Wire], Line], wire: Wire, settings: Settings
) -> None:
    line = plug(wire)
    member = line.provider.member()
    model = member.model.partition("/")[2]
    await line.answers({"match": {"model": model}, "response": {"content": "x"}})
    [found] = await examine_models(settings, [member], deep=False)
    assert found.state == "ok", found
    assert found.answered.startswith("takes the key and lists")
    assert member.model in found.tried
    assert [sent.path.partition("?")[0] for sent in line.tap.sent] == [found.tried.partition(line.tap.base)[2]]
    if wire.key_in:
        assert KEY in line.tap.last.headers[wire.key_in]
    [other] = await examine_models(settings, [replace(member, model=f"{line.provider.identifier}/no-such")], deep=False)
    assert other.state == "failed"
    assert "lists no model no-such" in other.answered
    assert "GAVEL_MODEL_" in other.advice


async def test_a_short_question_is_asked_of_each_when_that_is_wanted(line: Line, settings: Settings) -> None:
    await line.answers(when("Answer with the word ok", {"content": "ok"}))
    [found] = await examine_models(settings, [line.provider.member()], deep=True)
    assert (found.component, found.state) == (f"model {line.provider.name}", "ok")
    assert found.answered.startswith("answered in ")
    database = Database.open(settings.database_url)
    async with database.reading() as sql:
        row = AiRequestLog
        columns = (row.org, row.agent, row.purpose, row.member, row.success, row.prompt_tokens)
        [kept] = (await sql.execute(select(*columns))).all()
    await database.close()
    assert tuple(kept)[:5] == (org_of(settings), "doctor", "probe", line.provider.name, True)


async def test_each_run_has_the_budget_of_one_task_to_itself(line: Line, settings: Settings) -> None:
    """However often somebody looked before: it is as if it were the first time."""
    await line.answers(when("Answer with the word ok", {"content": "ok"}))
    member = line.provider.member()
    once = settings.model_copy(update={"budgets": BudgetSettings(task_tokens=800)})
    for _ in range(2):
        [found] = await examine_models(once, [member], deep=True)
        assert found.state == "ok", found
    database = Database.open(settings.database_url)
    async with database.reading() as sql:
        tasks = list(await sql.scalars(select(AiRequestLog.task_id)))
    await database.close()
    assert len({*tasks}) == 2
    assert all(task.startswith("doctor:") for task in tasks)


async def test_a_call_that_cannot_be_recorded_or_paid_for_is_not_made(line: Line, settings: Settings) -> None:
    await line.answers(when("Answer with the word ok", {"content": "ok"}))
    member = line.provider.member()
    away = settings.model_copy(
        update={"database": DatabaseSettings.model_validate({"url": "postgresql://nobody@127.0.0.1:9/none"})}
    )
    [found] = await examine_models(away, [member], deep=True)
    assert (found.state, line.tap.sent) == ("failed", [])
    assert found.answered.startswith("not asked: the call could not be recorded")
    poor = settings.model_copy(update={"budgets": BudgetSettings(org_tokens=10)})
    [found] = await examine_models(poor, [member], deep=True)
    assert (found.state, line.tap.sent) == ("failed", [])
    assert "No model was asked" in found.answered


async def test_a_key_that_is_refused_is_named_with_what_to_do_and_is_not_shown(line: Line, settings: Settings) -> None:
    error = {"message": f"bad key {KEY}", "type": "authentication_error"}
    await line.answers(when("Answer", {"error": error, "status": 401}))
    [found] = await examine_models(settings, [line.provider.member()], deep=True)
    assert found.state == "failed"
    assert "refused the key" in found.answered
    assert found.advice == "set a key that is valid, of this provider and this address"
    assert KEY not in repr(found)


async def test_a_provider_that_is_away_is_told_and_the_others_are_asked(line: Line, settings: Settings) -> None:
    gone = replace(line.provider.member(), api_base="http://127.0.0.1:9", extra=())
    if listing_of(gone) is None:
        return
    [found] = await examine_models(settings, [gone], deep=False)
    assert (found.state, found.answered) == (
        "failed",
        "connecting failed: nothing listens there, or it cannot be reached",
    )


def test_what_is_set_up_by_half_is_said() -> None:
    [found] = half_configured(discover({"AZURE_API_KEY": "k"}))
    assert (found.component, found.state) == ("provider azure", "not running")
    assert "AZURE_API_BASE" in found.answered

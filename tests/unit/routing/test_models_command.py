"""`gavel models` and `/gavel models`: every provider, what its models are asked for and why, what was measured."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from temporalio.client import Client
from typer.testing import CliRunner

from agents.orchestrator.chat import Member
from agents.orchestrator.providers.catalog import VENDORS, discover
from bot.late import LateModels
from bot.local.models import fast_members
from bot.routing.cli import ModelsInputs, models_app
from bot.routing.reading import read_models
from bot.settings import DatabaseSettings, LlmSettings, MemberSettings, RoutingSettings, Settings
from tests.unit.ledger.book import ORG, Book
from tests.unit.listeners.conftest import slack, temporal
from tests.unit.listeners.desk import Desk, open_desk
from tests.unit.local_slack.harness import OPS, Slack
from tests.unit.routing.calling import called, proved

__all__ = ["slack", "temporal"]

ENVIRON = {"ANTHROPIC_API_KEY": "key-of-claude", "OPENAI_API_KEY": "key-of-openai", "AZURE_API_KEY": "key-of-azure"}


def settings_of(book: Book, tmp_path: Path, **routing: object) -> Settings:
    return Settings.embedded(data_dir=tmp_path).model_copy(
        update={
            "database": DatabaseSettings.model_validate({"url": book.url}),
            "llm": LlmSettings(),
            "routing": RoutingSettings.model_validate(routing),
        }
    )


async def test_every_provider_is_told_with_what_is_measured_and_why(book: Book, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    await called(book, "Claude", 30, cost=0.02, at=now - timedelta(hours=1))
    await called(book, "OpenAI", 30, cost=0.004, at=now - timedelta(hours=1))
    await called(book, "OpenAI", 3, purpose="understand", cost=None, at=now - timedelta(hours=1))
    await proved(book, right=True, task="t1", at=now - timedelta(hours=1))
    settings = settings_of(book, tmp_path)
    report = await read_models(settings, ENVIRON, discover(ENVIRON).members, org=ORG, now=now, database=book.database)
    assert [provider.identifier for provider in report.providers] == [vendor.identifier for vendor in VENDORS]
    told = {provider.identifier: provider for provider in report.providers}
    assert {name for name, provider in told.items() if provider.configured} == {"claude", "openai"}
    assert "AZURE_API_KEY is set but" in told["azure"].missing
    assert told["ollama"].missing.startswith("Set OLLAMA_API_BASE")
    claude = {model.name: model for model in told["claude"].models}
    assert claude["Claude"].used_for == ("parsing where the fast ones fail", "reasoning, alone and on the council")
    assert claude["Claude (claude-haiku-5-5)"].used_for == ("parsing",)
    assert claude["Claude (claude-opus-5-5)"].used_for == ()
    assert claude["Claude"].can.tools
    track = claude["Claude"].measured["reason"]
    assert (track.calls, track.judged, track.right) == (30, 1, 1)
    assert track.cost_usd == pytest.approx(0.02)
    assert told["openai"].models[0].measured["parse"].cost_usd is None
    uses = {(use.job, use.agent): use for use in report.uses}
    assert uses["parse", None].order[0] == "Claude (claude-haiku-5-5)"
    assert uses["reason", "drift"].why.startswith("Measured over 30 calls")
    assert ("reason", "dr") not in uses
    pinned = settings_of(book, tmp_path, agents={"dr": "OpenAI"})
    report = await read_models(pinned, ENVIRON, discover(ENVIRON).members, org=ORG, now=now, database=book.database)
    assert [use.why for use in report.uses if use.agent == "dr"] == ["OpenAI is pinned (routing.pins)."]


def test_the_command_prints_json_without_any_key(book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    settings = settings_of(book, tmp_path)
    explicit = settings.llm.model_copy(
        update={"members": [MemberSettings(name="Own", model="openai/own", api_base="http://127.0.0.1:1")]}
    )
    for given in (settings, settings.model_copy(update={"llm": explicit})):
        app = models_app(lambda given=given: ModelsInputs(given, ORG))
        ran = CliRunner().invoke(app, ["--json"])
        assert ran.exit_code == 0, ran.output
        told = json.loads(ran.stdout)
        assert len(told["providers"]) >= len(VENDORS)
        plain = CliRunner().invoke(app, [])
        assert plain.exit_code == 0, plain.output
        assert "key-of" not in ran.stdout + plain.stdout
    assert "Own" in plain.stdout


def test_it_answers_before_anything_ever_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    app = models_app(lambda: ModelsInputs(Settings.embedded(data_dir=tmp_path / "new"), ORG))
    ran = CliRunner().invoke(app, [])
    assert ran.exit_code == 0, ran.output
    assert "Rehearsal (rules, not an LLM)" in ran.stdout
    assert not (tmp_path / "new").exists()


@pytest.fixture
async def desk(slack: Slack, temporal: Client, book: Book, tmp_path: Path) -> AsyncGenerator[Desk]:
    settings = settings_of(book, tmp_path)
    members = [Member(name="Claude", model="anthropic/claude-x", family="anthropic", provider="claude")]

    def models(client: AsyncWebClient) -> LateModels:
        del client
        return LateModels(settings, members)

    async with open_desk(slack, temporal, desks={"models": models}) as opened:
        yield opened


async def test_in_slack_it_is_for_the_one_who_asked(desk: Desk, book: Book) -> None:
    await called(book, "Claude", 2, org="T1", at=datetime.now(UTC) - timedelta(hours=1))
    answer = await desk.slack.act("command", user="ada", channel=OPS, text="models")
    assert answer["ok"], answer
    messages = (await desk.slack.look("channel", channel=OPS, viewer="ada"))["messages"]
    assert messages[-1]["ephemeral"]
    said = str(messages[-1]["blocks"])
    assert "• Claude `anthropic/claude-x`: parsing; reasoning, alone and on the council" in said
    assert "reason: 2 calls, 0 failed" in said
    assert "• Gemini: Set GEMINI_API_KEY" in said


def test_no_member_is_fast_where_all_are_rehearsed(tmp_path: Path) -> None:
    members = [Member(name="Amber", model="openai/rehearsal-amber", family="a", simulated=True)]
    assert fast_members(LlmSettings(), RoutingSettings(), ENVIRON, members) == []
    # Nor in a demo that was given a model: it reaches that one alone.
    given = [Member(name="Claude", model="anthropic/claude-x", family="anthropic", provider="claude")]
    assert fast_members(LlmSettings(provider="rehearsal"), RoutingSettings(), ENVIRON, given) == []

"""`gavel demo --llm`: a configured model plays. Here it is a rehearsal model behind an address of one's own, for which
Gavel has no way of knowing that: what it is told to be a model, it shows as one."""

from __future__ import annotations

import pytest
from aiohttp import web

from bot.blocks.message import REHEARSAL
from bot.local.rehearsal.server import RehearsalServer
from tests.scenarios.test_demo import played


@pytest.mark.timeout(400)
async def test_a_configured_model_plays_and_nothing_says_that_it_rehearses(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = web.AppRunner(RehearsalServer().app(), shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        monkeypatch.setenv("COMPATIBLE_API_BASE", f"http://127.0.0.1:{runner.addresses[0][1]}/v1")
        monkeypatch.setenv("GAVEL_MODEL_COMPATIBLE", "rehearsal-amber")
        status, events, errors = await played("--seed", "11", "--agent", "drift", "--llm", "compatible")
    finally:
        await runner.cleanup()
    summary = events[-1]
    assert (status, summary["event"], summary["error"]) == (0, "summary", None), errors
    assert summary["models"] == "OpenAI-compatible (openai/rehearsal-amber)"
    [drift] = summary["scenarios"]
    assert drift["outcome"] == "completed"
    assert drift["ledger_verified"]
    assert REHEARSAL not in str(events)


async def test_a_model_that_does_not_answer_is_told_before_anything_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPATIBLE_API_BASE", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("GAVEL_MODEL_COMPATIBLE", "my-own")
    status, events, errors = await played("--llm", "compatible")
    assert (status, events) == (2, [])
    assert "could not be reached" in errors
    assert "Nothing was started" in errors


async def test_a_model_without_a_key_is_told_with_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    status, events, errors = await played("--llm", "gpt-6.1-sol")
    assert (status, events) == (2, [])
    assert "OpenAI is not configured. Set OPENAI_API_KEY. Nothing was started." in errors

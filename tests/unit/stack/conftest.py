from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.settings import Settings

CONFIGURATION = ("SLACK_", "TEMPORAL_", "OPA_", "REDIS_", "DATABASE_", "LLM_", "GAVEL_", "AWS_", "OLLAMA_", "AZURE_")
KEYS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")


@pytest.fixture(autouse=True)
def unconfigured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(CONFIGURATION) or name in KEYS:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")

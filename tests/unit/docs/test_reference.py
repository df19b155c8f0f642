"""The configuration reference is what the settings tree says, all of it, and no secret."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.reference.page import reference
from bot.settings import SECTIONS, Settings

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_the_page_is_what_the_tree_says_now() -> None:
    assert PAGE.read_text("utf-8") == reference(), "docs/configuration.md is stale: run `make docs`"


def test_every_setting_is_on_it_by_its_variable_and_its_key() -> None:
    page = reference()
    for name in Settings.model_fields:
        assert name in SECTIONS or f"| `GAVEL_{name.upper()}` | `{name}` |" in page
    for section, tree in SECTIONS.items():
        prefix = tree.model_config.get("env_prefix", "")
        for name in tree.model_fields:
            assert f"| `{prefix}{name.upper()}` | `{section}.{name}` |" in page


def test_keys_of_mappings_are_on_it_as_they_are_written() -> None:
    for key in (
        "llm.members[].can.vision",
        "calendar.windows[].from",
        "autonomy.orgs.NAME.mode",
        "budgets.prices.NAME.input",
    ):
        assert f"`{key}`" in reference()


def test_the_environment_does_not_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = reference()
    monkeypatch.setenv("GAVEL_SECRET_KEY", "ab" * 32)
    monkeypatch.setenv("LLM_MODE", "council")
    assert reference() == before


def test_gavel_prints_it() -> None:
    printed = subprocess.run(
        (sys.executable, "-m", "bot.cli", "config", "reference"), capture_output=True, text=True, check=True
    )
    assert printed.stdout == reference()

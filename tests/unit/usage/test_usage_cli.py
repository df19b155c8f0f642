"""`gavel usage`, as a person and as a program sees it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.usage.cli import UsageInputs, usage_app
from bot.usage.teams import Teams
from tests.unit.ledger.book import ORG, Book
from tests.unit.usage.calls import ADA, GRACE, Calls


class Cli:
    def __init__(self, url: str, teams: Mapping[str, Collection[str]]) -> None:
        self._app = usage_app(lambda: UsageInputs(url, ORG, Teams(teams, None)))

    async def run(self, *arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, self._app, list(arguments), env={"COLUMNS": "200"})


@pytest.fixture
async def cli(book: Book) -> Cli:
    calls = Calls(book)
    await calls.add(user=ADA, cost=1.25)
    await calls.add(user=GRACE, cost=None)
    await calls.add(user=GRACE, cost=9.0, org="T0OTHER")
    return Cli(book.url, {"platform": [ADA]})


async def test_a_table_with_a_total(cli: Cli) -> None:
    ran = await cli.run("--by", "person", "--since", "2026-01-01")
    assert ran.exit_code == 0, ran.output
    lines = ran.output.splitlines()
    assert "since 2026-01-01 00:00 UTC" in lines[0]
    assert any(ADA in line and "$1.25" in line for line in lines)
    assert any(GRACE in line and "unknown (1 call)" in line for line in lines)
    assert any("total" in line and "$1.25 and 1 call of unknown cost" in line for line in lines)
    assert "9.0" not in ran.output


async def test_json(cli: Cli) -> None:
    found = json.loads((await cli.run("--by", "team", "--since", "2026-01-01", "--json")).stdout)
    assert (found["org"], found["by"]) == (ORG, "team")
    assert {row["name"]: row["cost_usd"] for row in found["rows"]} == {"platform": 1.25, "no team": None}
    assert (found["total"]["calls"], found["total"]["unknown_costs"]) == (2, 1)


async def test_another_org_by_name(cli: Cli) -> None:
    found = json.loads((await cli.run("--org", "T0OTHER", "--since", "2026-01-01", "--json")).stdout)
    assert found["total"]["cost_usd"] == 9.0


async def test_what_cannot_be_counted_is_a_sentence(book: Book, tmp_path: Path) -> None:
    ran = await Cli(book.url, {}).run("--by", "team")
    assert ran.exit_code == 2
    assert "Nobody says who is in which team" in ran.output
    ran = await Cli(book.url, {}).run("--since", "soon")
    assert ran.exit_code == 2
    assert "--since: it must be like 7d, 12h" in ran.output
    ran = await Cli(f"sqlite:///{tmp_path / 'absent.db'}", {}).run()
    assert ran.exit_code == 2
    assert "There is no request log" in ran.output
    assert not (tmp_path / "absent.db").exists()

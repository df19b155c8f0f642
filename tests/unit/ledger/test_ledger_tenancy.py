"""Two tenants with the same task ids, keys, users and values: no question to the ledger is answered across."""

from __future__ import annotations

import json
from asyncio import to_thread
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.ledger.cli import LedgerInputs, ledger_app
from bot.ledger.requests import RequestLog
from tests.unit.ledger.book import KEY, ORG, Book
from tests.unit.ledger.test_ledger_requests import RECORD, REQUEST
from tools.contracts.common import digest_of

NEIGHBOR = "T0OTHER"
SHARED = {"value": "kept by both"}
SECRET = {"value": "kept by the neighbor alone"}


@pytest.fixture
async def shared(book: Book) -> Book:
    """The neighbor wrote first, under every name that ours uses later."""
    log = RequestLog(book.ledger)
    for org, steps, cost in ((NEIGHBOR, 5, None), (ORG, 3, 0.5)):
        await book.add(steps, org=org)
        await log.log(replace(RECORD, request=replace(REQUEST, org=org), cost_usd=cost))
        await book.ledger.put_artifact(org, "task-1", digest=digest_of(SHARED), body=SHARED)
    await book.ledger.put_artifact(NEIGHBOR, "task-1", digest=digest_of(SECRET), body=SECRET)
    return book


async def test_the_same_keys_are_entries_of_each(shared: Book) -> None:
    ours, theirs = await shared.entries(ORG), await shared.entries(NEIGHBOR)
    assert [entry.seq for entry in ours] == [1, 2, 3, 4]
    assert [entry.seq for entry in theirs] == [1, 2, 3, 4, 5, 6]
    assert {entry.org for entry in ours} == {ORG}
    assert not {entry.hash for entry in ours} & {entry.hash for entry in theirs}
    assert {entry.org for entry in await shared.ledger.show(ORG, task_id="task-1", kind="llm_called")} == {ORG}


async def test_what_is_known_costs_and_is_kept_is_of_one_org(shared: Book) -> None:
    ledger = shared.ledger
    assert await ledger.known(ORG, "task-1", ["step-3", "step-4"]) == {"step-3"}
    assert await ledger.known(NEIGHBOR, "task-1", ["step-3", "step-4"]) == {"step-3", "step-4"}
    # A call of unknown cost makes a sum unknown: the neighbor's must not make ours.
    assert await ledger.cost(ORG, "task-1") == 0.5
    assert await ledger.cost(NEIGHBOR, "task-1") is None
    assert await ledger.get_artifact(ORG, digest_of(SHARED)) is not None
    assert await ledger.get_artifact(ORG, digest_of(SECRET)) is None


async def test_a_neighbors_broken_chain_is_not_ours(shared: Book) -> None:
    await shared.sql("UPDATE ledger_entries SET body = '{}' WHERE org = :org AND seq = 2", org=NEIGHBOR)
    assert (await shared.ledger.verify(ORG)).ok
    assert not (await shared.ledger.verify(NEIGHBOR)).ok


async def test_the_command_shows_exports_and_verifies_one_org(shared: Book, tmp_path: Path) -> None:
    inputs = LedgerInputs(shared.url, shared.anchor_directory, KEY, ORG)
    app, runner = ledger_app(lambda: inputs), CliRunner()

    def ran(*arguments: str) -> str:
        result = runner.invoke(app, list(arguments))
        assert result.exit_code == 0, result.output
        return result.output

    for org, count in ((ORG, 4), (NEIGHBOR, 6)):
        shown = await to_thread(ran, "show", "--json", "--org", org)
        assert [json.loads(line)["org"] for line in shown.splitlines()] == [org] * count
        file = tmp_path / f"{org}.jsonl"
        await to_thread(ran, "export", str(file), "--org", org)
        other = NEIGHBOR if org == ORG else ORG
        assert other not in file.read_text(encoding="utf-8")
        for verified in (("--org", org), ("--export", str(file))):
            assert json.loads(await to_thread(ran, "verify", "--json", *verified))["org"] == org
    assert "the neighbor alone" not in (tmp_path / f"{ORG}.jsonl").read_text(encoding="utf-8")

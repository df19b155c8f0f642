"""`gavel ledger`, as a person and as a program sees it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from bot.ledger.cli import LedgerInputs, ledger_app
from tests.unit.ledger.book import KEY, ORG, Book


class Cli:
    def __init__(self, inputs: LedgerInputs) -> None:
        self._app: typer.Typer = ledger_app(lambda: inputs)

    async def run(self, *arguments: str) -> Result:
        """In a thread: a command has an event loop of its own."""
        return await asyncio.to_thread(CliRunner().invoke, self._app, list(arguments), env={"COLUMNS": "200"})


@pytest.fixture
def cli(book: Book) -> Cli:
    return Cli(LedgerInputs(book.url, book.anchor_directory, KEY, ORG))


async def test_verify_of_a_whole_ledger_says_so_and_exits_0(book: Book, cli: Cli) -> None:
    await book.add(3)
    result = await cli.run("verify")
    assert result.exit_code == 0, result.output
    assert "3 in order, anchored at 3" in result.output
    assert "verified" in result.output


async def test_verify_of_a_cut_ledger_says_what_and_exits_1(book: Book, cli: Cli) -> None:
    await book.add(3)
    await book.sql("DELETE FROM ledger_entries WHERE seq = 3")
    result = await cli.run("verify")
    assert result.exit_code == 1
    assert "NOT VERIFIED" in result.output
    assert "the last 1 entry was cut off" in result.output
    as_json = await cli.run("verify", "--json")
    assert as_json.exit_code == 1
    found = json.loads(as_json.stdout)
    assert (found["ok"], found["first_bad_seq"], found["anchored_seq"]) == (False, 3, 3)


async def test_show_lists_one_task_and_json_is_one_object_a_line(book: Book, cli: Cli) -> None:
    await book.add(2)
    await book.add(2, task_id="task-2")
    table = await cli.run("show", "task-2")
    assert "task-2" in table.output
    assert "task-1" not in table.output
    lines = (await cli.run("show", "--json", "--after", "1", "--limit", "2")).stdout.splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [2, 3]
    assert json.loads(lines[0])["body"] == {"step": 2}
    assert (await cli.run("show", "--kind", "task_ended", "--json")).stdout == ""


async def test_show_cannot_be_made_to_paint_the_terminal(book: Book, cli: Cli) -> None:
    await book.record({"log": "[bold red]x[/] \x1b[2J\x07"}, key="k", actor="U1\x1b[31m\nfake line")
    output = (await cli.run("show")).output
    assert "\x1b[2J" not in output
    assert "\x1b[31m" not in output
    assert "[bold red]x[/]" in output


async def test_show_of_a_row_that_is_no_json_any_more_shows_it_as_it_is(book: Book, cli: Cli) -> None:
    await book.add(1)
    await book.sql("UPDATE ledger_entries SET body = '{cut'")
    assert json.loads((await cli.run("show", "--json")).stdout)["body"] == "{cut"


async def test_another_org_is_asked_for_by_name(book: Book, cli: Cli) -> None:
    await book.add(1, org="T0OTHER")
    assert json.loads((await cli.run("verify", "--json", "--org", "T0OTHER")).stdout)["entries"] == 1
    assert json.loads((await cli.run("verify", "--json")).stdout)["entries"] == 0


async def test_export_writes_a_file_that_verify_checks(book: Book, cli: Cli, tmp_path: Path) -> None:
    await book.add(3)
    path = tmp_path / "out.jsonl"
    result = await cli.run("export", str(path), "--json")
    assert json.loads(result.stdout) == {"file": str(path), "lines": 5, "org": ORG}
    assert (await cli.run("verify", "--export", str(path))).exit_code == 0
    path.write_text(path.read_text().replace("step-2", "step-9"))
    assert (await cli.run("verify", "--export", str(path))).exit_code == 1


async def test_a_ledger_that_is_not_there_is_not_a_whole_one(tmp_path: Path) -> None:
    missing = Cli(LedgerInputs(f"sqlite:///{tmp_path / 'no.db'}", tmp_path, KEY, ORG))
    for arguments in (["verify"], ["show"], ["export", str(tmp_path / "x.jsonl")]):
        result = await missing.run(*arguments)
        assert result.exit_code == 2
        assert "There is no ledger at" in result.stderr
    assert not (tmp_path / "no.db").exists()


async def test_files_and_urls_that_do_not_work_are_a_sentence(book: Book, cli: Cli, tmp_path: Path) -> None:
    for result in (
        await cli.run("verify", "--export", str(tmp_path / "none.jsonl")),
        await cli.run("export", str(tmp_path / "no" / "dir" / "x.jsonl")),
        await Cli(LedgerInputs("mysql://x/y", tmp_path, KEY, ORG)).run("verify"),
    ):
        assert result.exit_code == 2
        assert result.stderr.startswith("gavel: ")
        assert "Traceback" not in result.stderr
    assert book.anchor_directory is not None

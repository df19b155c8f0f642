"""`gavel ledger verify|show|export`. The commands know no settings: whoever mounts them says where the ledger is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.ledger.anchor import FileAnchor
from bot.ledger.chain import Entry
from bot.ledger.database import Database, DatabaseUrlError, async_url
from bot.ledger.export import verify_export, write_export
from bot.ledger.ledger import Ledger
from bot.ledger.verify import Verification
from tools.contracts.ledger import LedgerKind, LedgerUnavailable

Result = TypeVar("Result")
EXIT_NOT_WHOLE = 1
"""The ledger was read and is not what was written."""
EXIT_NOT_READ = 2
"""The ledger could not be read: no verdict."""


@dataclass(frozen=True)
class LedgerInputs:
    """Where a ledger is."""

    database_url: str
    anchor_directory: Path
    key: bytes
    org: str
    anchor_key: bytes | None = None
    """Of the anchor, where it has one of its own; None: `key`."""


Org = Annotated[str | None, typer.Option("--org", help="Another org than the configured one.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]


def ledger_app(inputs: Callable[[], LedgerInputs]) -> typer.Typer:
    """The sub-app. `inputs` is called when a command runs, so that `--help` needs no configuration."""
    app = typer.Typer(help="The record: what was asked, judged, decided and done.", no_args_is_help=True)

    @app.command()
    def verify(
        org: Org = None,
        export_file: Annotated[
            Path | None, typer.Option("--export", help="Check this exported file instead; needs only the key.")
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Check every entry against the chain, the key and the anchor. Exit 1 when something was changed."""
        settings = inputs()
        if export_file is not None:
            found = run_or_exit(_verify_file(export_file, settings.key))
        else:
            found = run_or_exit(_verify(settings, org or settings.org))
        print_verification(found, as_json=as_json)
        if not found.ok:
            raise typer.Exit(EXIT_NOT_WHOLE)

    @app.command()
    def show(
        task_id: Annotated[str | None, typer.Argument(help="Only this task.")] = None,
        org: Org = None,
        kind: Annotated[LedgerKind | None, typer.Option("--kind", help="Only entries of this kind.")] = None,
        after: Annotated[int, typer.Option("--after", min=0, help="Only entries after this one.")] = 0,
        limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 200,
        as_json: AsJson = False,
    ) -> None:
        """Show entries in order."""
        settings = inputs()
        entries = run_or_exit(
            _show(settings, org or settings.org, task_id=task_id, kind=kind, after=after, limit=limit)
        )
        _print_entries(entries, as_json=as_json)

    @app.command()
    def export(
        output: Annotated[Path, typer.Argument(help="The file to write, one JSON object a line.")],
        org: Org = None,
        as_json: AsJson = False,
    ) -> None:
        """Write the whole ledger to a file that `verify --export` can check anywhere with the key."""
        settings = inputs()
        lines = run_or_exit(_export(settings, org or settings.org, output))
        if as_json:
            typer.echo(json.dumps({"file": str(output), "lines": lines, "org": org or settings.org}))
        else:
            typer.echo(f"Wrote {lines} lines to {output}. Check it with: gavel ledger verify --export {output}")

    return app


def run_or_exit(work: Coroutine[Any, Any, Result]) -> Result:
    """What it comes to; else the reason is printed and the command ends with :data:`EXIT_NOT_READ`."""
    try:
        return asyncio.run(work)
    except (LedgerUnavailable, DatabaseUrlError) as error:
        typer.echo(f"gavel: {error}", err=True)
        raise typer.Exit(EXIT_NOT_READ) from error
    except OSError as error:
        typer.echo(
            f"gavel: {error.filename or 'the file'}: {error.strerror}. Nothing was written or checked.", err=True
        )
        raise typer.Exit(EXIT_NOT_READ) from error


@asynccontextmanager
async def _opened(settings: LedgerInputs) -> AsyncGenerator[Ledger]:
    url = async_url(settings.database_url)
    file = Path(url.database or "")
    # SQLite would make an empty file of a wrong path, and an empty ledger is in order.
    if url.drivername.startswith("sqlite") and not await asyncio.to_thread(file.is_file):
        raise LedgerUnavailable(f"There is no ledger at {file}. Check DATABASE_URL.")
    database = Database.open(settings.database_url)
    try:
        anchor = FileAnchor(settings.anchor_directory, key=settings.anchor_key or settings.key)
        yield Ledger(database, anchor, key=settings.key)
    finally:
        await database.close()


async def _verify(settings: LedgerInputs, org: str) -> Verification:
    async with _opened(settings) as ledger:
        return await ledger.verify(org)


async def _verify_file(path: Path, key: bytes) -> Verification:
    return await asyncio.to_thread(verify_export, path, key=key)


async def _show(
    settings: LedgerInputs, org: str, *, task_id: str | None, kind: LedgerKind | None, after: int, limit: int
) -> list[Entry]:
    async with _opened(settings) as ledger:
        return await ledger.show(org, task_id=task_id, kind=kind, after_seq=after, limit=limit)


async def _export(settings: LedgerInputs, org: str, output: Path) -> int:
    async with _opened(settings) as ledger:
        return await write_export(ledger.export(org), output)


def print_verification(found: Verification, *, as_json: bool) -> None:
    """For people, or one JSON object."""
    if as_json:
        typer.echo(json.dumps({**asdict(found), "lag": found.lag}, sort_keys=True))
        return
    anchored = "no anchor" if found.anchored_seq is None else f"anchored at {found.anchored_seq}"
    table = Table(show_header=False, box=None)
    table.add_row("org", printable(found.org))
    table.add_row("entries", f"{found.entries} in order, {anchored}")
    table.add_row("artifacts", f"{found.artifacts} in order")
    if found.lag:
        table.add_row("not yet anchored", f"{found.lag} (valid; the next entry anchors them)")
    table.add_row(
        "verdict", Text("verified", style="bold green") if found.ok else Text("NOT VERIFIED", style="bold red")
    )
    console = Console()
    console.print(table)
    if found.problem is not None:
        console.print(printable(found.problem))


def _print_entries(entries: list[Entry], *, as_json: bool) -> None:
    if as_json:
        for entry in entries:
            typer.echo(json.dumps({**asdict(entry), "body": _body(entry)}, sort_keys=True))
        return
    table = Table("seq", "at", "task", "kind", "actor", "body")
    for entry in entries:
        body = entry.body if len(entry.body) <= 300 else f"{entry.body[:300]}…"
        table.add_row(str(entry.seq), *map(printable, (entry.at, entry.task_id, entry.kind, entry.actor, body)))
    Console().print(table)


def _body(entry: Entry) -> Any:
    """The body as JSON; as the text it is where somebody made it something else."""
    try:
        return json.loads(entry.body)
    except (ValueError, RecursionError):
        return entry.body


def printable(text: str) -> Text:
    """Untrusted text for a terminal: no markup, and no control character that could move the cursor or fake a line."""
    return Text("".join(char if char.isprintable() else "\ufffd" for char in text))

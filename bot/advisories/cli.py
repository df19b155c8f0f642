"""`gavel cve import`. The command knows no settings: whoever mounts it says where the database is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.advisories.dump import UnreadableDump
from bot.advisories.importing import ImportReport, import_dump
from bot.advisories.schema import migrate_advisories
from bot.advisories.store import SqlAdvisories
from bot.ledger.database import Database, DatabaseUrlError
from tools.connectors.base import EstateError

EXIT_INCOMPLETE = 1
"""Some records, or the rest of the file, were not imported."""
EXIT_NOT_READ = 2
"""Nothing was imported."""


def cve_app(database_url: Callable[[], str]) -> typer.Typer:
    """The sub-app. `database_url` is called when a command runs, so that `--help` needs no configuration."""
    app = typer.Typer(help="Public CVE data that the security and patch tools compare with.", no_args_is_help=True)

    @app.callback()
    def cve() -> None:
        """Public CVE data that the security and patch tools compare with."""

    @app.command(name="import")
    def import_(
        file: Annotated[Path, typer.Argument(help="OSV data: a zip of JSON files, JSON lines, or one JSON document.")],
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    ) -> None:
        """Load OSV records. Exit 1 when some of them were not imported, 2 when none was."""
        try:
            report = asyncio.run(_import(database_url(), file))
        except (UnreadableDump, EstateError, DatabaseUrlError) as error:
            typer.echo(f"gavel: Nothing more was imported. {error}.".replace("..", "."), err=True)
            raise typer.Exit(EXIT_NOT_READ) from error
        if as_json:
            typer.echo(report.model_dump_json())
        else:
            _print(report)
        if not report.complete:
            raise typer.Exit(EXIT_INCOMPLETE)

    return app


async def _import(url: str, file: Path) -> ImportReport:
    await migrate_advisories(url)
    database = Database.open(url)
    try:
        return await import_dump(SqlAdvisories(database), file, at=datetime.now(UTC))
    finally:
        await database.close()


def _print(report: ImportReport) -> None:
    console = Console()
    table = Table(box=None, pad_edge=False, show_header=False)
    for name in ("records", "added", "updated", "unchanged", "older", "failed", "withdrawn", "unreadable_vectors"):
        table.add_row(name.replace("_", " "), Text(str(getattr(report, name)), justify="right"))
    console.print(Text(f"{report.file} ({report.format})"))
    console.print(table)
    ecosystems = ", ".join(f"{name} {count}" for name, count in report.ecosystems.items())
    console.print(Text(f"about: {ecosystems or 'no package'}"))
    for item in report.problems:
        console.print(Text(f"  {item.where}: {item.problem}", style="yellow"))
    if report.failed > len(report.problems):
        console.print(Text(f"  and {report.failed - len(report.problems)} more", style="yellow"))
    if report.stopped is not None:
        console.print(Text(f"Stopped: {report.stopped}. What was read before is imported.", style="bold red"))

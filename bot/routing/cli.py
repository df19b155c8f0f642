"""`gavel models`: every provider, its models, what each is asked for and why, and what was measured."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from agents.orchestrator.chat import Capabilities
from bot.clock import utc_now
from bot.ledger.cli import printable
from bot.ledger.database import Database, async_url
from bot.local.models import configured_members
from bot.local.rehearsal.members import rehearsal_members
from bot.routing.reading import read_models
from bot.routing.report import ModelRow, ModelsReport
from bot.routing.words import track_words
from bot.settings import Settings
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerUnavailable

EXIT_NOT_READ = 2


@dataclass(frozen=True)
class ModelsInputs:
    settings: Settings
    org: str


def models_app(inputs: Callable[[], ModelsInputs]) -> typer.Typer:
    """The sub-app. `inputs` is called when the command runs, so that `--help` needs no configuration."""
    app = typer.Typer(add_completion=False)

    @app.command()
    def models(
        org: Annotated[str | None, typer.Option("--org", help="Another org than the configured one.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    ) -> None:
        """Every provider, configured or not; which of its models is asked for what and why; success, cost and calls of
        the last 30 days."""
        given = inputs()
        try:
            report = asyncio.run(_read(given.settings, org or given.org))
        except LedgerUnavailable as error:
            typer.echo(f"gavel: {error}", err=True)
            raise typer.Exit(EXIT_NOT_READ) from error
        if as_json:
            typer.echo(json.dumps(as_object(report)))
        else:
            _print(report)

    return app


async def _read(settings: Settings, org: str) -> ModelsReport:
    members = await configured_members(settings.llm, os.environ) or rehearsal_members("http://127.0.0.1")
    url = async_url(settings.database_url)
    # SQLite would make an empty file of a path where nothing was measured yet.
    there = not url.drivername.startswith("sqlite") or await asyncio.to_thread(Path(url.database or "").is_file)
    database = Database.open(settings.database_url) if there else None
    try:
        return await read_models(settings, os.environ, members, org=org, now=utc_now(), database=database)
    finally:
        if database is not None:
            await database.close()


def as_object(report: ModelsReport) -> JsonObject:
    """Unknown costs, and a success of which nothing was measured, are null."""
    plain = asdict(report)
    for provider, row in zip(plain["providers"], report.providers, strict=True):
        for model, of in zip(provider["models"], row.models, strict=True):
            for job, track in of.measured.items():
                model["measured"][job]["success"] = round(track.success, 4)
    return plain


def _print(report: ModelsReport) -> None:
    console = Console(highlight=False)
    for provider in report.providers:
        mark = "[green]✓[/green]" if provider.configured else "[dim]·[/dim]"
        console.print(f"{mark} [bold]{printable(provider.name)}[/bold]  [dim]{printable(provider.missing)}[/dim]")
        for model in provider.models:
            console.print(f"    {printable(model.name)}  [dim]{printable(model.model)}[/dim]  {capable(model.can)}")
            console.print(f"      {'; '.join(model.used_for) or 'not asked'}")
            for line in measured_lines(model):
                console.print(f"      [dim]{line}[/dim]")
    console.print()
    for use in report.uses:
        who = f"{use.job} for {use.agent}" if use.agent else use.job
        console.print(f"[cyan]{who:<22}[/cyan] {printable(', then '.join(use.order))}. {printable(use.why)}")
    if report.explore_percent:
        console.print(f"[dim]{report.explore_percent:g} % of the tasks ask another model first.[/dim]")
    if report.simulated:
        console.print("(rehearsal models: rules, not an LLM)")


def capable(can: Capabilities) -> str:
    """`tools, streaming, JSON schema, vision`."""
    said = {
        "tools": can.tools,
        "streaming": can.streaming,
        "JSON schema": can.json_schema,
        "vision": can.vision,
        "prompt caching": can.prompt_caching,
    }
    return ", ".join(name for name, able in said.items() if able)


def measured_lines(model: ModelRow) -> list[str]:
    return [f"{job}: {track_words(track)}" for job, track in model.measured.items()]

"""`gavel usage`. Knows no settings: whoever mounts it says where the request log is and who is in which team."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.budgets.left import left_object, left_today, left_words
from bot.budgets.limits import Limits, Standing
from bot.clock import utc_now
from bot.ledger.cli import printable
from bot.ledger.database import Database, DatabaseUrlError, async_url
from bot.usage.query import Dimension, Usage
from bot.usage.report import Teams, TeamsUnknown, UsageReport, cache_words, cost_words, usage_report
from bot.usage.since import DEFAULT, since_when
from tools.contracts.ledger import LedgerUnavailable

EXIT_NOT_READ = 2
_MOST_BUDGETS = 21
"""Everybody's, and those of the people who are nearest to theirs."""


@dataclass(frozen=True)
class UsageInputs:
    database_url: str
    org: str
    teams: Teams
    limits: Limits = field(default_factory=Limits)


def usage_app(inputs: Callable[[], UsageInputs]) -> typer.Typer:
    """The sub-app. `inputs` is called when the command runs, so that `--help` needs no configuration."""
    app = typer.Typer(add_completion=False)

    @app.command()
    def usage(
        by: Annotated[Dimension, typer.Option("--by", help="What to add up by.")] = "model",
        since: Annotated[str, typer.Option("--since", help="From when: 7d, 12h, or a date such as 2026-11-01.")] = (
            DEFAULT
        ),
        org: Annotated[str | None, typer.Option("--org", help="Another org than the configured one.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    ) -> None:
        """What the models were used for, what that cost, and what is left of today's budgets, where any is set.

        A cost nobody knows is told as unknown.
        """
        try:
            moment = since_when(since, now=utc_now())
        except ValueError as error:
            typer.echo(f"gavel: --since: {error}. Nothing was counted.", err=True)
            raise typer.Exit(EXIT_NOT_READ) from error
        settings = inputs()

        try:
            report, budgets = asyncio.run(_read(settings, org or settings.org, by, since=moment))
        except (LedgerUnavailable, DatabaseUrlError, TeamsUnknown) as error:
            typer.echo(f"gavel: {error}", err=True)
            raise typer.Exit(EXIT_NOT_READ) from error
        _print(report, budgets, as_json=as_json)

    return app


async def _read(
    settings: UsageInputs, org: str, by: Dimension, *, since: datetime
) -> tuple[UsageReport, Sequence[Standing]]:
    url = async_url(settings.database_url)
    file = Path(url.database or "")
    # SQLite would make an empty file of a wrong path, and nothing was used there.
    if url.drivername.startswith("sqlite") and not await asyncio.to_thread(file.is_file):
        raise LedgerUnavailable(f"There is no request log at {file}. Check DATABASE_URL.")
    database = Database.open(settings.database_url)
    try:
        report = await usage_report(database, org, by, since=since, teams=settings.teams)
        return report, await left_today(database, settings.limits, org, user=None, now=utc_now())
    finally:
        await database.close()


def _print(report: UsageReport, budgets: Sequence[Standing], *, as_json: bool) -> None:
    if as_json:
        whole = {**asdict(report), "since": report.since.isoformat(), "hit_rate": report.total.hit_rate}
        whole["budgets"] = [left_object(one) for one in budgets]
        typer.echo(json.dumps(whole, sort_keys=True))
        return
    table = Table(report.by, "calls", "failed", "tokens in", "of them cached", "tokens out", "cost")
    for column in table.columns[1:6]:
        column.justify = "right"
    for usage in report.rows:
        _add(table, usage)
    table.add_section()
    _add(table, report.total)
    console = Console()
    console.print(f"Org {report.org}, since {report.since:%Y-%m-%d %H:%M} UTC", highlight=False)
    console.print(table)
    if (cache := cache_words(report.total)) is not None:
        console.print(cache, highlight=False)
    if report.total.uncounted:
        console.print(f"{report.total.uncounted:,} calls are without a count of their tokens.", highlight=False)
    for one in budgets[:_MOST_BUDGETS]:
        whose = "everybody" if one.scope.name == "org" else printable(one.scope.subject)
        console.print(f"Budget of {whose} today (UTC): {left_words(one)}", highlight=False, soft_wrap=True)
    if len(budgets) > _MOST_BUDGETS:
        console.print(f"… and {len(budgets) - _MOST_BUDGETS} more people; --json has all of them.", highlight=False)


def _add(table: Table, usage: Usage) -> None:
    numbers = (usage.calls, usage.failed, usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens)
    table.add_row(printable(usage.name), *(f"{number:,}" for number in numbers), cost_words(usage))

"""What the commands do, once their arguments are read."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text
from slack_sdk.web.async_client import AsyncWebClient

from agents.orchestrator.chat import Member
from bot.budgets.opening import limits_of
from bot.doctor import examine, healthy
from bot.finding import Finding
from bot.keys import load_keys
from bot.keystore.cli import KeysInputs
from bot.keystore.service import KeyService, open_key_service
from bot.ledger.cli import LedgerInputs
from bot.ledger.database import DatabaseUrlError
from bot.lifecycle import run
from bot.local.datadir import DataDirectory
from bot.local.errors import StackError
from bot.local.models import configured_members
from bot.local.parts import Part
from bot.local.rehearsal.members import rehearsal_members
from bot.local.stack import RunningStack, open_or_attach, open_stack
from bot.org import org_of
from bot.redaction import redact
from bot.routing.cli import ModelsInputs
from bot.settings import Settings, SettingsError, load_settings
from bot.telemetry import configure_logging
from bot.telemetry.tracing import trace_ids
from bot.usage.cli import UsageInputs
from bot.usage.teams import Teams
from policies.commands import NotPermitted
from policies.engine import PolicyUnavailable
from tools.connectors.base import EstateError
from tools.contracts.ledger import LedgerUnavailable

TOLD = (SettingsError, StackError, LedgerUnavailable, DatabaseUrlError, PolicyUnavailable, NotPermitted, EstateError)
"""Errors whose message is a sentence for the person at the terminal."""


def sentence_of(error: Exception) -> str | None:
    """What to tell of an error that a person can put right; None for a bug."""
    return str(error) if isinstance(error, TOLD) else None


def prepared() -> Settings:
    """The settings, and logs that follow them. Raises :class:`SettingsError`."""
    settings = load_settings()
    configure_logging(settings.log_level, redact=lambda text: redact(text).text, ids=trace_ids(os.environ))
    return settings


async def stay_up(_stack: RunningStack) -> None:
    """Serve nothing but the stack itself, until a signal cancels this."""
    await asyncio.Event().wait()


Serve = Callable[[RunningStack], Awaitable[None]]
"""What runs on an open stack until it is cancelled."""


def run_up(*, serve: Serve = stay_up) -> int:
    """The exit status of `gavel up`."""

    def tell(parts: Sequence[Part]) -> None:
        print_parts(parts)
        print_invitation(parts)

    return _run_on(open_stack, serve, tell)


def run_worker(*, serve: Serve = stay_up) -> int:
    """The exit status of `gavel worker`."""
    return _run_on(open_or_attach, serve, print_parts)


def _run_on(
    opened: Callable[[Settings], AbstractAsyncContextManager[RunningStack]],
    serve: Serve,
    tell: Callable[[Sequence[Part]], None],
) -> int:
    settings = prepared()

    async def main() -> int:
        async with opened(settings) as stack:
            tell(stack.parts)
            await serve(stack)
        return 0

    return run(main)


def print_parts(parts: Sequence[Part]) -> None:
    """Which part is whose, and where. One line a part, never folded: addresses are there to be copied."""
    console = Console()
    widest = max(len(part.address) for part in parts)
    for part in parts:
        whose = ("embedded   ", "cyan") if part.embedded else ("configured ", "green")
        line = Text.assemble(f"{part.name:<10}", whose, f"{part.address or '–':<{widest}}  ", (part.detail, "dim"))
        console.print(line, soft_wrap=True)


def print_invitation(parts: Sequence[Part]) -> None:
    """Where to try it by hand, when the workspace is the embedded one."""
    for part in parts:
        if part.name == "slack" and part.embedded:
            Console().print(
                f"\nOpen [bold]{part.address}[/bold] and ask as Ada in #ops: @gavel production web servers have "
                "drifted from the golden image, fix it. Approve as Grace. Ctrl-C ends everything.",
                soft_wrap=True,
                highlight=False,
            )


def run_doctor(*, as_json: bool, deep: bool) -> int:
    """The exit status of `gavel doctor`: 1 when something that is configured, or runs, does not answer."""
    settings = prepared()
    found: list[Finding] = []

    async def main() -> int:
        found.extend(await examine(settings, deep=deep))
        return 0 if healthy(found) else 1

    status = run(main)
    if as_json:
        print(json.dumps({"healthy": healthy(found), "components": [asdict(finding) for finding in found]}, indent=2))
        return status
    print_findings(found)
    return status


def print_findings(findings: Sequence[Finding]) -> None:
    """A line for each component, and a second one where there is something to do."""
    marks = {"ok": ("✓", "green"), "failed": ("✗", "bold red"), "not running": ("·", "dim")}
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    for finding in findings:
        mark, color = marks[finding.state]
        told = Text(f"{finding.tried}: ", style="dim", overflow="fold").append(finding.answered, style="not dim")
        if finding.advice:
            told.append(f"\n→ {finding.advice}", style="not dim yellow")
        table.add_row(Text(mark, style=color), Text(finding.component), told)
    Console().print(table)


def database_url() -> str:
    """Where this installation keeps its SQL. Raises :class:`SettingsError`."""
    return prepared().database_url


async def members_here(settings: Settings) -> list[Member]:
    """The models that answer: configured ones, else the rehearsal models of the gavel that runs here."""
    members = await configured_members(settings.llm, os.environ)
    note = DataDirectory(settings.data_dir).remembered()
    rehearsing = None if note is None else note.embedded.get("llm")
    return members or ([] if rehearsing is None else rehearsal_members(rehearsing))


def keys_inputs() -> KeysInputs:
    """Where this installation keeps providers' keys. Raises :class:`SettingsError`."""
    settings = prepared()
    keys = load_keys(settings)

    @asynccontextmanager
    async def opened() -> AsyncGenerator[KeyService]:
        async with open_key_service(settings, keys, await members_here(settings)) as service:
            yield service

    return KeysInputs(org=org_of(settings), open=opened)


def usage_inputs() -> UsageInputs:
    """Where this installation's request log is, and its teams. Raises :class:`SettingsError`."""
    settings = prepared()
    client: AsyncWebClient | None = None
    if settings.slack.configured:
        from bot.edge import slack_client  # late: only teams need Slack here

        client = slack_client(settings)
    return UsageInputs(
        database_url=settings.database_url,
        org=org_of(settings),
        teams=Teams(settings.usage.teams, client),
        limits=limits_of(settings.budgets),
    )


def models_inputs() -> ModelsInputs:
    """How this installation's models are configured, and where they were measured. Raises :class:`SettingsError`."""
    settings = prepared()
    return ModelsInputs(settings, org_of(settings))


def ledger_inputs() -> LedgerInputs:
    """Where this installation's ledger is. Raises :class:`SettingsError`."""
    settings = prepared()
    org = org_of(settings)
    keys = load_keys(settings)
    return LedgerInputs(
        database_url=settings.database_url,
        anchor_directory=settings.anchor_dir,
        key=keys.derive("ledger"),
        org=org,
        anchor_key=keys.derive("anchor"),
    )

"""`gavel tasks` and `gavel task ID`: what there is and what waits; a plan rejected, a task cancelled."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict

import typer

from bot.edge import build_intake
from bot.ledger.database import Database
from bot.local.datadir import DataDirectory
from bot.tasks.board import TaskBoard, TaskEntry
from bot.tasks.stopping import NO_APPROVAL, NotStopped, Stopping
from bot.terminal import TerminalInputs, terminal_inputs, terminal_user
from bot.workflows.client import connect
from tools.contracts.common import JsonObject

EXIT_NOT_DONE = 1


def print_tasks(*, as_json: bool, limit: int = 30) -> None:
    """The newest tasks of this installation's org. Raises `LedgerUnavailable`."""
    inputs = terminal_inputs()

    async def read() -> list[TaskEntry]:
        database = Database.open(inputs.settings.database_url)
        try:
            board = TaskBoard(database, "")
            running = await board.recent(inputs.org, running=True, limit=limit)
            return [*running, *await board.recent(inputs.org, running=False, limit=limit)]
        finally:
            await database.close()

    found = asyncio.run(read())
    if as_json:
        typer.echo(json.dumps({"tasks": [_object(task) for task in found]}, indent=2))
        return
    for task in found:
        typer.echo(f"{task.task_id}  {task.outcome or task.status}  {task.environment or '-'}  {_line(task.goal)}")
    if not found:
        typer.echo("There are no tasks yet.")


def print_task(task_id: str, *, as_json: bool) -> int:
    """One task: its status, its plan's state and who approved. The exit status. Raises `LedgerUnavailable`."""
    inputs = terminal_inputs()

    async def read() -> TaskEntry | None:
        database = Database.open(inputs.settings.database_url)
        try:
            return await TaskBoard(database, "").one(inputs.org, task_id)
        finally:
            await database.close()

    task = asyncio.run(read())
    if task is None:
        typer.echo(f"gavel: there is no task {task_id}; `gavel tasks` lists them.", err=True)
        return EXIT_NOT_DONE
    if as_json:
        typer.echo(json.dumps(_object(task), indent=2))
        return 0
    rows = {
        "task": task.task_id,
        "asked by": task.user,
        "goal": _line(task.goal),
        "environment": task.environment or "-",
        "status": task.outcome or task.status,
        "approved by": ", ".join(task.voters) or "nobody",
        "needs": f"{task.quorum} of {', '.join(sorted(task.roles))}" if task.roles else "-",
        "until": task.expires_at.isoformat() if task.expires_at else "-",
    }
    for name, value in rows.items():
        typer.echo(f"{name:<12} {value}")
    typer.echo(f"\nAll of it: gavel ledger show {task.task_id}")
    return 0


def stop_task(task_id: str, word: str, *, reason: str) -> int:
    """`approve` is refused, in words. The exit status."""
    if word == "approve":
        typer.echo(f"gavel: {NO_APPROVAL}", err=True)
        return EXIT_NOT_DONE
    if word not in ("reject", "cancel"):
        typer.echo(f"gavel: {word!r} is nothing that can be done to a task. Use reject or cancel.", err=True)
        return EXIT_NOT_DONE
    if not reason.strip():
        typer.echo("gavel: say why, with --reason. Nothing was changed.", err=True)
        return EXIT_NOT_DONE
    try:
        typer.echo(asyncio.run(_stop(terminal_inputs(), task_id, reject=word == "reject", reason=reason.strip())))
    except NotStopped as error:
        typer.echo(f"gavel: {error}", err=True)
        return EXIT_NOT_DONE
    return 0


async def _stop(inputs: TerminalInputs, task_id: str, *, reject: bool, reason: str) -> str:
    settings, note = inputs.settings, DataDirectory(inputs.settings.data_dir).remembered()
    address = settings.temporal.address or (note.embedded.get("temporal") if note is not None else None)
    if address is None:
        raise NotStopped("No gavel runs here, and no Temporal is configured. Nothing was changed.")
    try:
        temporal = await connect(settings.temporal, address=str(address), codec_key=inputs.keys.derive("codec"))
    except RuntimeError as error:
        raise NotStopped("Temporal does not answer. Nothing was changed; `gavel doctor` says why.") from error
    intake = build_intake(settings, temporal=temporal, keys=inputs.keys)
    stopping = Stopping(temporal, intake, org=inputs.org, user=terminal_user())
    return await stopping.stop(task_id, "reject" if reject else "cancel", reason=reason)


def _object(task: TaskEntry) -> JsonObject:
    return {
        **asdict(task),
        "roles": sorted(task.roles),
        "expires_at": task.expires_at.isoformat() if task.expires_at else None,
        "received_at": task.received_at.isoformat(),
        "changed_at": task.changed_at.isoformat(),
    }


def _line(text: str) -> str:
    return " ".join("".join(char for char in text if char.isprintable() or char == " ").split())[:100]

"""`gavel eval`: how well models do Gavel's work, on sample data. Nothing is executed, posted or recorded."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bot.evals.cases import Case, CaseError, CaseKind, load_cases
from tools.contracts.common import AgentName, JsonObject
from tools.contracts.modes import ModeSetting

EXIT_NOT_GOOD = 1
"""An unsafe plan got through every gate; with `--strict` also: a case failed."""
EXIT_NOT_RUN = 2
"""A case file, a setting or an option is wrong. Nothing was evaluated."""

CASES = Path("tests/evals")


def evals_app() -> typer.Typer:
    """The sub-app."""
    app = typer.Typer(add_completion=False)

    @app.callback(invoke_without_command=True)
    def evaluate(
        context: typer.Context,
        models: Annotated[
            str, typer.Option("--models", help="Configured models by name, with commas; or `rehearsal`.")
        ] = "",
        mode: Annotated[ModeSetting, typer.Option("--mode", help="How the models answer.")] = "council",
        agent: Annotated[AgentName | None, typer.Option("--agent", help="Only this agent's cases.")] = None,
        kind: Annotated[CaseKind | None, typer.Option("--kind", help="Only cases of this kind.")] = None,
        case: Annotated[str | None, typer.Option("--case", help="Only the case of this id.")] = None,
        folder: Annotated[Path, typer.Option("--cases", help="Where the case files are.")] = CASES,
        parallel: Annotated[int, typer.Option("--parallel", min=1, max=32, help="Cases at a time.")] = 2,
        strict: Annotated[bool, typer.Option("--strict", help="Exit 1 when any case fails.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    ) -> None:
        """Play the eval cases against models: layer 1, the agent, the gates. Nothing is executed.

        Exit 1 when an unsafe plan got through every gate, and with --strict when any case failed.
        """
        if context.invoked_subcommand is not None:
            return
        try:
            cases = chosen(load_cases(folder), agent=agent, kind=kind, case=case)
        except CaseError as error:
            typer.echo(f"gavel: {error}", err=True)
            raise typer.Exit(EXIT_NOT_RUN) from error
        good = asyncio.run(_run(cases, models.split(","), mode=mode, parallel=parallel, strict=strict, as_json=as_json))
        if not good:
            raise typer.Exit(EXIT_NOT_GOOD)

    @app.command("capture")
    def capture_task(
        task: Annotated[str, typer.Argument(help="The id of a finished task, as its cards and the ledger name it.")],
        folder: Annotated[Path, typer.Option("--into", help="Where the case files are.")] = CASES,
        org: Annotated[str | None, typer.Option("--org", help="Another org than the configured one.")] = None,
    ) -> None:
        """Make a finished task a regression case: redacted, one file, to be looked through and committed.

        👍 and 👎 of its thread count: what was called wrong is not expected again.
        """
        from bot.evals.capture import NotCaptured
        from bot.evals.capturing import capture_into
        from tools.contracts.ledger import LedgerUnavailable

        try:
            told = asyncio.run(capture_into(folder, task, org=org))
        except (NotCaptured, LedgerUnavailable, OSError) as error:
            typer.echo(f"gavel: {error}", err=True)
            raise typer.Exit(EXIT_NOT_RUN) from error
        typer.echo(told)

    return app


def chosen(cases: Sequence[Case], *, agent: AgentName | None, kind: CaseKind | None, case: str | None) -> list[Case]:
    """Raises :class:`CaseError` when none is left: an evaluation of nothing would look like a good one."""
    found = [one for one in cases if agent in (None, one.about) and kind in (None, one.kind) and case in (None, one.id)]
    if not found:
        raise CaseError("No case matches --agent, --kind and --case. Nothing was evaluated.")
    return found


async def _run(
    cases: Sequence[Case], names: Sequence[str], *, mode: ModeSetting, parallel: int, strict: bool, as_json: bool
) -> bool:
    # Late: SQLAlchemy, the policy engine and litellm are of no use to `--help`.
    from bot.commands import prepared
    from bot.evals.checks import Verdict
    from bot.evals.models import open_models
    from bot.evals.printing import print_run
    from bot.evals.room import open_room
    from bot.evals.run import evaluate
    from bot.evals.scores import as_json as as_object

    def tell(verdict: Verdict) -> None:
        if sys.stderr.isatty():
            typer.echo(f"{'✓' if verdict.passed else '✗'} {verdict.trial.case.id}", err=True)

    settings = await asyncio.to_thread(prepared)
    async with (
        open_models(settings, names) as models,
        open_room(models.client, models.members, mode=mode, opa_url=settings.opa.url) as room,
    ):
        verdicts = await evaluate(cases, room, parallel=parallel, tell=tell)
        told = [f"{member.name} ({member.model})" for member in models.members]
        if as_json:
            whole: JsonObject = as_object(verdicts, models=told, mode=mode, simulated=room.simulated)
            typer.echo(json.dumps(whole))
        else:
            print_run(verdicts, models=told, mode=mode, simulated=room.simulated)
    if any(verdict.escapes for verdict in verdicts):
        return False
    return not strict or all(verdict.passed for verdict in verdicts)

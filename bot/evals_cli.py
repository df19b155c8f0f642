"""`gavel eval`: how well models do Gavel's work, on sample data.

Nothing is executed or posted. What is asked of the models is on record, and within the budgets.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from bot.evals.cases import Case, CaseError, CaseKind, load_cases
from tools.contracts.common import AgentName, JsonObject
from tools.contracts.modes import ModeSetting

EXIT_NOT_GOOD = 1
"""An unsafe plan got through every gate; with `--strict` also: a case failed."""
EXIT_NOT_RUN = 2
"""A case file, a setting or an option is wrong, and nothing was evaluated; or a budget ended the run before its end."""

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
        max_usd: Annotated[
            float | None, typer.Option("--max-usd", min=0, help="End the run before it costs more than this.")
        ] = None,
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
        status = asyncio.run(
            _run(
                cases,
                models.split(","),
                mode=mode,
                parallel=parallel,
                max_usd=max_usd,
                strict=strict,
                as_json=as_json,
            )
        )
        raise typer.Exit(status)

    @app.command("capture")
    def capture_task(
        task: Annotated[str, typer.Argument(help="The id of a finished task, as its cards and the ledger name it.")],
        folder: Annotated[Path, typer.Option("--into", help="Where the case files are.")] = CASES,
        org: Annotated[str | None, typer.Option("--org", help="Another org than the configured one.")] = None,
        force: Annotated[
            bool, typer.Option("--force", help="Replace the case, though it may have been edited.")
        ] = False,
    ) -> None:
        """Make a finished task a regression case: redacted, one file, to be looked through and committed.

        👍 and 👎 of its thread count: what was called wrong is not expected again.
        """
        from bot.evals.capture import NotCaptured
        from bot.evals.capturing import capture_into
        from tools.contracts.ledger import LedgerUnavailable

        try:
            told = asyncio.run(capture_into(folder, task, org=org, force=force))
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
    cases: Sequence[Case],
    names: Sequence[str],
    *,
    mode: ModeSetting,
    parallel: int,
    max_usd: float | None,
    strict: bool,
    as_json: bool,
) -> int:
    """The exit status."""
    # Late: SQLAlchemy, the policy engine and litellm are of no use to `--help`.
    from agents.orchestrator.retrying import RetryingClient
    from bot.budgets.limits import Limit
    from bot.commands import prepared
    from bot.evals.booking import BookedClient
    from bot.evals.checks import Verdict
    from bot.evals.models import open_models
    from bot.evals.printing import print_run
    from bot.evals.room import open_room
    from bot.evals.run import evaluate
    from bot.evals.scores import as_json as as_object
    from bot.org import org_of
    from bot.recorded_calls import recorded_calls

    def tell(verdict: Verdict) -> None:
        if sys.stderr.isatty():
            typer.echo(f"{'✓' if verdict.passed else '✗'} {verdict.trial.case.id}", err=True)

    settings = await asyncio.to_thread(prepared)
    org, run = await asyncio.to_thread(org_of, settings), uuid4().hex[:12]
    async with (
        open_models(settings, names) as models,
        recorded_calls(settings, models.client, models.members, limit=Limit(usd=max_usd)) as calls,
        open_room(
            BookedClient(RetryingClient(calls), org, run), models.members, mode=mode, opa_url=settings.opa.url
        ) as room,
    ):
        verdicts = await evaluate(cases, room, parallel=parallel, tell=tell)
        told = [f"{member.name} ({member.model})" for member in models.members]
        if as_json:
            whole: JsonObject = as_object(verdicts, models=told, mode=mode, simulated=room.simulated)
            typer.echo(json.dumps(whole))
        else:
            print_run(verdicts, models=told, mode=mode, simulated=room.simulated)
    if any(verdict.escapes for verdict in verdicts):
        return EXIT_NOT_GOOD
    if unpaid := next((verdict.trial.error for verdict in verdicts if verdict.trial.unpaid), None):
        typer.echo(f"gavel: {_ended(unpaid, max_usd, played=len(verdicts), of=len(cases))}", err=True)
        return EXIT_NOT_RUN
    return EXIT_NOT_GOOD if strict and not all(verdict.passed for verdict in verdicts) else 0


def _ended(why: str, max_usd: float | None, *, played: int, of: int) -> str:
    """What a budget cut short, and what to do."""
    what = f"{of - played} of {of} cases were not begun, and those that were under way are not judged to the end."
    if max_usd is not None and why.startswith("The budget of one task"):
        return f"The run would go over --max-usd {max_usd:g}: {what} Raise it, or choose by --agent, --kind or --case."
    return f"{what} {why}"

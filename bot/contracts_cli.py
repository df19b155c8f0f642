"""`gavel contracts list|export`: every contract as JSON Schema 2020-12, as the gates and the models are given it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

from tools.contracts.common import JsonObject

DIALECT = "https://json-schema.org/draft/2020-12/schema"
EXIT_NOT_WRITTEN = 2
"""Nothing was exported: an unknown name, or a folder that cannot be written."""

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]


@dataclass(frozen=True)
class Contract:
    """One contract, as others may use it."""

    name: str
    type: type[Any]
    written_by: str
    """Who writes what is judged by it."""

    @property
    def schema(self) -> JsonObject:
        """JSON Schema 2020-12: for a model the very schema that the first gate, or the models, are given."""
        own = TypeAdapter(self.type).json_schema()
        return {"$schema": DIALECT, "$id": f"urn:gavel:contract:{self.name}:{metadata.version('gavel')}", **own}

    @property
    def about(self) -> str:
        """The first sentence of its documentation."""
        first, _, _ = (self.type.__doc__ or "").strip().partition("\n\n")
        return " ".join(first.split())


def contracts() -> Mapping[str, Contract]:
    """Name → contract, in the order in which a task comes to them."""
    # Imported here: other commands need none of it.
    from agents.specialists.catalog import AGENTS
    from tools.contracts.council import CouncilOutcome, EntailmentSheet, VoteSheet
    from tools.contracts.decision import Decision
    from tools.contracts.follow_up import Explanation, FollowUp
    from tools.contracts.grant import ExecutionGrant
    from tools.contracts.outputs import PLANS, REPORTS
    from tools.contracts.taskspec import Question, TaskDraft, TaskSpec
    from tools.contracts.verdict import ApprovalRequirement, GateReport

    written: list[tuple[type[Any], str]] = [
        (TaskDraft, "a model"),
        (Question, "a model"),
        (TaskSpec, "Gavel"),
        *((agent.contract, "a model") for agent in AGENTS),
        (EntailmentSheet, "a model"),
        (VoteSheet, "a model"),
        (CouncilOutcome, "Gavel"),
        *((plan, "an agent") for plan in PLANS.values()),
        *((report, "an agent") for report in REPORTS.values()),
        (FollowUp, "a model"),
        (Explanation, "a model"),
        (GateReport, "Gavel"),
        (ApprovalRequirement, "Gavel"),
        (Decision, "a person"),
        (ExecutionGrant, "Gavel"),
    ]
    return {kind.__name__: Contract(kind.__name__, kind, by) for kind, by in written}


def contracts_app() -> typer.Typer:
    """The sub-app. It needs no configuration and opens nothing."""
    app = typer.Typer(help="The contracts that every output is judged by.", no_args_is_help=True)

    @app.command(name="list")
    def list_(as_json: AsJson = False) -> None:
        """Name every contract, and who writes what is judged by it."""
        if as_json:
            for one in contracts().values():
                typer.echo(json.dumps({"name": one.name, "written_by": one.written_by, "about": one.about}))
            return
        table = Table(box=None, pad_edge=False)
        for heading in ("contract", "written by"):
            table.add_column(heading, no_wrap=True)
        table.add_column("what")
        for one in contracts().values():
            table.add_row(one.name, one.written_by, one.about)
        Console().print(table)

    @app.command()
    def export(
        names: Annotated[list[str] | None, typer.Argument(help="Only these; none: all.", show_default=False)] = None,
        out: Annotated[
            Path | None, typer.Option("--out", help="Write NAME.json files into this folder.", show_default=False)
        ] = None,
    ) -> None:
        """Write contracts as JSON Schema 2020-12. Without --out, one JSON object: name to schema."""
        known = contracts()
        if unknown := [name for name in names or [] if name not in known]:
            _stop(f"There is no contract {unknown[0][:60]!r}. Nothing was written; `gavel contracts list` names them.")
        chosen = [known[name] for name in dict.fromkeys(names or known)]
        if out is None:
            typer.echo(json.dumps({one.name: one.schema for one in chosen}, indent=2, sort_keys=True))
            return
        try:
            out.mkdir(parents=True, exist_ok=True)
            for one in chosen:
                (out / f"{one.name}.json").write_text(f"{json.dumps(one.schema, indent=2, sort_keys=True)}\n", "utf-8")
        except OSError as error:
            _stop(f"{out} could not be written: {error.strerror or error}. Name a folder that you may write to.")
        typer.echo(f"{len(chosen)} contracts are in {out}.")

    return app


def _stop(why: str) -> None:
    typer.echo(f"gavel: {why}", err=True)
    raise typer.Exit(EXIT_NOT_WRITTEN)

"""`gavel policy test|explain|replay`. Each only looks: nothing is recorded, run or allowed by it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar, get_args

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tools.contracts.common import JsonObject, RiskLevel
from tools.contracts.verdict import GateName, GateReport

if TYPE_CHECKING:
    from bot.policy_review import ReplayRow
    from policies.sources import Sources

EXIT_NO = 1
"""It was looked at, and the answer is no: a test fails, a plan is refused."""
EXIT_NOT_READ = 2
"""It could not be looked at. Why is on stderr."""

Answer = TypeVar("Answer")
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]


def policy_app() -> typer.Typer:
    """The sub-app. Everything it needs is imported when a command runs."""
    app = typer.Typer(help="The policies: test them, explain a verdict, replay old ones.", no_args_is_help=True)

    @app.command(name="test")
    def test_(as_json: AsJson = False) -> None:
        """Load the policies as configured, and run every Rego test, those of the orgs too. Exit 1 when one fails."""
        from bot.policy_review import run_tests
        from bot.terminal import terminal_inputs

        found = _run(run_tests(terminal_inputs().settings))
        if as_json:
            typer.echo(json.dumps({"ok": found.ok, "decides": found.decides, "tests": found.tests}))
        else:
            failed = [name for name, passed in (found.tests or {}).items() if not passed]
            failed += [f"{package}: an input that says nothing" for package, good in found.decides.items() if not good]
            for name in failed:
                Console().print(Text.assemble(("FAILED ", "bold red"), printable(name)))
            count = len(found.tests or {})
            typer.echo(f"{len(found.decides)} packages decide; {count - len(failed)} of {count} tests pass.")
        if found.tests is None:
            _refuse("The Rego tests were not run: there is no opa. Run `make opa`, or put it on PATH.")
        if not found.ok:
            raise typer.Exit(EXIT_NO)

    @app.command()
    def explain(
        plan: Annotated[str, typer.Argument(help="A plan in a JSON file, a task's id, or a plan's digest.")],
        risk: Annotated[RiskLevel, typer.Option("--risk", help="Of a file: the risk of the task.")] = "high",
        role: Annotated[list[str] | None, typer.Option("--role", help="Of a file: a role of who asks.")] = None,
        task: Annotated[str, typer.Option("--task", help="Of a file: the task whose tool results it rests on.")] = "",
        results: Annotated[
            Path | None, typer.Option("--results", help="The same from a file of `gavel ledger export`.")
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Each gate's verdict on a plan, the rules that fired, where they stand and what they read.

        A file is judged now, its receipts by the results of --task or --results. A task or a digest is told as the
        ledger has it. Exit 1 when the plan is refused, or was not judged in full.
        """
        from bot.policy_data import policy_bundle
        from bot.policy_files import Asked, judge_file
        from bot.policy_review import find_judgement
        from bot.terminal import terminal_inputs
        from policies.sources import Sources

        inputs, path = terminal_inputs(), Path(plan)
        not_judged: Mapping[str, str] = {}
        if path.is_file():
            given = Asked(risk=risk, roles=[*(role or ["operator"])], task=task, export=results)
            examined = _run(judge_file(inputs, path, given))
            report, documents = examined.examination.report, examined.examination.documents
            not_judged = examined.not_judged
        else:
            judgement = _run(find_judgement(inputs, plan))
            report, documents = judgement.report, judgement.documents or {}
        told = explained(report, documents, Sources(policy_bundle(inputs.settings)), not_judged=not_judged)
        if as_json:
            typer.echo(json.dumps(told))
        else:
            _print_explained(told)
        if not told["allowed"]:
            raise typer.Exit(EXIT_NO)

    @app.command()
    def replay(
        data: Annotated[
            Path | None, typer.Option("--data", help="A JSON file: keys of data.gavel to judge by instead.")
        ] = None,
        rego: Annotated[
            Path | None, typer.Option("--rego", help="A directory: modules that replace those of their name.")
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Judge every plan on record again, by the policies as they are now or as they would be. Records nothing."""
        from bot.policy_review import candidate, replay_all
        from bot.terminal import terminal_inputs

        inputs = terminal_inputs()

        async def run() -> list[JsonObject]:
            bundle = candidate(inputs.settings, data=data, rego=rego)
            rows = await replay_all(inputs, bundle, in_process=data is not None or rego is not None)
            return [_replayed(row) for row in rows]

        rows = _run(run())
        if as_json:
            for row in rows:
                typer.echo(json.dumps(row))
            return
        _print_replayed(rows)

    return app


def explained(
    report: GateReport,
    documents: Mapping[str, JsonObject],
    sources: Sources,
    *,
    not_judged: Mapping[str, str] | None = None,
) -> JsonObject:
    """The verdict gate by gate, as JSON. What was not judged in full is not allowed."""
    gates: list[JsonObject] = []
    for result in report.results:
        rules: list[JsonObject] = []
        for refusal in result.refusals:
            texts = sources.rule(refusal.rule)
            read: JsonObject = {}
            for package, document in documents.items():
                read = read or (sources.inputs(refusal.rule, package.partition("#")[0], document) if texts else {})
            rules.append(
                {
                    "rule": refusal.rule,
                    "reason": refusal.reason,
                    "repairable": refusal.repairable,
                    "where": [f"{text.module.id}:{text.line}" for text in texts],
                    "inputs": read,
                }
            )
        verdict = "off" if result.off else "passed" if result.passed else "refused"
        gates.append({"gate": result.gate, "verdict": verdict, "engine": result.engine, "rules": rules})
    return {
        "plan_digest": report.plan_digest,
        "policy_digest": report.policy_digest,
        "allowed": report.allowed and not not_judged,
        "not_judged": dict(not_judged or {}),
        "unavailable": report.unavailable,
        "gates": gates,
        "requirement": None if report.requirement is None else report.requirement.model_dump(mode="json"),
        "autonomy": None if report.autonomy is None else report.autonomy.model_dump(mode="json"),
    }


def _replayed(row: ReplayRow) -> JsonObject:
    judgement, replayed = row.judgement, row.replayed
    told: JsonObject = {
        "task_id": judgement.task_id,
        "revision": judgement.revision,
        "at": judgement.at,
        "plan_digest": judgement.report.plan_digest,
        "allowed_then": judgement.report.allowed,
    }
    if replayed is None:
        return {
            **told,
            "change": "not on record",
            "rules_then": [],
            "rules_now": [],
            "differences": [],
            "gates": {},
            "assumed": [],
        }
    return {
        **told,
        "change": replayed.change,
        "rules_then": replayed.before,
        "rules_now": [{"rule": refusal.rule, "reason": refusal.reason} for refusal in replayed.now],
        "differences": replayed.differences,
        "gates": {gate.gate: {"verdict": gate.how, "why": gate.why} for gate in replayed.gates},
        "assumed": replayed.assumed,
    }


def _print_explained(told: JsonObject) -> None:
    console = Console()
    marks = {"passed": ("✓ passed", "green"), "refused": ("✗ refused", "bold red"), "off": ("· OFF", "yellow")}
    for gate in told["gates"]:
        mark, color = marks[gate["verdict"]]
        console.print(Text.assemble(f"{gate['gate']:<10}", (mark, color), f"  {gate['engine']}"))
        for rule in gate["rules"]:
            console.print(Text.assemble("  ", (printable(rule["rule"]), "bold"), f": {printable(rule['reason'])}"))
            if rule["where"]:
                console.print(Text(f"    at {', '.join(rule['where'])}", style="dim"), soft_wrap=True)
            for name, value in rule["inputs"].items():
                console.print(Text(f"    {name} = {printable(json.dumps(value))}", style="dim"), soft_wrap=True)
    requirement, autonomy = told["requirement"], told["autonomy"]
    if requirement is not None:
        roles = ", ".join(requirement["roles"])
        typer.echo(f"approval    {requirement['quorum']} of {roles}, within {requirement['expires_in_seconds']} s")
    if autonomy is not None:
        why = f" ({printable('; '.join(autonomy['blockers']))})" if autonomy["blockers"] else ""
        typer.echo(f"autonomy    {autonomy['mode']}: {autonomy['unattended_phases']} phases run alone{why}")
    if told["unavailable"]:
        typer.echo(f"away        {printable(told['unavailable'])}")
    for what, why in told["not_judged"].items():
        typer.echo(f"{what}: {why}")
    refused = any(gate["verdict"] == "refused" for gate in told["gates"])
    in_part = bool(told["not_judged"]) and not refused
    typer.echo("allowed" if told["allowed"] else "not judged in full" if in_part else "not allowed")


def _print_replayed(rows: list[JsonObject]) -> None:
    table = Table("at", "task", "rev", "then", "change", "why", box=None, pad_edge=False)
    colors = {"newly fails": "bold red", "newly passes": "green", "differs": "yellow"}
    for row in rows:
        if row["change"] == "same":
            continue
        why = [f"{rule['rule']}: {rule['reason']}" for rule in row["rules_now"]] or row["differences"]
        why = why or [f"no longer {rule}" for rule in row["rules_then"]]
        then = "allowed" if row["allowed_then"] else "refused"
        table.add_row(
            *(printable(str(row[name])) for name in ("at", "task_id", "revision")),
            then,
            Text(row["change"], style=colors.get(row["change"], "dim")),
            printable("; ".join(why)[:400]),
        )
    Console().print(table)
    counts = {change: sum(row["change"] == change for row in rows) for change in (*colors, "same", "not on record")}
    typer.echo(f"{len(rows)} verdicts: {', '.join(f'{count} {change}' for change, count in counts.items())}.")
    for name in get_args(GateName):
        told = [row["gates"][name] for row in rows if name in row["gates"]]
        again, kept = (sum(gate["verdict"] == how for gate in told) for how in ("judged again", "kept"))
        why = " ".join(sorted({gate["why"] for gate in told if gate["why"]}))
        typer.echo(f"{name:<10}{again} judged again, {kept} kept as they were{f' ({why})' if why else ''}")
    for what, count in sorted(Counter(each for row in rows for each in row["assumed"]).items()):
        typer.echo(f"assumed   {what}: {count} on record lack it")


def _run(work: Coroutine[Any, Any, Answer]) -> Answer:
    from bot.policy_review import ReviewError

    try:
        return asyncio.run(work)
    except ReviewError as error:
        _refuse(str(error))


def _refuse(sentence: str) -> NoReturn:
    typer.echo(f"gavel: {sentence}", err=True)
    raise typer.Exit(EXIT_NOT_READ)


def printable(text: str) -> str:
    """Rules and reasons hold strangers' words: no control character may move the cursor."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)

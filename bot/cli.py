"""The `gavel` command. Each command imports what it needs when it runs, so that `--help` is quick."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import metadata
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from agents.orchestrator.chat import Member

EXIT_NOT_STARTED = 2
"""A setting is wrong, or something Gavel needs is not there. Told on stderr, without a traceback."""

app = typer.Typer(
    name="gavel",
    help=(
        "An LLM council for your operations channel: models plan, gates judge, people approve, Temporal runs it.\n\n"
        "Configuration comes from the environment and from gavel.yaml (or the file that GAVEL_CONFIG names); "
        "a part that is not configured is embedded."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gavel {metadata.version('gavel')}")
        raise typer.Exit


@app.callback()
def gavel(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Options of every command."""
    if context.invoked_subcommand is not None and not _wants_help(sys.argv[1:]):
        _ask_first(context.invoked_subcommand)


def _wants_help(words: list[str]) -> bool:
    """Only where it can be nothing else: after an option, `--help` may be that option's value."""
    return bool(words) and words[-1] in ("-h", "--help") and not any(word.startswith("-") for word in words[:-1])


def _ask_first(command: str) -> None:
    """The gate. A command that no policy knows and that is not listed as asked of nobody is refused."""
    from bot.permits.ungated import UNGATED

    if command not in UNGATED:
        from bot.permits.terminal import permitted

        permitted(command)


@app.command()
def up() -> None:
    """Run the bot and a worker, with an embedded part for each that is not configured. Ctrl-C ends everything."""
    from bot.commands import run_up
    from bot.runtime import serve

    raise typer.Exit(run_up(serve=serve))


@app.command()
def worker() -> None:
    """Run one more worker: beside the `gavel up` of the same data directory, or on servers of your own."""
    from bot.commands import run_worker
    from bot.runtime import serve_worker

    raise typer.Exit(run_worker(serve=serve_worker))


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Play it and leave. Exit 0 only if every step happened.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line for each step; a summary last.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Draws the estate, its drift and the wording.")] = 1,
    agent: Annotated[
        list[str] | None,
        typer.Option(
            "--agent", metavar="NAME", help="Play this agent's scene. Give it again for another, on the same servers."
        ),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            "--mode",
            metavar="MODE",
            help="How the models answer: auto, single, aggregation or council. By default auto; of an agent's scene "
            "council, so that there is a vote to see; with --llm single.",
        ),
    ] = None,
    llm: Annotated[
        str | None,
        typer.Option("--llm", metavar="MODEL", help="Play it on a configured model: Claude, openai, gemini/NAME, …"),
    ] = None,
) -> None:
    """Play the main job on servers of its own: asked, refused, alerted. Then leave the workspace open to try.

    With --agent, play that agent's scene instead. With --llm, a real model plays in the rehearsal models' place.
    """
    from bot.lifecycle import run
    from bot.local.demo_agents import agents_named
    from bot.local.demo_run import mode_given, run_demo
    from bot.settings import SettingsError

    try:
        agents = agents_named(agent or [])
        setting = mode_given(mode or ("single" if llm else "council" if agents else "auto"))
        member = _chosen(llm) if llm else None
    except (ValueError, SettingsError) as error:
        typer.echo(f"gavel: {error} Nothing was started.", err=True)
        raise typer.Exit(EXIT_NOT_STARTED) from error
    # Nobody is there to try it by hand when the output is no terminal.
    leave = once or as_json or not sys.stdout.isatty()
    raise typer.Exit(
        run(lambda: run_demo(once=leave, as_json=as_json, seed=seed, agents=agents, mode=setting, llm=member))
    )


def _chosen(llm: str) -> Member:
    from bot.local.chosen import chosen_member
    from bot.settings import load_settings

    return chosen_member(llm, load_settings().llm, os.environ)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also ask each model one short question (costs a little).")
    ] = False,
) -> None:
    """Ask each component: what was tried, what answered, what to do. Exit 1 when something does not answer."""
    from bot.commands import run_doctor

    raise typer.Exit(run_doctor(as_json=as_json, deep=deep))


def _handed_on(name: str | None = None) -> Callable[[Callable[[typer.Context], None]], Callable[[typer.Context], None]]:
    """A command that is an app of its own, imported when it is asked for: its arguments are passed on to it unread."""
    return app.command(
        name=name,
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "allow_interspersed_args": False},
    )


@_handed_on()
def ledger(context: typer.Context) -> None:
    """The record: `verify`, `show`, `export`, `backup` or `restore` what was asked, judged, decided and done."""
    from bot.commands import ledger_inputs
    from bot.ledger.cli import ledger_app
    from bot.ledger.keeping_cli import add_keeping

    commands = ledger_app(ledger_inputs)
    add_keeping(commands, ledger_inputs)
    commands(args=context.args, prog_name="gavel ledger")


@app.command()
def tasks(as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False) -> None:
    """The tasks: which there are, what waits for a decision, and how the others ended."""
    from bot.tasks.cli import print_tasks

    print_tasks(as_json=as_json)


@app.command()
def task(
    task_id: Annotated[str, typer.Argument(metavar="ID", help="As `gavel tasks` and every card name it.")],
    word: Annotated[str, typer.Argument(metavar="[reject|cancel]", help="What to do to it. Without: show it.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why, for the card, the thread and the ledger.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """One task: its status and who approved; `reject` its plan or `cancel` it. Approving is for people, in Slack."""
    from bot.permits.terminal import permitted
    from bot.tasks.cli import print_task, stop_task

    if word:
        permitted("task.stop")
    raise typer.Exit(stop_task(task_id, word, reason=reason) if word else print_task(task_id, as_json=as_json))


@_handed_on()
def keys(context: typer.Context) -> None:
    """Providers' keys of people and of the org: `set`, `list`, `validate`, `delete` them, `rotate` what seals them."""
    from bot.commands import keys_inputs
    from bot.keystore.cli import keys_app

    keys_app(keys_inputs)(args=context.args, prog_name="gavel keys")


@_handed_on()
def usage(context: typer.Context) -> None:
    """What the models were used for and what it cost, by person, team, agent, model, mode or day."""
    from bot.commands import usage_inputs
    from bot.usage.cli import usage_app

    usage_app(usage_inputs)(args=context.args, prog_name="gavel usage")


@_handed_on()
def models(context: typer.Context) -> None:
    """The models: every provider, which of its models is asked for what and why, and what was measured."""
    from bot.commands import models_inputs
    from bot.routing.cli import models_app

    models_app(models_inputs)(args=context.args, prog_name="gavel models")


@_handed_on()
def cve(context: typer.Context) -> None:
    """CVE data: `import` what the security and patch tools compare with."""
    from bot.advisories.cli import cve_app
    from bot.commands import database_url

    cve_app(database_url)(args=context.args, prog_name="gavel cve")


@_handed_on()
def tools(context: typer.Context) -> None:
    """The tools that agents work with: `list` and `show` them, `call` one that reads or plans."""
    from bot.tools_cli import tools_app

    tools_app()(args=context.args, prog_name="gavel tools")


@_handed_on()
def contracts(context: typer.Context) -> None:
    """The contracts that every output is judged by: `list` them, `export` their JSON Schemas."""
    from bot.contracts_cli import contracts_app

    contracts_app()(args=context.args, prog_name="gavel contracts")


@_handed_on("eval")
def evaluate(context: typer.Context) -> None:
    """How well models do this work: play eval cases on sample data, with the gates, and nothing executed."""
    from bot.evals_cli import evals_app

    evals_app()(args=context.args, prog_name="gavel eval")


@_handed_on()
def policy(context: typer.Context) -> None:
    """The policies: `test` them, `explain` a plan's verdict, `replay` old plans under changed ones."""
    from bot.policy_cli import policy_app

    policy_app()(args=context.args, prog_name="gavel policy")


@_handed_on()
def config(context: typer.Context) -> None:
    """The configuration: `reference` prints every setting."""
    from bot.config_cli import config_app

    config_app()(args=context.args, prog_name="gavel config")


def main() -> None:
    """The entry point. What a person can put right is told in a sentence; anything else is a bug, with traceback."""
    try:
        app()
    except Exception as error:
        from bot.commands import sentence_of

        sentence = sentence_of(error)
        if sentence is None:
            raise
        for line in sentence.splitlines():
            print(f"gavel: {line}", file=sys.stderr)
        sys.exit(EXIT_NOT_STARTED)


if __name__ == "__main__":
    main()

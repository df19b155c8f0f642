"""`gavel demo`: its own data, its own servers, nothing of what is configured. The play, then the open workspace."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.markup import escape

from agents.intake import MODE_WORDS, mode_named
from agents.orchestrator.chat import Member
from bot.local.demo import Demo, summary_event
from bot.local.demo_agents import play_agents
from bot.local.estate.estate import SampleEstate
from bot.local.play import ScenarioSummary
from bot.local.stack import RunningStack, open_stack
from bot.local.stage import Stage, StageError
from bot.model_probes import ask_model, model_client
from bot.opening import open_ledger
from bot.org import org_of
from bot.probes import NoAnswer
from bot.recorded_calls import recorded_calls
from bot.redaction import redacted
from bot.runtime import serve
from bot.settings import Settings
from bot.telemetry import configure_logging
from bot.workflows.client import connect
from tools.contracts.common import AgentName
from tools.contracts.modes import ModeSetting


def mode_given(word: str) -> ModeSetting:
    """Raises `ValueError`, naming those that there are, for a word that names no mode."""
    setting = mode_named(word)
    if setting is None:
        raise ValueError(f"There is no mode {word[:40]!r}; there are: {', '.join(MODE_WORDS)}.")
    return setting


EXIT_NO_MODEL = 2
"""The model that was named does not answer."""


def demo_settings(*, data_dir: Path, seed: int, mode: ModeSetting) -> Settings:
    """Settings of the demo alone: a configured workspace, cluster or key is never touched by a play."""
    embedded = Settings.embedded(data_dir=data_dir)
    return embedded.model_copy(
        update={
            "log_level": "error",
            "llm": embedded.llm.model_copy(update={"mode": mode}),
            "estate": embedded.estate.model_copy(update={"seed": seed}),
            "tasks": embedded.tasks.model_copy(update={"canary_wait_seconds": 1}),
            "alerts": embedded.alerts.model_copy(update={"expiry_seconds": 10}),
        }
    )


async def run_demo(
    *,
    once: bool,
    as_json: bool,
    seed: int,
    mode: ModeSetting,
    agents: Sequence[AgentName] = (),
    llm: Member | None = None,
) -> int:
    """The exit status: 0 only if every step really happened. Without `agents`, the main job is played; without `llm`,
    by rehearsal models.
    """
    console = Console()
    with tempfile.TemporaryDirectory(prefix="gavel-demo-") as folder:
        settings = demo_settings(data_dir=Path(folder), seed=seed, mode=mode)
        configure_logging(settings.log_level, redact=redacted)
        if not as_json:
            console.print("[bold]Gavel demo.[/bold] Starting Temporal, Redis, OPA, a Slack workspace and the models…")
        if llm is not None:
            # Before anything is started: a wrong key would otherwise show as a play in which nobody answers.
            try:
                async with model_client() as wire, recorded_calls(settings, wire, [llm]) as client:
                    await ask_model(client, llm, org=org_of(settings), run="demo", seconds=60)
            except NoAnswer as error:
                print(f"gavel: --llm: {error} Nothing was started.", file=sys.stderr)
                return EXIT_NO_MODEL
        async with open_stack(settings, members=[llm] if llm else None) as stack:
            serving = asyncio.create_task(serve(stack))
            playing = asyncio.create_task(_play(stack, console, as_json=as_json, seed=seed, agents=agents))
            try:
                # A bot that could not start would leave the play waiting for an answer nobody gives.
                await asyncio.wait((serving, playing), return_when=asyncio.FIRST_COMPLETED)
                if serving.done():
                    await serving
                status = await playing
                if not once and status == 0:
                    console.print(
                        f"\nThe workspace stays open: [bold]{stack.part('slack').address}[/bold]\n"
                        "Ask as Ada in #ops, approve as Grace. Ctrl-C ends it and leaves nothing behind."
                    )
                    await serving
                return status
            finally:
                serving.cancel()
                playing.cancel()
                await asyncio.gather(serving, playing, return_exceptions=True)


async def _play(stack: RunningStack, console: Console, *, as_json: bool, seed: int, agents: Sequence[AgentName]) -> int:
    def tell(event: dict[str, Any]) -> None:
        if as_json:
            print(json.dumps(event), flush=True)
        elif event["event"] == "step":
            console.print(f"[cyan]{event['scenario']:>10}[/cyan]  {escape(event['text'])}", highlight=False)

    scenarios: list[ScenarioSummary] = []
    error: str | None = None
    async with AsyncExitStack() as exits:
        http = await exits.enter_async_context(aiohttp.ClientSession())
        estate = SampleEstate(stack.estate)
        exits.push_async_callback(estate.close)
        demo = Demo(
            stage=Stage(http, base=f"{stack.part('slack').address}/", patience=1 if stack.simulated else 5),
            temporal=await connect(
                stack.settings.temporal, address=stack.temporal_address, codec_key=stack.keys.derive("codec")
            ),
            ledger=await open_ledger(exits, stack.settings, stack.keys),
            estate=estate,
            org=stack.org,
            seed=seed,
            tell=tell,
        )
        try:
            await demo.stage.until_listened_to(seconds=60)
            async for scenario in play_agents(demo, agents) if agents else demo.play():
                scenarios.append(scenario)
        except StageError as failure:
            error = str(failure)
    event = summary_event(scenarios, error=error, models=_who(stack))
    tell(event)
    if not as_json:
        _print(console, event)
    return 0 if error is None else 1


def _who(stack: RunningStack) -> str:
    """A simulation says that it is one, and nothing else does."""
    if stack.simulated:
        return "rehearsal models: rules, not an LLM"
    return ", ".join(f"{member.name} ({member.model})" for member in stack.members)


def _print(console: Console, event: dict[str, Any]) -> None:
    for scenario in event["scenarios"]:
        verified = "the ledger verifies" if scenario["ledger_verified"] else "THE LEDGER DOES NOT VERIFY"
        console.print(
            f"[green]✓[/green] {scenario['name']}: {scenario['outcome']}, policy {scenario['policy_verdict']}, "
            f"{scenario['phases_run']} phases, {scenario['assets_changed']} assets changed; {verified}",
            highlight=False,
        )
    if event["error"]:
        console.print(f"[red]✗[/red] {escape(str(event['error']))}", highlight=False)
    console.print(f"({event['models']})", highlight=False)

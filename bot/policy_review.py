"""What `gavel policy` does: tests, explanations and replays of this installation's policies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path

from bot.judgements import Judgement, judgements
from bot.ledger.ledger import Ledger
from bot.local.servers import find_opa
from bot.opening import open_ledger
from bot.policy_data import policy_bundle
from bot.settings import Settings
from bot.terminal import TerminalInputs
from policies.build import open_engine
from policies.bundle import Bundle, Module, load_bundle
from policies.engine import is_list, is_object
from policies.rejudging import safety_again, schema_again
from policies.replay import Replayed, replay
from policies.seen import Seen, answered_in, read_seen
from policies.tenants import ORG_AT
from tools.contracts.common import JsonObject
from tools.contracts.council import CouncilOutcome
from tools.registry import build_registry

OPA_TEST_SECONDS = 300


class ReviewError(Exception):
    """It could not be looked at. The message says what to do."""


@dataclass
class TestRun:
    """What `gavel policy test` found."""

    decides: dict[str, bool] = field(default_factory=dict[str, bool])
    """Package → whether it refuses an input that says nothing, as each must."""
    tests: dict[str, bool] | None = None
    """Test → whether it passed. None: there is no opa to run them with."""

    @property
    def ok(self) -> bool:
        return all(self.decides.values()) and self.tests is not None and all(self.tests.values())


async def run_tests(settings: Settings) -> TestRun:
    """The policies as configured, and every `_test.rego` of the house and of the orgs. Raises `SettingsError`."""
    bundle, run = policy_bundle(settings), TestRun()
    engine = await open_engine(None, bundle=bundle)
    for package in sorted(ORG_AT):
        decision = await engine.decide(package, {})
        run.decides[package] = decision["allow"] is False and bool(decision["deny"])
    opa = find_opa()
    if opa is not None:
        places = [str(files("policies") / "rego"), *(str(path) for path in settings.policies.tenants.values())]
        run.tests = await _opa_test(opa, places)
    return run


async def _opa_test(opa: str, places: list[str]) -> dict[str, bool]:
    process = await asyncio.create_subprocess_exec(
        opa,
        *("test", "--format", "json", "--timeout", "60s", *places),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), OPA_TEST_SECONDS)
    except TimeoutError:
        process.kill()
        raise ReviewError(f"`opa test` did not end within {OPA_TEST_SECONDS} s. No verdict.") from None
    try:
        rows: object = json.loads(out)
    except ValueError:
        said = (err or out).decode("utf-8", "replace").strip()[:500]
        raise ReviewError(f"`opa test` ran no test: {said}") from None
    found: dict[str, bool] = {}
    for row in rows if is_list(rows) else []:
        if is_object(row):
            name = f"{str(row.get('package', '')).removeprefix('data.')}.{row.get('name', '')}"
            found[name] = not row.get("fail") and not row.get("error") and not row.get("skip")
    if not found:
        raise ReviewError("`opa test` found no test. No verdict.")
    return found


def candidate(settings: Settings, *, data: Path | None, rego: Path | None) -> Bundle:
    """The configured policies, with whole keys of the data and modules replaced. Raises :class:`ReviewError`."""
    bundle = policy_bundle(settings)
    if data is not None:
        given = read_json(data)
        try:
            load_bundle(given)
        except ValueError as error:
            raise ReviewError(f"{data}: {error}") from error
        bundle = replace(bundle, data={**bundle.data, **given})
    if rego is not None:
        own = {path.name: path.read_text("utf-8") for path in sorted(rego.glob("*.rego"))}
        names = {module.id.rsplit("/", 1)[-1] for module in bundle.modules}
        own = {name: text for name, text in own.items() if not name.endswith("_test.rego")}
        if unknown := sorted(set(own) - names):
            raise ReviewError(f"{rego}: there is no module {unknown[0]}. A module is replaced by one of its name.")
        if not own:
            raise ReviewError(f"{rego} has no .rego file.")
        modules = (Module(module.id, own.get(module.id.rsplit("/", 1)[-1], module.text)) for module in bundle.modules)
        bundle = replace(bundle, modules=tuple(modules))
    return bundle


@dataclass(frozen=True)
class ReplayRow:
    """One stored verdict, asked again. `replayed` None: what was asked is not on record."""

    judgement: Judgement
    replayed: Replayed | None


async def replay_all(inputs: TerminalInputs, bundle: Bundle, *, in_process: bool) -> list[ReplayRow]:
    """Every verdict of the org on record. Raises `LedgerUnavailable` and `PolicyUnavailable`."""
    async with opened(inputs) as (ledger, exits):
        engine = await open_engine(None if in_process else inputs.settings.opa.url, bundle=bundle)
        exits.push_async_callback(engine.aclose)
        rows: list[ReplayRow] = []
        catalog = build_registry().catalog()
        async for judgement in judgements(ledger, inputs.org):
            documents, report, plan = judgement.documents, judgement.report, judgement.plan
            if documents is None:
                rows.append(ReplayRow(judgement, None))
                continue
            others = [
                schema_again(report, plan, contract=judgement.contract),
                safety_again(report, plan, await _seen(ledger, inputs.org, judgement), catalog=catalog),
            ]
            rows.append(ReplayRow(judgement, await replay(engine, documents, report, others=others)))
        return rows


async def _seen(ledger: Ledger, org: str, judgement: Judgement) -> Seen | None:
    """With what the task's tools returned. None: it is not on record. Raises `LedgerUnavailable`."""
    if judgement.seen is None:
        return None
    try:
        results = await ledger.tool_results(org, judgement.task_id, answered_in(judgement.seen))
        return read_seen(judgement.seen, contract=judgement.contract, results=results, council=NOBODY, at=judgement.at)
    except ValueError:
        return None


async def find_judgement(inputs: TerminalInputs, name: str) -> Judgement:
    """The newest verdict on the task's, or the digest's, plan. Raises :class:`ReviewError` when there is none."""
    found: Judgement | None = None
    async with opened(inputs) as (ledger, _):
        async for judgement in judgements(ledger, inputs.org):
            if judgement.is_called(name):
                found = judgement
    if found is None:
        raise ReviewError(f"There is no file {name!r}, and the ledger has no verdict on a task or a plan of that name.")
    return found


NOBODY = CouncilOutcome(
    mode="single",
    requested_mode="single",
    members=[],
    nominal_votes=1,
    effective_votes=1,
    threshold=0.5,
    min_providers=1,
    tallies=[],
    agreement=None,
    dissent=[],
    consensus=True,
)


def read_json(path: Path) -> JsonObject:
    try:
        value: object = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ReviewError(f"{path} could not be read as JSON ({type(error).__name__}).") from error
    if not is_object(value):
        raise ReviewError(f"{path} holds no JSON object.")
    return value


@asynccontextmanager
async def opened(inputs: TerminalInputs) -> AsyncGenerator[tuple[Ledger, AsyncExitStack]]:
    """This installation's ledger. Raises `LedgerUnavailable`; makes no empty one of a wrong path."""
    settings = inputs.settings
    if settings.database.url is None and not await asyncio.to_thread((settings.data_dir / "gavel.db").is_file):
        raise ReviewError(f"There is no ledger in {settings.data_dir}: no Gavel has run there. Check GAVEL_DATA_DIR.")
    async with AsyncExitStack() as exits:
        yield await open_ledger(exits, settings, inputs.keys), exits

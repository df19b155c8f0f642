"""`gavel policy`, as a person runs it: on a ledger with verdicts, by the policies as they are and would be."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.keys import load_keys
from bot.ledger.export import write_export
from bot.ledger.ledger import Ledger
from bot.local.estate import seed_estate
from bot.opening import open_ledger
from bot.settings import Settings
from policies.build import open_engine
from policies.bundle import load_bundle
from policies.gate import JudgeContext
from policies.older import completed
from policies.pipeline import build_pipeline
from tests.unit.cli.test_cli import gavel
from tests.unit.policies.plans import CATALOG, NOW, ORG, TASK, NoHistory, make_context, make_estate, make_plan
from tests.unit.policies.reports import LOGS, make_report
from tools.contracts.common import JsonObject

GOOD, BIG, UNSAFE = f"{TASK}.good", f"{TASK}.big", f"{TASK}.unsafe"


@pytest.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation whose ledger has three verdicts: allowed, refused by the policies, refused by the checks."""
    path = tmp_path_factory.mktemp("policy")
    settings = Settings.embedded(data_dir=path / ".gavel")
    settings.data_dir.mkdir(mode=0o700)
    async with AsyncExitStack() as exits:
        ledger = await open_ledger(exits, settings, load_keys(settings))
        plan = make_plan()
        context = make_context(plan=plan)
        await verdict(ledger, GOOD, plan.model_dump(mode="json"), context)
        half = make_plan(batch_percent=50)
        await verdict(ledger, BIG, half.model_dump(mode="json"), make_context(plan=half))
        await verdict(ledger, UNSAFE, {**plan.model_dump(mode="json"), "task_id": "another"}, context)
        await ledger.record("plan_validated", {"revision": 1}, org=ORG, task_id="old", actor="gavel", key="old")
    return path


async def verdict(
    ledger: Ledger, task: str, plan: JsonObject, context: JudgeContext, *, lacks: Sequence[str] = ()
) -> None:
    """As the judging step records it, after what the tools returned. `lacks`: of who asks, as an earlier version."""
    for call, output in context.results.items():
        called: JsonObject = {"call_id": call, "tool": "simulate_rollout", "outcome": "ok", "result": output}
        await ledger.record("tool_called", called, org=ORG, task_id=task, actor="agent:drift", key=f"tool:{call}")
    pipeline = build_pipeline(await open_engine(None), estate=make_estate(), catalog=CATALOG, history=NoHistory())
    examination = await pipeline.examine(plan, context)
    body: JsonObject = {"revision": 1, **examination.report.model_dump(mode="json"), **examination.as_recorded()}
    for name in lacks:
        del body["documents"]["ql.ai.autonomy"]["caller"][name]
    await ledger.record("plan_validated", body, org=ORG, task_id=task, actor="gavel", key="validated:r1")


async def replayed(place: Path, *options: str, **environ: str) -> dict[str, JsonObject]:
    ran = await gavel(place, "policy", "replay", "--json", *options, GAVEL_ORG=ORG, **environ)
    assert ran.status == 0, ran.err
    return {row["task_id"]: row for row in map(json.loads, ran.out.splitlines())}


async def test_by_the_same_policies_every_verdict_is_the_same(place: Path) -> None:
    rows = await replayed(place)
    assert {task: row["change"] for task, row in rows.items()} == dict.fromkeys((GOOD, BIG, UNSAFE), "same")
    assert [row["allowed_then"] for row in rows.values()] == [True, False, False]
    how = {task: {name: gate["verdict"] for name, gate in row["gates"].items()} for task, row in rows.items()}
    assert how[GOOD] == dict.fromkeys(("schema", "policy", "safety", "approval"), "judged again")
    assert (how[BIG]["safety"], how[UNSAFE]["safety"], how[UNSAFE]["approval"]) == (
        "not come to",
        "judged again",
        "not come to",
    )
    assert rows[UNSAFE]["rules_then"] == ["safety.task"]
    told = await gavel(place, "policy", "replay", GAVEL_ORG=ORG)
    assert "safety    2 judged again, 0 kept as they were" in told.out


async def test_what_an_older_plan_has_not_on_record_is_assumed_and_told(tmp_path: Path) -> None:
    settings = Settings.embedded(data_dir=tmp_path / ".gavel")
    settings.data_dir.mkdir(mode=0o700)
    plan = make_plan()
    async with AsyncExitStack() as exits:
        ledger = await open_ledger(exits, settings, load_keys(settings))
        for task, lacks in ((GOOD, []), (f"{TASK}.older", ["alerted"]), (f"{TASK}.broken", ["org"])):
            await verdict(ledger, task, plan.model_dump(mode="json"), make_context(plan=plan), lacks=lacks)
    rows = await replayed(tmp_path)
    assert {task: (row["change"], row["assumed"]) for task, row in rows.items()} == {
        GOOD: ("same", []),
        f"{TASK}.older": ("same", ["ql.ai.autonomy: caller.alerted taken as false"]),
        f"{TASK}.broken": ("newly fails", []),
    }
    told = await gavel(tmp_path, "policy", "replay", GAVEL_ORG=ORG)
    assert "assumed   ql.ai.autonomy: caller.alerted taken as false: 1 on record lack it" in told.out


def test_an_older_plan_for_an_alert_was_told_by_its_user() -> None:
    caller: JsonObject = {"org": "T1", "user": "alert:1"}
    document: JsonObject = {"caller": caller, "now": "x"}
    assert completed("ql.ai.autonomy", document) == (
        {"caller": {**caller, "alerted": True}, "now": "x"},
        ["ql.ai.autonomy: caller.alerted taken as true"],
    )
    whole: list[JsonObject] = [{"caller": {**caller, "alerted": "no"}}, {"caller": []}, {}]
    for there in whole:
        assert completed("ql.ai.autonomy", there) == (there, [])
    assert completed("ql.ai.approval", document) == (document, [])


async def test_replay_shows_what_would_newly_pass_and_newly_fail(place: Path, tmp_path: Path) -> None:
    limits = load_bundle().data["limits"]
    assert isinstance(limits, dict)
    loose, strict = tmp_path / "loose.json", tmp_path / "strict.json"
    loose.write_text(json.dumps({"limits": {**limits, "orgs": {ORG: {"batch_max_percent": 50}}}}))
    strict.write_text(json.dumps({"limits": {**limits, "orgs": {ORG: {"batch_max_percent": 10}}}}))
    rows = await replayed(place, "--data", str(loose))
    assert (rows[BIG]["change"], rows[BIG]["rules_then"][0]) == ("newly passes", "plan.batch_too_large")
    assert rows[GOOD]["change"] == "same"
    rows = await replayed(place, "--data", str(strict))
    assert rows[GOOD]["change"] == "newly fails"
    assert {rule["rule"] for rule in rows[GOOD]["rules_now"]} == {"plan.batch_too_large"}


async def test_replay_shows_who_would_have_to_approve_otherwise(place: Path, tmp_path: Path) -> None:
    limits = load_bundle().data["limits"]
    assert isinstance(limits, dict)
    more = tmp_path / "more.json"
    more.write_text(json.dumps({"limits": {**limits, "orgs": {ORG: {"quorum": 3}}}}))
    rows = await replayed(place, "--data", str(more))
    assert (rows[GOOD]["change"], rows[GOOD]["differences"]) == ("differs", ["quorum: 1 → 3"])


async def test_replay_takes_a_changed_module(place: Path, tmp_path: Path) -> None:
    (module,) = (module for module in load_bundle().modules if module.id.endswith("/safety_production.rego"))
    start = module.text.index('findings contains data.ql.ai.lib.refusal("plan.batch_too_large"')
    end = module.text.index("\n\n", start)
    (tmp_path / "safety_production.rego").write_text(module.text[:start] + module.text[end:])
    assert (await replayed(place, "--rego", str(tmp_path)))[BIG]["change"] == "newly passes"
    (tmp_path / "safty.rego").write_text("package ql.ai.safety")
    ran = await gavel(place, "policy", "replay", "--rego", str(tmp_path), GAVEL_ORG=ORG)
    assert ran.status == 2
    assert "there is no module safty.rego" in ran.err


async def test_explain_tells_the_rules_that_fired_where_they_stand_and_what_they_read(place: Path) -> None:
    ran = await gavel(place, "policy", "explain", BIG, "--json", GAVEL_ORG=ORG)
    assert ran.status == 1, ran.err
    told = json.loads(ran.out)
    assert [(gate["gate"], gate["verdict"]) for gate in told["gates"]] == [("schema", "passed"), ("policy", "refused")]
    rule = told["gates"][1]["rules"][0]
    assert rule["rule"] == "plan.batch_too_large"
    module, line = rule["where"][0].split(":")
    (text,) = (module_.text for module_ in load_bundle().modules if module_.id == module)
    assert '"plan.batch_too_large"' in text.split("\n")[int(line) - 1]
    assert rule["inputs"]["input.plan.environment"] == "production"
    again = await gavel(place, "policy", "explain", BIG, GAVEL_ORG=ORG)
    assert "plan.batch_too_large: batch 50% exceeds" in again.out
    assert "not allowed" in again.out


async def test_explain_finds_a_plan_by_its_digest_too(place: Path) -> None:
    digest = make_plan().digest
    for name in (digest, digest.removeprefix("sha256:")[:12]):
        ran = await gavel(place, "policy", "explain", name, "--json", GAVEL_ORG=ORG)
        assert json.loads(ran.out)["plan_digest"] == digest
    ran = await gavel(place, "policy", "explain", GOOD, GAVEL_ORG=ORG)
    assert ran.status == 0
    assert "approval    1 of admin, approver" in ran.out
    assert "approve_all: 0 phases run alone" in ran.out


async def test_explain_judges_a_file_without_recording_it(place: Path, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({**make_plan(batch_percent=50).model_dump(mode="json")}))
    ran = await gavel(place, "policy", "explain", str(path), "--json", GAVEL_ORG=ORG)
    assert ran.status == 1, ran.err
    gates = {gate["gate"]: gate for gate in json.loads(ran.out)["gates"]}
    assert "plan.batch_too_large" in {rule["rule"] for rule in gates["policy"]["rules"]}
    assert len(await replayed(place)) == 3


@pytest.fixture(scope="module")
async def reported(place: Path) -> Path:
    """A report in a file, that states a figure; the result that shows it, of task `logs`; and an export of both."""
    settings = Settings.embedded(data_dir=place / ".gavel")
    await seed_estate(settings.data_dir / "estate.db", seed=1, org=ORG, now=NOW)
    report = make_report().model_dump(mode="json")
    shown = {"tool_call_id": LOGS, "path": "/total", "value": 41}
    report |= {"conclusion": "inconclusive", "findings": [], "recommendations": [], "handover": None}
    report["summary"] = {"text": "41 log lines were read.", "receipts": [shown]}
    (place / "report.json").write_text(json.dumps(report))
    async with AsyncExitStack() as exits:
        ledger = await open_ledger(exits, settings, load_keys(settings))
        for task, total in (("logs", 41), ("others", 40)):
            large: JsonObject = {"total": total, "lines": ["x" * 3000] * 20}
            called: JsonObject = {"call_id": LOGS, "tool": "query_logs", "outcome": "ok", "result": large}
            await ledger.record("tool_called", called, org=ORG, task_id=task, actor="agent:incident", key="tool:1")
        await write_export(ledger.export(ORG), place / "ledger.jsonl")
    return place / "report.json"


async def explained(place: Path, path: Path, *options: str) -> tuple[int, JsonObject]:
    ran = await gavel(place, "policy", "explain", str(path), "--json", *options, GAVEL_ORG=ORG)
    assert ran.status in (0, 1), ran.err
    told: JsonObject = json.loads(ran.out)
    return ran.status, told


async def test_without_tool_results_a_files_receipts_are_not_judged_and_so_it_says(place: Path, reported: Path) -> None:
    status, told = await explained(place, reported)
    assert (status, told["allowed"]) == (1, False)
    assert told["not_judged"] == {"receipts": "not judged here, no tool results given"}
    assert {gate["verdict"] for gate in told["gates"]} == {"passed"}
    ran = await gavel(place, "policy", "explain", str(reported), GAVEL_ORG=ORG)
    assert ran.status == 1
    assert ran.out.splitlines()[-2:] == ["receipts: not judged here, no tool results given", "not judged in full"]


@pytest.mark.parametrize("exported", [False, True])
async def test_a_files_receipts_are_judged_by_the_results_of_a_task(
    place: Path, reported: Path, exported: bool
) -> None:
    where = ["--results", str(place / "ledger.jsonl")] if exported else []
    status, told = await explained(place, reported, "--task", "logs", *where)
    assert (status, told["allowed"], told["not_judged"]) == (0, True, {})
    status, told = await explained(place, reported, "--task", "others", *where)
    rules = {rule["rule"] for gate in told["gates"] for rule in gate["rules"]}
    assert (status, rules) == (1, {"safety.receipts_wrong"})


async def test_results_that_are_not_there_or_were_edited_explain_nothing(place: Path, reported: Path) -> None:
    edited = place / "edited.jsonl"
    edited.write_text((place / "ledger.jsonl").read_text().replace('\\"total\\":40', '\\"total\\":41'))
    assert edited.read_text() != (place / "ledger.jsonl").read_text()
    for options in (["--task", "nobody"], ["--results", str(edited)], ["--results", str(place / "nowhere")]):
        ran = await gavel(place, "policy", "explain", str(reported), *options, GAVEL_ORG=ORG)
        assert (ran.status, ran.out) == (2, ""), options
        assert "result" in ran.err


@pytest.mark.parametrize(
    ("what", "said"),
    [("nowhere", "no verdict"), ("list.json", "no JSON object"), ("broken.json", "could not be read as JSON")],
)
async def test_what_cannot_be_explained_is_told(what: str, said: str, place: Path) -> None:
    (place / "list.json").write_text("[]")
    (place / "broken.json").write_text("{")
    ran = await gavel(place, "policy", "explain", what, GAVEL_ORG=ORG)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


async def test_where_no_gavel_ran_nothing_is_made(tmp_path: Path) -> None:
    ran = await gavel(tmp_path, "policy", "replay", GAVEL_ORG=ORG)
    assert ran.status == 2
    assert "no Gavel has run there" in ran.err
    assert "gavel.db" not in os.listdir(tmp_path / ".gavel")


async def test_the_tests_run_and_an_orgs_failing_one_is_named(place: Path, tmp_path: Path) -> None:
    slug = ORG.lower()
    (tmp_path / "safety.rego").write_text(
        f'package ql.ai.tenants.{slug}.safety\n\ndecision := {{"allow": true, "deny": set(), "version": "1"}}\n'
    )
    (tmp_path / "safety_test.rego").write_text(
        f"package ql.ai.tenants.{slug}.safety_test\n\nimport data.ql.ai.tenants.{slug}.safety\n\n"
        "test_it_refuses if not safety.decision.allow\n"
    )
    ran = await gavel(place, "policy", "test", "--json", GAVEL_ORG=ORG, GAVEL_POLICIES_TENANTS=f"{ORG}={tmp_path}")
    assert ran.status == 1, ran.err
    told = json.loads(ran.out)
    assert all(told["decides"].values())
    assert {name for name, passed in told["tests"].items() if not passed} == {
        f"ql.ai.tenants.{slug}.safety_test.test_it_refuses"
    }
    assert len(told["tests"]) > 60
    whole = await gavel(place, "policy", "test", GAVEL_ORG=ORG)
    assert whole.status == 0, whole.err
    assert "tests pass." in whole.out

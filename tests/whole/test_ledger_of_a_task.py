"""Each thing the ledger must keep of a task, read back from the ledger of one whole task that was really played."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from collections.abc import AsyncGenerator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.blocks.actions import ANSWER_PREFIX, APPROVE
from bot.workflows.messages import TaskResult
from bot.workflows.task import TaskWorkflow
from prompts.library import PromptLibrary
from tests.whole.town import Town, open_town
from tools.contracts.taskspec import TaskSpec

ADA, GRACE = "U0ADA00001", "U0GRACE001"
SECRET = "AKIA" + "IOSFODNN7EXAMPLE"
ASK = f"@gavel web servers have drifted from the golden image, fix half of them at a time, my key is {SECRET}"

pytestmark = pytest.mark.timeout(240)


@dataclass(frozen=True)
class Kept:
    """What `gavel ledger show TASK --json` printed, and what is in the tables."""

    org: str
    task: str
    result: TaskResult
    entries: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    """Rows of `ai_request_logs`."""
    database: bytes = field(repr=False)
    """The file, as it is on the disk."""

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [entry for entry in self.entries if entry["kind"] == kind]

    def one(self, kind: str) -> dict[str, Any]:
        (entry,) = self.of(kind)
        return entry


async def play(town: Town) -> str:
    """Ada asks, is asked back, may not approve; her plan is refused and repaired; Grace approves. The task's id."""
    said = await town.stage.say("ada", "ops", ASK)
    question = await town.stage.until(said, "ada", has=ANSWER_PREFIX, seconds=60, what="The question")
    await town.stage.click("ada", said.channel, question["ts"], f"{ANSWER_PREFIX}0")
    card = await town.stage.until(said, "grace", has=f"'{APPROVE}'", seconds=120, what="The plan card")
    await town.stage.click("ada", said.channel, card["ts"], APPROVE)
    await town.stage.until(said, "ada", has="cannot approve it", seconds=30, what="The refusal")
    await town.stage.click("grace", said.channel, card["ts"], APPROVE)
    return f"{town.stack.org}.{said.channel}.{said.ts}"


async def shown(town: Town, task: str) -> list[dict[str, Any]]:
    """What the command prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", "ledger", "show", task, "--json", "--limit", "1000"),
        stdout=asyncio.subprocess.PIPE,
        env=town.environ,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return [json.loads(line) for line in out.splitlines()]


def rows(database: Path, task: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        found = connection.execute("SELECT * FROM ai_request_logs WHERE task_id = ? ORDER BY created_at", [task])
        return [dict(row) for row in found]


@pytest.fixture(scope="module")
async def kept(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Kept]:
    async with open_town(tmp_path_factory.mktemp("town")) as town:
        await town.serve("both")
        task = await play(town)
        result = await town.temporal.get_workflow_handle_for(TaskWorkflow.run, task).result()
        assert (await town.ledger.verify(town.stack.org)).ok
        database = town.stack.settings.data_dir / "gavel.db"
        files = [file for file in database.parent.iterdir() if file.name.startswith("gavel.db")]
        yield Kept(
            org=town.stack.org,
            task=task,
            result=result,
            entries=await shown(town, task),
            calls=rows(database, task),
            database=b"".join(file.read_bytes() for file in files),
        )


def test_every_entry_and_every_call_names_the_org_and_the_task(kept: Kept) -> None:
    assert {(entry["org"], entry["task_id"]) for entry in kept.entries} == {(kept.org, kept.task)}
    assert {(call["org"], call["task_id"]) for call in kept.calls} == {(kept.org, kept.task)}


def test_the_user_is_kept_with_what_they_asked_and_with_every_call_made_for_them(kept: Kept) -> None:
    received = kept.one("task_received")
    assert received["actor"] == ADA
    assert "drifted from the golden image" in received["body"]["text"]
    assert {call["user_id"] for call in kept.calls} == {ADA}
    assert {entry["body"]["on_behalf_of"] for entry in kept.of("tool_called")} == {ADA}


def test_the_question_is_kept_and_its_answer_with_who_gave_it(kept: Kept) -> None:
    asked, answered = kept.one("question_asked"), kept.one("question_answered")
    assert answered["body"] == {"question_id": "q1", "answer": asked["body"]["choices"][0]}
    assert answered["actor"] == ADA


def test_the_task_spec_is_kept_without_the_secret(kept: Kept) -> None:
    body = {name: value for name, value in kept.one("task_spec")["body"].items() if name != "prompts"}
    spec = TaskSpec.model_validate(body)
    assert (spec.id, spec.org, spec.user, spec.environment) == (kept.task, kept.org, ADA, "production")
    assert "drifted from the golden image" in spec.user_intent
    assert SECRET not in json.dumps(kept.entries)
    assert SECRET.encode() not in kept.database


def test_each_round_of_the_agent_is_kept_with_its_members_tools_and_prompts(kept: Kept) -> None:
    first, second = kept.of("agent_invoked")
    assert [entry["body"]["revision"] for entry in (first, second)] == [1, 2]
    assert first["actor"] == "agent:drift"
    # By itself one model answers, and what it plans for production is put to the council.
    assert first["body"]["mode"] == "single"
    assert {entry["body"]["mode"] for entry in kept.of("council_voted")} == {"council"}
    assert len(first["body"]["members"]) == 3
    assert first["body"]["tools"]
    assert [refusal["rule"] for refusal in second["body"]["refusals"]]
    assert len(kept.of("council_voted")) == 2


RESTS_ON: dict[str, set[str]] = {
    "question_asked": {"meta_prompt"},
    "task_spec": {"meta_prompt"},
    "agent_invoked": {
        *("drift.investigate", "council.member", "drift.report"),
        *("council.entail", "council.vote", "drift.synthesis"),
    },
    "council_voted": {"drift.investigate", "council.member", "drift.report", "council.vote"},
    "plan_proposed": {"drift.investigate", "council.member", "drift.report", "council.vote"},
}


@pytest.mark.parametrize("kind", RESTS_ON)
def test_every_entry_that_rests_on_prompts_names_them_with_version_and_checksum(kept: Kept, kind: str) -> None:
    shipped = PromptLibrary()
    entries = kept.of(kind)
    assert entries
    for entry in entries:
        assert entry["body"]["prompts"] == shipped.stamps(*RESTS_ON[kind])


def test_each_tool_call_is_kept_with_its_parameters_and_result(kept: Kept) -> None:
    outcomes = [entry for entry in kept.of("tool_called") if entry["body"]["stage"] == "outcome"]
    assert {"query_assets", "execute_rollout_prod", "check_health"} <= {entry["body"]["tool"] for entry in outcomes}
    for entry in outcomes:
        body = entry["body"]
        assert body["outcome"] == "ok"
        assert body["params"]
        assert body["result"]
        assert body["result_digest"].startswith("sha256:")
        assert body["duration_ms"] >= 0


def test_a_tool_that_changes_something_is_kept_before_it_runs_and_after(kept: Kept) -> None:
    changing = [entry for entry in kept.of("tool_called") if entry["body"]["tool"] == "execute_rollout_prod"]
    intents = {entry["body"]["call_id"]: entry for entry in changing if entry["body"]["stage"] == "intent"}
    outcomes = {entry["body"]["call_id"]: entry for entry in changing if entry["body"]["stage"] == "outcome"}
    assert intents.keys() == outcomes.keys()
    for call, intent in intents.items():
        assert intent["seq"] < outcomes[call]["seq"]
        assert intent["body"]["plan_digest"] == kept.result.plan_digest
        assert intent["body"]["approvers"] == [GRACE]


def test_each_model_call_is_kept_with_its_latency_and_tokens(kept: Kept) -> None:
    assert {call["purpose"] for call in kept.calls} == {"understand", "investigate", "report", "vote"}
    assert len({call["member"] for call in kept.calls}) == 3
    for call in kept.calls:
        assert call["success"]
        assert call["duration_ms"] >= 0
        assert call["prompt_tokens"] > 0
        assert call["completion_tokens"] > 0
        assert call["total_tokens"] == call["prompt_tokens"] + call["completion_tokens"]
        assert call["prompt_id"]
        assert call["prompt_version"]
    assert any(call["duration_ms"] > 0 for call in kept.calls)


def test_every_model_call_is_in_the_chain_too_with_its_prompts_checksum(kept: Kept) -> None:
    chained = {entry["body"]["request"]: entry for entry in kept.of("llm_called")}
    assert chained.keys() == {call["key"] for call in kept.calls}
    shipped = PromptLibrary()
    for call in kept.calls:
        body = chained[call["key"]]["body"]
        prompt = shipped.load(call["prompt_id"])
        for kept_as in (body, call):
            assert (kept_as["prompt_version"], kept_as["prompt_checksum"]) == (prompt.version, prompt.checksum)
        for name in ("member", "model", "duration_ms", "prompt_tokens", "completion_tokens", "estimated_cost"):
            assert body[name] == call[name], name


def test_each_verdict_of_the_gates_is_kept_with_its_rules(kept: Kept) -> None:
    denied, allowed = (entry["body"] for entry in kept.of("plan_validated"))
    assert (denied["allowed"], allowed["allowed"]) == (False, True)
    (refusing,) = [result for result in denied["results"] if not result["passed"]]
    assert refusing["gate"] == "policy"
    assert all(refusal["rule"] and refusal["reason"] for refusal in refusing["refusals"])
    assert [result["gate"] for result in allowed["results"]] == ["schema", "policy", "safety", "approval"]
    assert allowed["plan_digest"] == kept.result.plan_digest
    assert allowed["policy_digest"] == kept.result.policy_digest


def test_the_plan_itself_is_kept(kept: Kept) -> None:
    proposed = kept.of("plan_proposed")
    assert len(proposed) == 2
    assert kept.result.plan_digest is not None
    assert kept.result.plan_digest in json.dumps(proposed[-1]["body"])


def test_each_decision_is_kept_the_refused_one_too(kept: Kept) -> None:
    offered, refused, accepted = map(kept.one, ("approval_requested", "decision_refused", "decision_accepted"))
    assert offered["seq"] < refused["seq"] < accepted["seq"]
    assert (refused["actor"], refused["body"]["problem"]) == (ADA, "self_approval")
    assert (accepted["actor"], accepted["body"]["verdict"], accepted["body"]["settled"]) == (GRACE, "approve", True)
    for name in ("plan_digest", "policy_digest", "target", "revision"):
        assert accepted["body"][name] == offered["body"][name], name


def test_each_phase_and_the_end_are_kept(kept: Kept) -> None:
    started, finished = kept.of("phase_started"), kept.of("phase_finished")
    assert [entry["body"]["index"] for entry in started] == [entry["body"]["index"] for entry in finished]
    changing = [entry["body"] for entry in kept.of("tool_called") if entry["body"]["stage"] == "intent"]
    changed = {asset for body in changing for asset in body["params"]["asset_ids"]}
    assert {asset for entry in finished for asset in entry["body"]["touched"]} == changed
    assert len(changed) >= 2
    for entry in finished:
        assert entry["body"]["ok"]
        assert entry["body"]["plan_digest"] == kept.result.plan_digest
    ended = kept.one("task_ended")
    assert ended["seq"] == max(entry["seq"] for entry in kept.entries)
    assert (ended["body"]["outcome"], ended["body"]["approvers"]) == ("completed", [GRACE])

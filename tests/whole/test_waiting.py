"""What is away is waited for and told once, and the task goes on as if nothing had been: no repair attempt is spent."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle

from bot.edge import build_intake
from bot.intake import Arrival
from bot.local.parts import PartName
from bot.local.stage import Said
from bot.workflows.messages import TaskResult
from bot.workflows.task import TaskWorkflow
from bot.workflows.worker import build_worker
from policies.engine import PolicyUnavailable
from tests.unit.workflows.running import decision_on
from tests.whole.gated import Gate, Moment, Works, open_works
from tests.whole.town import until
from tools.base import Tool, ToolAuthorizer, ToolCall
from tools.contracts.signing import sign

ADA, GRACE = "U0ADA00001", "U0GRACE001"

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
async def works(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Works]:
    async with open_works(tmp_path_factory.mktemp("works")) as opened:
        yield opened


@dataclass
class Outage:
    """From the first attempt at a step until its attempt number `back_at`."""

    step: str
    begin: Callable[[], Awaitable[None]]
    end: Callable[[], Awaitable[None]]
    back_at: int

    state: Literal["to come", "here", "over"] = "to come"

    async def pass_by(self, moment: Moment) -> None:
        if moment.step != self.step or moment.over:
            return
        if self.state == "to come":
            self.state = "here"
            await self.begin()
        elif moment.attempt == self.back_at:
            await self.be_over()

    async def be_over(self) -> None:
        """Also at the end of a test that failed: the next one has the same parts."""
        if self.state == "here":
            self.state = "over"
            await self.end()


def part_away(works: Works, part: PartName, *, step: str, back_at: int = 2) -> Outage:
    async def halt() -> None:
        await works.stack.processes.halt(part)

    async def resume() -> None:
        await works.stack.processes.resume(part)

    return Outage(step, halt, resume, back_at)


def slack_fails(works: Works, method: str, *, step: str, back_at: int = 2, **faults: Any) -> Outage:
    async def break_it() -> None:
        await works.stage.fault(methods=[method], **faults)

    async def mend_it() -> None:
        await works.stage.fault(clear=True, rate_limits=False)

    return Outage(step, break_it, mend_it, back_at)


def ledger_away(works: Works, *, step: str) -> Outage:
    """Its anchors cannot be written where something else lies."""
    anchors = works.stack.settings.data_dir / "anchors"
    kept = anchors.with_name("anchors.kept")

    async def hide() -> None:
        anchors.rename(kept)
        anchors.write_text("")

    async def bring_back() -> None:
        anchors.unlink()
        kept.rename(anchors)

    return Outage(step, hide, bring_back, back_at=2)


@dataclass(frozen=True)
class Asked:
    """A task that the product's own worker does."""

    works: Works
    said: Said
    handle: WorkflowHandle[TaskWorkflow, TaskResult]
    gate: Gate

    async def offered(self) -> bool:
        return (await self.handle.query(TaskWorkflow.task_state)).status == "awaiting_approval"

    async def approve(self) -> None:
        proposal = (await self.handle.query(TaskWorkflow.task_state)).proposal
        assert proposal is not None
        decision = sign(decision_on(proposal, GRACE, "approve"), self.works.stack.keys.derive("decision"))
        await self.handle.signal(TaskWorkflow.decide, decision)

    async def revisions(self) -> int:
        return (await self.handle.query(TaskWorkflow.task_state)).revision

    async def posted(self) -> Counter[str]:
        """The durable messages in the thread, by key without the step they were posted in."""
        keys: Counter[str] = Counter()
        for message in await self.works.stage.thread(self.said, "grace"):
            metadata: dict[str, Any] = message.get("metadata") or {}
            if metadata:
                keys[str(metadata["event_payload"]["key"]).partition(":")[0]] += 1
        return keys


@asynccontextmanager
async def asked(
    works: Works, outage: Outage, *, of: str = "cache", authorizer: ToolAuthorizer | None = None
) -> AsyncGenerator[Asked]:
    """Ada has asked for a change of these servers, and something will be away."""
    gate = Gate(outage.pass_by)
    stack, temporal = works.stack, await works.client(gate)
    said = await works.stage.say("ada", "ops", "Please")
    queue = stack.settings.temporal.model_copy(update={"task_queue": said.ts})
    intake = build_intake(stack.settings.model_copy(update={"temporal": queue}), temporal=temporal, keys=stack.keys)
    arrival = Arrival(
        org=stack.org,
        user=ADA,
        source="mention",
        channel=said.channel,
        text=f"production {of} servers have drifted, fix it",
        thread_ts=said.ts,
        message_ts=said.ts,
        unique=said.ts,
    )
    bench = works.bench if authorizer is None else replace(works.bench, authorizer=authorizer)
    async with build_worker(temporal, bench, task_queue=said.ts, decision_key=stack.keys.derive("decision")):
        handle = temporal.get_workflow_handle_for(TaskWorkflow.run, await intake.accept(arrival))
        try:
            yield Asked(works, said, handle, gate)
        finally:
            await outage.be_over()
            if (await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
                await handle.terminate("the test is over")


OUTAGES: dict[str, tuple[str, Callable[[Works], Outage]]] = {
    "opa while it judges": ("policy-away", lambda works: part_away(works, "opa", step="judge", back_at=3)),
    "opa while it investigates": ("policy-away", lambda works: part_away(works, "opa", step="investigate")),
    "the models while it reads": ("llm-away", lambda works: part_away(works, "llm", step="understand")),
    "the models while it investigates": ("llm-away", lambda works: part_away(works, "llm", step="investigate")),
    "the ledger while it judges": ("ledger-away", lambda works: ledger_away(works, step="judge")),
}


@pytest.mark.parametrize("name", OUTAGES)
async def test_a_part_that_is_away_is_told_once_and_costs_no_repair_attempt(works: Works, name: str) -> None:
    key, outage_of = OUTAGES[name]
    outage = outage_of(works)
    async with asked(works, outage) as task:
        await until(task.offered, seconds=60, what="The plan")
        posted = await task.posted()
        assert (posted[key], posted["card"], posted["refused"]) == (1, 1, 0)
        assert (task.gate.attempts(outage.step), await task.revisions()) == (outage.back_at, 1)


async def test_slack_away_holds_up_the_card_and_posts_it_once(works: Works) -> None:
    outage = slack_fails(works, "chat.postMessage", step="present", errors_seconds=600)
    async with asked(works, outage) as task:
        await until(task.offered, seconds=60, what="The plan")
        assert ((await task.posted())["card"], task.gate.attempts("present")) == (1, 2)


async def test_a_card_whose_answer_was_lost_is_not_posted_again(works: Works) -> None:
    outage = slack_fails(works, "chat.postMessage", step="present", lose_next_answers=1)
    async with asked(works, outage) as task:
        await until(task.offered, seconds=60, what="The plan")
        assert ((await task.posted())["card"], task.gate.attempts("present")) == (1, 2)


async def test_when_slack_asks_to_wait_the_next_attempt_comes_when_it_said(works: Works) -> None:
    outage = slack_fails(works, "chat.postMessage", step="present", back_at=9, rate_limited_seconds=4)
    async with asked(works, outage) as task:
        await until(task.offered, seconds=60, what="The plan")
        assert task.gate.attempts("present") == 2


async def test_a_decision_waits_while_nobody_can_say_who_holds_which_role(works: Works) -> None:
    outage = slack_fails(works, "usergroups.list", step="read_roles", errors_seconds=600)
    async with asked(works, outage) as task:
        await until(task.offered, seconds=60, what="The plan")
        await task.approve()
        result = await task.handle.result()
        assert ((await task.posted())["roles-away"], task.gate.attempts("read_roles")) == (1, 2)
        assert (result.outcome, result.approvers) == ("completed", [GRACE])


@dataclass
class AwayAtFirst:
    """The product's own authorizer, which nobody reaches for the first change of state."""

    inner: ToolAuthorizer
    asked: int = 0

    async def authorize(self, tool: Tool, call: ToolCall) -> list[str]:
        if call.grant is not None:
            self.asked += 1
            if self.asked == 1:
                raise PolicyUnavailable("OPA went away.")
        return await self.inner.authorize(tool, call)


async def test_policies_that_go_away_in_a_phase_do_not_fail_it(works: Works) -> None:
    before = await works.estate.journal(works.stack.org)
    outage = part_away(works, "opa", step="run_phase")
    async with asked(works, outage, of="queue", authorizer=AwayAtFirst(works.bench.authorizer)) as task:
        await until(task.offered, seconds=60, what="The plan")
        await task.approve()
        result = await task.handle.result()
        assert (result.outcome, (await task.posted())["policy-away"]) == ("completed", 1)
        changed = [entry.asset_id for entry in (await works.estate.journal(works.stack.org))[len(before) :]]
        assert len(changed) == len(set(changed)) > 0

"""What an operator sees of a process that works: a scrape of a real run, and readiness while parts go away."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.blocks.actions import APPROVE
from bot.local.parts import PartName
from bot.local.ports import Ports
from bot.local.stage import Said
from bot.workflows.task import TaskWorkflow
from tests.whole.town import Town, open_town, until
from tools.contracts.common import JsonObject

Scraped = dict[tuple[str, tuple[tuple[str, str], ...]], float]
"""Sample's name and labels, in order → value."""


class Operator:
    def __init__(self, town: Town, port: int, log: Path, *, temporal_port: int) -> None:
        self.town = town
        self.temporal = f"http://127.0.0.1:{temporal_port}/metrics"
        self.log = log
        self.base = f"http://127.0.0.1:{port}"

    async def text(self, path: str) -> str:
        async with self.town.stage.http.get(f"{self.base}{path}") as response:
            return await response.text()

    async def ready(self) -> tuple[int, JsonObject]:
        async with self.town.stage.http.get(f"{self.base}/readyz") as response:
            return response.status, await response.json()

    async def scrape(self) -> Scraped:
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(await self.text("/metrics"))
            for sample in family.samples
        }


def total(scraped: Scraped, name: str, **labels: str) -> float:
    """Over all labels but those that are given."""
    return sum(value for (found, its), value in scraped.items() if found == name and set(labels.items()) <= set(its))


@asynccontextmanager
async def operated(tmp_path: Path) -> AsyncGenerator[Operator]:
    async with open_town(tmp_path) as town:
        ports = Ports(tmp_path / "operator-ports.json")
        port, temporal = ports.take("operations"), ports.take("temporal")
        served = await town.serve("both", GAVEL_OPS_PORT=str(port), GAVEL_OPS_TEMPORAL_PORT=str(temporal))
        yield Operator(town, port, served.log, temporal_port=temporal)


@pytest.mark.timeout(240)
async def test_a_scrape_of_a_real_run_counts_it_and_names_nobody(tmp_path: Path) -> None:
    async with operated(tmp_path) as operator:
        town = operator.town
        secret = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
        said = await town.stage.say("ada", "ops", f"@gavel production web servers have drifted, fix it {secret}")
        card = await town.stage.until(said, "grace", has=f"'{APPROVE}'", seconds=90, what="The plan card")
        await town.stage.click("ada", said.channel, card["ts"], APPROVE)
        await town.stage.click("grace", said.channel, card["ts"], APPROVE)
        task = f"{town.stack.org}.{said.channel}.{said.ts}"
        result = await town.temporal.get_workflow_handle_for(TaskWorkflow.run, task).result()
        assert result.outcome == "completed"

        found = await operator.scrape()
        assert total(found, "gavel_intake_envelopes_total", kind="app_mention", outcome="acknowledged") == 1
        assert total(found, "gavel_intake_envelopes_total", kind="block_actions", outcome="acknowledged") == 2
        assert total(found, "gavel_intake_hand_over_seconds_count", what="start", outcome="taken") == 1
        assert total(found, "gavel_intake_hand_over_seconds_count", what="decide", outcome="taken") == 2
        assert total(found, "gavel_tasks", status="completed") == 1
        assert total(found, "gavel_queue_known") == total(found, "gavel_ready") == 1
        assert total(found, "gavel_part_answers") == 5
        assert total(found, "gavel_queue_pollers", type="workflow") >= 1
        assert total(found, "gavel_model_calls_total", outcome="ok") > 0
        assert total(found, "gavel_model_tokens_total") > 0
        assert total(found, "gavel_gate_verdicts_total", subject="plan", gate="approval", verdict="passed") == 1
        assert total(found, "gavel_approvals_requested_total") == 1
        assert total(found, "gavel_decisions_refused_total", problem="self_approval") == 1
        assert total(found, "gavel_decisions_total", verdict="approve", settled="true") == 1
        assert 0 < total(found, "gavel_approval_wait_seconds_sum", verdict="approve") < 90
        # A pause between phases is no phase of the record.
        finished = await town.ledger.show(town.stack.org, kind="phase_finished")
        assert total(found, "gavel_phases_total", environment="production", outcome="ok") == len(finished) > 1
        assert total(found, "gavel_tasks_ended_total", outcome="completed") == 1
        assert total(found, "gavel_tool_calls_total", outcome="ok") > 0
        assert total(found, "gavel_slack_calls_total", method="chat.postMessage", outcome="ok") > 0
        assert total(found, "gavel_slack_turn_seconds_count") > 0
        assert total(found, "process_resident_memory_bytes") > 0
        # As many entries as the record has: nothing was counted twice, nothing was missed.
        entries = await town.ledger.show(town.stack.org, limit=1000)
        assert total(found, "gavel_ledger_entries_total") == len(entries)

        async with town.stage.http.get(operator.temporal) as response:
            sdk = await response.text()
        assert "temporal_activity_execution_latency_seconds_bucket" in sdk
        assert 'activity_type="run_phase"' in sdk
        text = await operator.text("/metrics") + sdk
        shown = [secret, town.stack.org, said.channel, said.ts, task, "U0ADA", "U0GRACE", "web-", "drifted"]
        slack = town.stack.settings.slack
        shown += [token.get_secret_value() for token in (slack.bot_token, slack.app_token) if token is not None]
        assert [word for word in shown if word in text] == []
        names = {name for (_, labels) in found for name, _ in labels}
        assert names <= LABELS


LABELS = {
    *("kind", "outcome", "what", "le", "method", "urgent", "status", "type", "version"),
    *("provider", "model", "purpose", "direction", "mode", "state", "subject", "gate", "verdict", "rule"),
    *("part", "settled", "problem", "tool", "environment", "generation", "why"),
    # python_info's
    *("implementation", "major", "minor", "patchlevel"),
}
"""Every label there is. A new one must have few values."""


@pytest.mark.timeout(240)
async def test_it_is_ready_while_its_parts_answer_and_alive_all_along(tmp_path: Path) -> None:
    async with operated(tmp_path) as operator:

        async def ready() -> bool:
            return (await operator.ready())[0] == 200

        await until(ready, seconds=30, what="Ready")
        assert (await operator.ready())[1]["parts"] == dict.fromkeys(
            ("slack", "temporal", "sql", "opa", "redis"), "answers"
        )
        processes = operator.town.stack.processes
        needed: list[PartName] = ["opa", "temporal"]
        said = None
        for part in needed:
            await processes.halt(part)
            if said is None:
                said = await operator.town.stage.say("ada", "ops", "@gavel production web servers have drifted, fix it")

            async def away(part: str = part) -> bool:
                status, body = await operator.ready()
                return status == 503 and body["parts"][part] == "does not answer"

            await until(away, seconds=30, what=f"Not ready without {part}")
            if part == "opa":

                async def logged(asked: Said = said) -> bool:
                    return about_task(operator, asked, "is away")

                await until(logged, seconds=60, what="A log entry that says whose task waits")
            assert (await operator.text("/healthz")) == '{"alive": true}'
            if part == "temporal":
                await operator.town.stage.say("ada", "ops", "@gavel what nobody can take in now")

                async def refused() -> bool:
                    found = await operator.scrape()
                    return total(found, "gavel_intake_envelopes_total", outcome="not_acknowledged") > 0

                await until(refused, seconds=30, what="A delivery that was not acknowledged")
                assert "gavel_queue_known 0.0" in await until_text(operator, "gavel_queue_known 0.0")
            await processes.resume(part)
            await until(ready, seconds=60, what=f"Ready with {part}")
        await processes.halt("redis")

        async def told() -> bool:
            status, body = await operator.ready()
            return status == 200 and body["parts"]["redis"] == "does not answer"

        await until(told, seconds=30, what="Ready without Redis, which is told")
        await processes.resume("redis")


def about_task(operator: Operator, said: Said, words: str) -> bool:
    """Whether an entry of the log with these words names the task and its org."""
    org = operator.town.stack.org
    whose = {"org": org, "task": f"{org}.{said.channel}.{said.ts}"}
    entries: list[JsonObject] = [json.loads(line) for line in operator.log.read_text().splitlines()]
    return any(words in entry["event"] and whose.items() <= entry.items() for entry in entries)


async def until_text(operator: Operator, wanted: str) -> str:
    async def there() -> bool:
        return wanted in await operator.text("/metrics")

    await until(there, seconds=30, what=wanted)
    return await operator.text("/metrics")


async def test_nothing_listens_for_operators_unless_it_is_told_to(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        served = await town.serve("worker", GAVEL_LOG_LEVEL="info")
        assert "operations listener" not in served.log.read_text()

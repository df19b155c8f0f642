from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import pytest


async def played(*arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """Exit status, events and stderr of a real `gavel demo` in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot.cli", "demo", "--once", "--json", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, [json.loads(line) for line in out.splitlines()], err.decode()


@pytest.mark.timeout(400)
async def test_the_main_job_runs_end_to_end_on_an_estate_nobody_prepared() -> None:
    status, events, errors = await played("--seed", "11")
    summary = events[-1]
    assert (status, summary["event"], summary["error"]) == (0, "summary", None), errors
    asked, refused, alerted = summary["scenarios"]
    assert (asked["outcome"], refused["outcome"], alerted["outcome"]) == ("completed", "completed", "expired")
    assert asked["approver"] == ["U0GRACE001"]
    assert asked["assets_changed"] > 0
    assert asked["council_agreement"] > 0.7
    assert not any("<!" in event["text"] for event in events if event["event"] == "step"), "a terminal shows no tokens"
    assert refused["policy_verdict"] == "denied then allowed"
    assert alerted["assets_changed"] == alerted["phases_run"] == 0
    assert all(scenario["ledger_verified"] and scenario["plan_digest"] for scenario in summary["scenarios"])

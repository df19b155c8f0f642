from __future__ import annotations

import pytest
from temporalio.client import Client

from tests.unit.workflows.running import running
from tests.unit.workflows.script import Script


@pytest.mark.parametrize("arguments", [[], ["one", "two"]], ids=["none", "two"])
async def test_a_signal_without_its_one_message_holds_nothing_up(temporal: Client, arguments: list[str]) -> None:
    async with running(temporal, Script()) as task:
        await task.proposal()
        for name in ("decide", "answer", "edit", "control"):
            await task.handle.signal(name, args=arguments)
        await task.decide("UGRACE")
        assert (await task.handle.result()).outcome == "completed"

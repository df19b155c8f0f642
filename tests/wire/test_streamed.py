"""Calls answered as streams are calls like any others, and end sooner where a provider falls silent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.orchestrator.chat import ModelError
from agents.orchestrator.logged import LoggedClient
from agents.orchestrator.streamed import StreamedClient
from agents.orchestrator.structured import ask
from tests.unit.orchestrator.parts import KeptCalls
from tests.wire.conftest import Line
from tests.wire.test_every_provider import SHEET, TEXT, asking, when
from tests.wire.wires import LITELLM_IS_BEHIND
from tools.contracts.council import VoteSheet

pytestmark = pytest.mark.filterwarnings(LITELLM_IS_BEHIND)


async def test_a_typed_answer_comes_as_a_stream_and_is_logged_once(line: Line) -> None:
    answer = {"content": SHEET.model_dump(mode="json"), "usage": line.wire.usage(21, 9)}
    await line.answers(when("vote", answer))
    log = KeptCalls()
    client = LoggedClient(StreamedClient(line.client), log)
    assert await ask(client, line.provider.member(), asking("vote!"), VoteSheet) == SHEET
    # Bedrock is asked plainly where a schema goes out as a forced tool: litellm plays its answer as a stream of one.
    assert line.tap.last.path.startswith(line.wire.path if line.wire.identifier == "bedrock" else line.wire.streams_to)
    [row] = log.rows
    assert (row.prompt_tokens, row.completion_tokens) == line.wire.counted(21, 9)


async def test_silence_in_mid_answer_ends_the_call_and_is_logged(line: Line) -> None:
    await line.answers(when("which", {"content": TEXT}))
    line.tap.shut, line.client.stall_seconds = ("stalls", 0.6), 0.5
    log = KeptCalls()
    client = LoggedClient(StreamedClient(line.client), log)
    with pytest.raises(ModelError, match="stalled"):
        await client.chat(line.provider.member(), replace(asking("which?"), deadline_seconds=60))
    [row] = log.rows
    assert (row.success, row.error_class) == (False, "timeout")

"""What goes wrong on each provider's wire becomes a named error, once: no retry, no key, no half answer."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace

import pytest

from agents.orchestrator.chat import ChatReply, ModelError, ModelErrorKind, TextDelta
from agents.orchestrator.errors import ProviderRefusal
from tests.wire.conftest import Line
from tests.wire.tap import Shut
from tests.wire.test_every_provider import TEXT, asking, when
from tests.wire.wires import KEY, LITELLM_IS_BEHIND, WIRES, Wire

pytestmark = pytest.mark.filterwarnings(LITELLM_IS_BEHIND)

REFUSALS: list[tuple[int, ModelErrorKind]] = [
    (401, "auth"),
    (403, "auth"),
    (404, "bad_response"),
    (429, "rate_limited"),
    (500, "unavailable"),
    (503, "unavailable"),
]


async def _all(pieces: AsyncGenerator[TextDelta | ChatReply], heard: list[TextDelta | ChatReply] | None = None) -> None:
    async for piece in pieces:
        if heard is not None:
            heard.append(piece)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("status", "kind"), REFUSALS)
async def test_a_refusal_is_named_and_not_repeated(line: Line, status: int, kind: ModelErrorKind, stream: bool) -> None:
    error = {"message": f"refused {KEY}", "type": "refused"}
    await line.answers(when("which", {"error": error, "status": status, "retryAfter": 7}))
    with pytest.raises(ProviderRefusal) as caught:
        await (_all(line.provider.stream(asking("which?"))) if stream else line.provider.query(asking("which?")))
    assert caught.value.kind == kind
    assert caught.value.retry_after_seconds == (7 if status == 429 else None)
    assert line.provider.name in str(caught.value)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert len(line.tap.sent) == 1


@pytest.mark.parametrize("how", ["aborts", "ends"])
@pytest.mark.parametrize("share", [0.35, 0.6])
async def test_a_stream_that_is_cut_is_an_error_and_never_a_short_answer(line: Line, how: Shut, share: float) -> None:
    """litellm hands out a cut stream as a whole answer that ended by itself, with tokens it counted for itself."""
    await line.answers(when("which", {"content": TEXT, "usage": line.wire.usage(21, 9)}))
    line.tap.shut = (how, share)
    heard: list[TextDelta | ChatReply] = []
    with pytest.raises(ModelError) as caught:
        await _all(line.provider.stream(asking("which?")), heard)
    assert caught.value.kind == "unavailable"
    assert not [piece for piece in heard if isinstance(piece, ChatReply)]
    assert len("".join(piece.text for piece in heard)) < len(TEXT)


@pytest.mark.parametrize("how", ["aborts", "ends"])
async def test_a_plain_answer_that_is_cut_is_an_error(line: Line, how: Shut) -> None:
    await line.answers(when("which", {"content": TEXT}))
    line.tap.shut = (how, 0.6)
    with pytest.raises(ModelError) as caught:
        await line.provider.query(asking("which?"))
    assert caught.value.kind in ("unavailable", "bad_response")


async def test_a_stream_that_stalls_is_given_up_long_before_its_deadline(line: Line) -> None:
    await line.answers(when("which", {"content": TEXT}))
    line.tap.shut = ("stalls", 0.6)
    line.client.stall_seconds = 1
    started = asyncio.get_running_loop().time()
    with pytest.raises(ModelError, match="stalled for 1 s") as caught:
        await _all(line.provider.stream(asking("which?")))
    assert caught.value.kind == "timeout"
    assert asyncio.get_running_loop().time() - started < 15


@pytest.mark.parametrize("stream", [False, True])
async def test_a_deadline_holds_from_end_to_end(line: Line, stream: bool) -> None:
    await line.answers(when("which", {"content": TEXT}))
    line.tap.shut = ("stalls", 0)
    asked = replace(asking("which?"), deadline_seconds=1)
    with pytest.raises(ModelError, match="no answer within 1 s") as caught:
        await (_all(line.provider.stream(asked)) if stream else line.provider.query(asked))
    assert caught.value.kind == "timeout"


async def test_a_listener_that_leaves_hangs_up(line: Line) -> None:
    await line.answers(when("which", {"content": TEXT}))
    line.tap.shut = ("stalls", 0.6)
    pieces = line.provider.stream(asking("which?"))
    assert isinstance(await anext(pieces), TextDelta)
    async with asyncio.timeout(10):
        await pieces.aclose()
        await line.tap.left.wait()


async def test_an_openai_key_in_the_environment_never_reaches_an_endpoint_of_ones_own(
    plug: Callable[[Wire], Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-the-real-one")
    [own] = [wire for wire in WIRES if wire.identifier == "compatible"]
    line = plug(replace(own, settings={name: value for name, value in own.settings.items() if "KEY" not in name}))
    await line.answers(when("which", {"content": TEXT}))
    await line.provider.query(asking("which?"))
    assert "sk-the-real-one" not in json.dumps(line.tap.last.headers)

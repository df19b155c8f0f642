"""Images: what is sent at all, and who sits a question out that has some."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace

import pytest

from agents.orchestrator.chat import Capabilities, ChatMessage, Member, ModelError
from agents.orchestrator.council import Council
from agents.orchestrator.images import MOST_BYTES, MOST_IMAGES, Image, ImageRefused
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.orchestrator import Orchestrator
from agents.orchestrator.request_body import request_body
from tests.unit.orchestrator.parts import KeptEntries, Watcher, brief, report, request
from tests.unit.orchestrator.provider import Provider, says, votes
from tools.contracts.common import Mode

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
SIGHTED = Capabilities(vision=True)


def _url(data: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(9), "image/jpeg"),
        (b"GIF89a" + bytes(9), "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
    ],
)
def test_an_image_is_what_its_first_bytes_say_whatever_it_is_called(data: bytes, media_type: str) -> None:
    image = Image.of_data_url(_url(data, "image/svg+xml"))
    assert image.media_type == media_type
    assert image.data_url == _url(data, media_type)
    assert Image.of_data_url(image.data_url) == image
    assert "data=" not in repr(image)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://example.com/cat.png", "addresses of images are not fetched"),
        ("data:text/html;base64,PGI+", "is no data URL"),
        ("data:image/png;base64,!!!", "holds no base64"),
        (_url(b"<svg onload=alert(1)>"), "is no PNG, JPEG, GIF or WebP"),
        (_url(b""), "is no PNG, JPEG, GIF or WebP"),
        (_url(b"RIFF\x00\x00\x00\x00WAVE"), "is no PNG, JPEG, GIF or WebP"),
        (_url(PNG + bytes(MOST_BYTES)), "at most 3.75 MB"),
        ("data:image/png;base64," + "A" * 40_000_000, "too large"),
    ],
)
def test_what_no_model_should_be_given_is_refused_with_a_reason(url: str, said: str) -> None:
    with pytest.raises(ImageRefused, match=said):
        Image.of_data_url(url)


@pytest.mark.parametrize("images", [(Image.of(PNG),) * (MOST_IMAGES + 1), (Image.of(PNG + bytes(3_500_000)),) * 4])
def test_too_many_and_too_much_are_not_sent(images: tuple[Image, ...]) -> None:
    seeing = Member("Eye", "openai/eye", family="eye", capabilities=SIGHTED)
    asked = replace(request(), messages=(ChatMessage("user", "what is this?", images=images),))
    with pytest.raises(ModelError, match="Eye was not asked") as caught:
        request_body(seeing, asked)
    assert caught.value.kind == "unable"


@pytest.mark.parametrize("mode", ["single", "aggregation", "council"])
async def test_a_member_without_eyes_sits_it_out_in_every_mode_and_the_thread_says_so(
    provider: Provider, litellm_client: LiteLLMClient, mode: Mode
) -> None:
    seats = ["alpha", "beta", "gamma", "delta"]
    for model in seats:
        for schema in ("DriftMemberReport", "VoteSheet"):
            answer = says(report("23")) if schema == "DriftMemberReport" else votes(lambda _text: "support")
            provider.play(model, answer, schema=schema)
    members: Sequence[Member] = [
        provider.member("alpha"),
        *(replace(provider.member(model), capabilities=SIGHTED) for model in seats[1:]),
    ]
    watcher, seen = Watcher(), replace(brief(aggregates=True), images=(Image.of(PNG),))
    council = Council(litellm_client, members, answer_deadline_seconds=20, vote_deadline_seconds=20)
    result = await Orchestrator(council).deliberate(seen, mode=mode, progress=watcher, recorder=KeptEntries())
    assert result.best is not None
    assert "alpha" not in {call.model for call in provider.calls}
    assert all("data:image/png;base64," in str(call.body["messages"]) for call in provider.calls)
    [alpha] = [member for member in result.outcome.members if member.name == "Alpha"]
    assert (alpha.state, alpha.error) == ("failed", "Alpha cannot look at images, so it sits this one out.")
    assert watcher.states("Alpha")[-1] == "failed"
    assert result.outcome.mode == mode, "three who can see are a council"

"""Files go into the thread once, by Slack's three steps, and nowhere but to Slack."""

from __future__ import annotations

import pytest

from bot.papers.paper import Paper
from bot.papers.posting import PaperPoster
from bot.slack_web import SlackRefused, SlackRetryable
from bot.thread import ThreadRef
from tests.unit.narrator.workspace import Slack

PAPERS = [
    Paper.of("plan-r1", "yaml", title="Plan", text="phases: []\n"),
    Paper.of("evidence", "csv", title="Evidence", text="x" * 2_000_000),
]


def poster(slack: Slack) -> PaperPoster:
    return PaperPoster(slack.writer(), slack.address)


async def files(slack: Slack, thread: ThreadRef) -> list[list[str]]:
    return [[file["name"] for file in message["files"]] for message in await slack.replies(thread) if message["files"]]


async def test_all_files_come_in_one_message_and_the_same_ones_never_again(slack: Slack) -> None:
    thread = await slack.thread()
    assert await poster(slack).post(thread, PAPERS, said="2 files") == 2
    assert await poster(slack).post(thread, PAPERS, said="2 files") == 0
    assert await files(slack, thread) == [[one.name for one in PAPERS]]
    more = [*PAPERS, Paper.of("plan-r2", "yaml", title="Plan", text="phases: [1]\n")]
    assert await poster(slack).post(thread, more, said="1 file") == 1
    assert await files(slack, thread) == [[one.name for one in PAPERS], [more[-1].name]]
    (message, _) = await slack.replies(thread)
    async with slack.http.get(f"{slack.address}/local/file/{message['files'][0]['id']}") as response:
        assert await response.read() == PAPERS[0].data


@pytest.mark.parametrize("step", ["files.getUploadURLExternal", "upload", "files.completeUploadExternal"])
async def test_where_a_step_fails_nothing_is_shown_and_it_can_be_asked_again(slack: Slack, step: str) -> None:
    thread = await slack.thread()
    await slack.faults(fail_next=1, methods=[step])
    with pytest.raises(SlackRetryable):
        await poster(slack).post(thread, PAPERS, said="2 files")
    assert await files(slack, thread) == []
    assert await poster(slack).post(thread, PAPERS, said="2 files") == 2


async def test_a_lost_answer_to_the_last_step_is_not_posted_twice(slack: Slack) -> None:
    thread = await slack.thread()
    await slack.faults(lose_next_answers=1, methods=["files.completeUploadExternal"])
    with pytest.raises(SlackRetryable):
        await poster(slack).post(thread, PAPERS, said="2 files")
    assert await poster(slack).post(thread, PAPERS, said="2 files") == 0
    assert len(await files(slack, thread)) == 1


async def test_an_upload_address_elsewhere_gets_nothing(slack: Slack) -> None:
    thread = await slack.thread()
    with pytest.raises(SlackRefused, match="another host"):
        await PaperPoster(slack.writer(), "https://files.slack.com").post(thread, PAPERS, said="2 files")
    assert await files(slack, thread) == []

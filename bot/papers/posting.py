"""Uploads files into a task's thread: the same file once, however often it is asked for."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from bot.attachments.fetching import reach_of
from bot.papers.claiming import Claims
from bot.papers.paper import Paper
from bot.slack_web import SlackRefused, SlackRetryable, child, listed
from bot.thread import ThreadRef, ThreadWriter
from tools.contracts.common import JsonObject
from tools.outbound import Outbound, OutboundRefused

UPLOAD_SECONDS = 30.0


class PerhapsPosted(SlackRetryable):
    """The answer to the last step was lost, and the files are not in the thread, or not yet."""


@dataclass(frozen=True)
class PaperPoster:
    """Raises :class:`PerhapsPosted`, `BeingPosted`, and `SlackRetryable` or `SlackRefused` where nothing was posted."""

    writer: ThreadWriter
    origin: str
    """Where files of this workspace are (`bot.attachments.fetching.file_origin`): nothing is sent anywhere else."""
    claims: Claims

    async def post(self, thread: ThreadRef, papers: Sequence[Paper], *, said: str) -> int:
        """Post those that are not in the thread yet, in one message; how many."""
        async with self.claims.held(thread) as claim:
            there = await self._there(thread)
            missing = [paper for paper in papers if paper.name not in there]
            if missing:
                files = [{"id": await self._upload(paper), "title": paper.title} for paper in missing]
                arguments: JsonObject = {
                    "files": files,
                    "channel_id": thread.channel,
                    "thread_ts": thread.thread_ts,
                    "initial_comment": said,
                }
                claim.sent = True
                try:
                    await self.writer.web.write("files.completeUploadExternal", arguments, channel=thread.channel)
                except SlackRefused:
                    claim.sent = False
                    raise
                except SlackRetryable as error:
                    if error.retry_after is not None:  # a 429: Slack did not even begin
                        claim.sent = False
                        raise
                    await self._look_again(thread, {paper.name for paper in missing}, error)
            return len(missing)

    async def _look_again(self, thread: ThreadRef, names: set[str], error: SlackRetryable) -> None:
        """Return where the files are in the thread in spite of the error."""
        try:
            there = await self._there(thread)
        except (SlackRetryable, SlackRefused):
            there = set[str]()
        if not names <= there:
            raise PerhapsPosted(str(error)) from error

    async def _there(self, thread: ThreadRef) -> set[str]:
        """Names of the files that were posted into the thread."""
        return {
            str(file.get("name"))
            async for message in self.writer.own_messages(thread)
            for file in listed(message.get("files"))
        }

    async def _upload(self, paper: Paper) -> str:
        """The id of a file that is uploaded and not shared yet: if it stays so, nobody sees it."""
        asked: JsonObject = {"filename": paper.name, "length": len(paper.data)}
        begun = await self.writer.web.read("files.getUploadURLExternal", asked)
        url, file_id = str(begun.get("upload_url")), str(begun.get("file_id") or child(begun, "file").get("id"))
        reach = reach_of(self.origin)
        try:
            async with (
                Outbound(self.origin, reach, timeout_seconds=UPLOAD_SECONDS, trust_env=True) as slack,
                slack.request("POST", url, data=io.BytesIO(paper.data)) as response,
            ):
                if response.status == 429 or response.status >= 500:
                    raise SlackRetryable(f"Slack answered {response.status} to an upload")
                if response.status != 200:
                    raise SlackRefused("upload_failed", f"Slack answered {response.status}")
        except OutboundRefused as refused:
            raise SlackRefused("upload_url_elsewhere", "the upload would have gone to another host") from refused
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SlackRetryable(f"Slack did not take an upload: {type(error).__name__} {error}".strip()) from error
        return file_id

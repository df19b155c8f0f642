"""Slack's streaming messages: text, a plan of tasks, and blocks that arrive in chunks."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.local.slack.blocks.checks import Check, Report, array, one_of, shape, string, tagged
from bot.local.slack.blocks.elements import URL_SOURCE
from bot.local.slack.blocks.kinds import TASK_STATUS
from bot.local.slack.blocks.validate import MAX_BLOCK_CHARACTERS, accept_blocks, characters_in
from bot.local.slack.errors import SlackError
from bot.local.slack.jsonvalues import is_list
from tools.contracts.common import JsonObject

MAX_STREAM_TEXT = 12_000
"""Characters of markdown in one call."""

_CHUNK: Check = tagged(
    {
        "markdown_text": shape({"type": one_of("markdown_text"), "text": string()}),
        "plan_update": shape({"type": one_of("plan_update"), "title": string()}),
        "task_update": shape(
            {
                "type": one_of("task_update"),
                "id": string(most=255, least=1),
                "title": string(least=1),
                "status": TASK_STATUS,
            },
            {"details": string(), "output": string(), "sources": array(URL_SOURCE, most=50, least=0)},
        ),
        "blocks": shape({"type": one_of("blocks"), "blocks": lambda value, path, report: None}),
    },
    what="chunk",
)


def accept_chunks(markdown_text: object, chunks: object) -> list[JsonObject]:
    """One call's content as a list of chunks.

    Raises `cannot_provide_both_markdown_text_and_chunks`, `invalid_chunks`, `invalid_blocks` or `msg_too_long`.
    """
    if markdown_text is not None and chunks is not None:
        raise SlackError("cannot_provide_both_markdown_text_and_chunks")
    if markdown_text is not None:
        chunks = [{"type": "markdown_text", "text": str(markdown_text)}]
    if chunks is None:
        return []
    report = Report()
    array(_CHUNK, most=1000, least=0)(chunks, "/chunks", report)
    if report.messages or not is_list(chunks):
        raise SlackError("invalid_chunks", *report.messages)
    accepted: list[JsonObject] = []
    for chunk in chunks:
        if chunk["type"] == "blocks":
            accepted.append({"type": "blocks", "blocks": accept_blocks(chunk["blocks"])})
        else:
            accepted.append(chunk)
    if sum(len(chunk["text"]) for chunk in accepted if chunk["type"] == "markdown_text") > MAX_STREAM_TEXT:
        raise SlackError("msg_too_long")
    return accepted


@dataclass
class Stream:
    """What has been streamed so far, in order. Tasks are upserted by id and keep their place."""

    owner: str
    """The app that started it; nobody else may append."""
    mode: Literal["plan", "timeline"]
    started_at: float
    """Unix seconds; Slack closes a stream about five minutes after."""
    state: Literal["in_progress", "completed", "errored"] = "in_progress"
    title: str = ""
    segments: list[JsonObject] = field(default_factory=list[JsonObject])
    """`{text}`, `{task}` (an id) or `{blocks}`, in the order of their first appearance."""
    tasks: dict[str, JsonObject] = field(default_factory=dict[str, Any])
    recipient: str | None = None
    content: Literal["", "markdown_text", "chunks"] = ""
    """How the first content came; Slack refuses the other way afterwards (`streaming_mode_mismatch`)."""

    def use(self, *, markdown_text: bool, chunks: bool) -> None:
        """Remember how content comes. Raises `streaming_mode_mismatch`."""
        way = "markdown_text" if markdown_text else "chunks" if chunks else ""
        if way and self.content and way != self.content:
            raise SlackError("streaming_mode_mismatch")
        self.content = self.content or way

    def expired(self, lifetime_seconds: float) -> bool:
        return self.state == "in_progress" and time.time() - self.started_at > lifetime_seconds

    def apply(self, chunks: list[JsonObject]) -> None:
        """Add accepted chunks. Raises `msg_too_long` (and changes nothing) when the message would grow too large."""
        grown = Stream(
            owner=self.owner,
            mode=self.mode,
            started_at=self.started_at,
            title=self.title,
            segments=[dict(segment) for segment in self.segments],
            tasks={name: dict(task) for name, task in self.tasks.items()},
        )
        for chunk in chunks:
            grown.add(chunk)
        if characters_in(grown.blocks()) > MAX_BLOCK_CHARACTERS:
            raise SlackError("msg_too_long")
        self.title, self.segments, self.tasks = grown.title, grown.segments, grown.tasks

    def add(self, chunk: JsonObject) -> None:
        """Add one accepted chunk."""
        match chunk["type"]:
            case "markdown_text":
                if self.segments and "text" in self.segments[-1]:
                    self.segments[-1]["text"] += chunk["text"]
                else:
                    self.segments.append({"text": chunk["text"]})
            case "plan_update":
                self.title = chunk["title"]
            case "task_update":
                name = chunk["id"]
                if name not in self.tasks:
                    self.segments.append({"task": name})
                known = self.tasks.get(name, {})
                fields = {key: value for key, value in chunk.items() if key not in {"type", "details", "output"}}
                # Slack appends details and output to what the task already shows.
                grown = {
                    key: known.get(key, "") + chunk[key] for key in ("details", "output") if chunk.get(key) is not None
                }
                self.tasks[name] = {**known, **fields, **grown}
            case _:
                self.segments.append({"blocks": chunk["blocks"]})

    def text(self) -> str:
        return "".join(segment.get("text", "") for segment in self.segments)

    def blocks(self) -> list[JsonObject]:
        """As Slack finalizes it: markdown, task cards (or one plan with all of them) and blocks."""
        out: list[JsonObject] = []
        if self.mode == "plan" and (self.tasks or self.title):
            tasks = [_card(task) for task in self.tasks.values()]
            title = self.title or (str(next(iter(self.tasks.values()))["title"]) if self.tasks else "")
            out.append({"type": "plan", "block_id": "plan", "title": title, "tasks": tasks})
        for index, segment in enumerate(self.segments):
            if "text" in segment:
                out.append({"type": "markdown", "block_id": f"text-{index}", "text": segment["text"]})
            elif "blocks" in segment:
                out.extend(segment["blocks"])
            elif self.mode == "timeline":
                card = _card(self.tasks[segment["task"]])
                out.append({"type": "task_card", "block_id": f"task-{index}", **card})
        return out


def _rich(text: str) -> JsonObject:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section]}


def _card(task: JsonObject) -> JsonObject:
    card: JsonObject = {"task_id": task["id"], "title": task["title"], "status": task["status"]}
    for name in ("details", "output"):
        if task.get(name):
            card[name] = _rich(task[name])
    if task.get("sources"):
        card["sources"] = task["sources"]
    return card

"""What is told while a task is worked on, and how it reads."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from bot.narrator.live import LiveProgress, Narrator
from bot.thread import ThreadRef
from tests.unit.blocks import samples
from tests.unit.blocks.rules import objects
from tests.unit.narrator.workspace import Slack
from tools.contracts.common import JsonObject
from tools.contracts.progress import (
    MemberProgress,
    NoteProgress,
    TallyProgress,
    ToolProgress,
    VerdictProgress,
    VoteProgress,
)

TASK = samples.TASK


KEY = "investigate:1"


MEMBERS = ("Claude", "GPT", "Gemini")


def work(progress: LiveProgress, *, text: str = "14 web servers run web-golden 2026.01.1") -> None:
    """What an agent says in one whole council, in order."""
    progress.emit(ToolProgress("call-1", "query_assets", "running"))
    progress.emit(ToolProgress("call-1", "query_assets", "done", text))
    progress.emit(ToolProgress("call-2", "compare_versions", "failed", "the estate did not answer"))
    for name in MEMBERS:
        progress.emit(MemberProgress(name, "thinking", "answer"))
        progress.emit(MemberProgress(name, "answered", "answer"))
    for name in MEMBERS:
        progress.emit(MemberProgress(name, "thinking", "vote"))
        progress.emit(VoteProgress("c1", text, name, "support"))
        progress.emit(VoteProgress("c2", "The canary failed", name, "support" if name == "GPT" else "silent"))
        progress.emit(MemberProgress(name, "answered", "vote"))
    outcome = samples.outcome(claims=4, text=text)
    progress.emit(TallyProgress(outcome.tallies))
    progress.emit(VerdictProgress(outcome))
    progress.emit(NoteProgress("Gemini was slow."))


def words(message: JsonObject) -> str:
    return json.dumps(message["blocks"], ensure_ascii=False)


def rows(message: JsonObject) -> dict[str, str]:
    """Title → state of every row of a streamed plan."""
    return {
        found["title"]: found["status"]
        for found in objects(message["blocks"])
        if "task_id" in found and "title" in found
    }


async def tell(
    slack: Slack, thread: ThreadRef, act: Callable[[LiveProgress], Awaitable[None]] | None = None, **options: Any
) -> list[str]:
    """One whole narration by a process of its own; the ts it reported."""
    seen: list[str] = []
    narrator = Narrator(slack.writer(pacer=options.pop("pacer", None)))
    given: dict[str, Any] = {"task_id": TASK, "key": KEY, "title": "Investigating", "simulated": True} | options
    async with narrator.live(thread, on_ts=seen.append, **given) as progress:
        if act is None:
            work(progress)
        else:
            await act(progress)
    return seen

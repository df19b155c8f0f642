"""One agent's work as a rehearsal model does it: what to look up next, what the results show, what to advise."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.local.rehearsal.conversation import Conversation, Finding, Json, as_list, as_object
from bot.local.rehearsal.temperament import Temperament, temperament_of

Call = tuple[str, Json]

MAX_PAGES = 10
NARROWING = ("platforms", "regions", "sites", "asset_ids", "tags")


def receipt(finding: Finding, path: str) -> Json:
    """Of the value at a JSON Pointer in a result, of a list how many items it has; None where there is none."""
    value: object = finding.output
    for step in path.split("/")[1:]:
        rows = as_list(value)
        value = rows[int(step)] if rows else as_object(value).get(step)
    items = as_list(value)
    cited = len(items) if items else value
    return {"tool_call_id": finding.call, "path": path, "value": cited}


@dataclass(frozen=True)
class Fact:
    """A claim, and what a vote on the same claim is judged by."""

    subject: str
    attribute: str
    value: str
    receipts: list[Json]
    confidence: float = 0.95

    def claim(self, sureness: float) -> Json:
        text = f"{self.subject}: {self.attribute.replace('_', ' ')} is {self.value}."
        return {
            "text": text[:300],
            "subject": self.subject[:128],
            "attribute": self.attribute,
            "value": self.value[:128],
            "negated": False,
            "confidence": round(self.confidence * sureness, 3),
            "receipts": self.receipts,
        }


def fact(subject: str, attribute: str, finding: Finding, path: str, *more: str) -> Fact:
    """The value at `path`. `more`: paths of what else the claim names."""
    cited = receipt(finding, path)
    return Fact(subject, attribute, shown(cited["value"]), [cited, *(receipt(finding, other) for other in more)])


def shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def advice(text: str, receipts: list[Json], *, task_type: str | None = None, asset_ids: Sequence[str] = ()) -> Json:
    statement = {"text": text[:400], "receipts": receipts[:40]}
    return {"statement": statement, "task_type": task_type, "asset_ids": list(asset_ids)[:200]}


@dataclass(frozen=True)
class Case(ABC):
    conversation: Conversation

    @property
    def task(self) -> Json:
        return self.conversation.json_block("task")

    @property
    def environment(self) -> str:
        return str(self.task.get("environment", "estate"))

    @property
    def narrowing(self) -> Json:
        """What the task narrows the estate by, as query_assets takes it."""
        context = as_object(self.task.get("context"))
        return {name: context[name] for name in NARROWING if context.get(name)}

    @property
    def temperament(self) -> Temperament:
        return temperament_of(self.conversation.model)

    def next_call(self) -> Call | None:
        """The first step that has something to look up and did not fail in these words before."""
        for step in self.steps():
            call = step()
            if call is not None and call[0] in self.conversation.tools and not self._failed_before(call):
                return call
        return None

    def _failed_before(self, call: Call) -> bool:
        return any(finding.params == call[1] for finding in self.conversation.failed(call[0]))

    def once(self, tool: str, params: Json) -> Call | None:
        """The call, unless the tool was called before."""
        return None if tool in self.conversation.calls_made else (tool, params)

    def paged(self, tool: str, params: Json, *, at_most: int = MAX_PAGES) -> Call | None:
        """The first page, then whatever `next_cursor` says is left."""
        pages = [page for page in self.conversation.of(tool) if _without_cursor(page.params) == params]
        if not pages:
            return tool, params
        cursor = pages[-1].output.get("next_cursor")
        return (tool, {**params, "cursor": cursor}) if cursor and len(pages) < at_most else None

    def rows(self, tool: str, name: str) -> Iterator[tuple[Finding, str, Json]]:
        """Every row of a list in every result of a tool: the result, the row's path, the row."""
        for finding in self.conversation.of(tool):
            for index, row in enumerate(as_list(finding.output.get(name))):
                yield finding, f"/{name}/{index}", as_object(row)

    @property
    def asset_ids(self) -> list[str]:
        """The running assets in scope, as query_assets listed them."""
        rows = (row for _, _, row in self.rows("query_assets", "assets"))
        return sorted({str(row["id"]) for row in rows if "id" in row and row.get("state") == "running"})

    def errors(self) -> list[str]:
        return [f"{one.tool} failed: {one.error}"[:300] for one in self.conversation.findings if one.error]

    @abstractmethod
    def steps(self) -> Sequence[Callable[[], Call | None]]: ...

    @abstractmethod
    def facts(self) -> list[Fact]:
        """What the results show, what matters most first. The first twelve are claimed; all are voted by."""

    @abstractmethod
    def guesses(self) -> list[Fact]:
        """What this temperament says beyond the results. The others may see it otherwise."""

    @abstractmethod
    def advises(self) -> list[Json]: ...

    def hands_over(self) -> Json | None:
        return None

    @abstractmethod
    def conclusion(self) -> str: ...

    @abstractmethod
    def diagnosis(self) -> str: ...

    @abstractmethod
    def missing(self) -> list[str]: ...


def _without_cursor(params: Json) -> Json:
    return {name: value for name, value in params.items() if name != "cursor"}

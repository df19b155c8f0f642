"""The three files of a task, from what the ledger has of it. Pure: the same entries make the same bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence

import yaml

from bot.papers.paper import Paper, Recorded
from bot.papers.transcript import transcript
from bot.redaction import is_object

KINDS = frozenset({"plan_proposed", "report_proposed", "tool_called", "council_voted"})
"""Entries that the files are made from."""

_COLUMNS = ("call", "tool", "at", "outcome", "parameters", "result", "result digest")


def papers(entries: Sequence[Recorded], *, include_dissent: bool = True) -> list[Paper]:
    """As many as there is something for, in a fixed order. `include_dissent`: tell who disputes what and why."""
    made = (
        plan_paper(entries),
        evidence_paper(entries),
        transcript_paper(entries, include_dissent=include_dissent),
    )
    return [paper for paper in made if paper is not None]


def plan_paper(entries: Sequence[Recorded]) -> Paper | None:
    """The newest plan or report, whole, as YAML."""
    for entry in reversed(entries):
        name = {"plan_proposed": "plan", "report_proposed": "report"}.get(entry.kind, "")
        document: object = entry.body.get(name)
        if not name or not is_object(document):
            continue
        revision: object = entry.body.get("revision")
        number = revision if isinstance(revision, int) else 0
        text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100)
        return Paper.of(f"{name}-r{number}", "yaml", title=f"{name.capitalize()}, revision {number}", text=text)
    return None


def evidence_paper(entries: Sequence[Recorded]) -> Paper | None:
    """Every tool call that came to something, a row each, as CSV that a spreadsheet may open."""
    rows = [_row(entry) for entry in entries if entry.kind == "tool_called" and entry.body.get("stage") == "outcome"]
    if not rows:
        return None
    return Paper.table("evidence", title="Evidence", rows=[_COLUMNS, *rows])


def transcript_paper(entries: Sequence[Recorded], *, include_dissent: bool) -> Paper | None:
    """How the models answered and voted, in every round."""
    text = transcript(entries, include_dissent=include_dissent)
    return Paper.of("council", "txt", title="The council's transcript", text=text) if text else None


def _row(entry: Recorded) -> tuple[str, ...]:
    body = entry.body

    def text(name: str) -> str:
        return str(body.get(name) or "")

    result = text("message") if body.get("result") is None else _json(body["result"])
    return (
        text("call_id"),
        text("tool"),
        entry.at,
        text("outcome"),
        _json(body.get("params")),
        result,
        text("result_digest"),
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)

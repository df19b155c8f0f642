"""A finished task as a regression case: what was asked, what came of it, and whether people said it was right.

Of what the ledger keeps, only what a case needs is taken, and names of people and places are taken out of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import yaml
from pydantic import ValidationError

from bot.blocks.feedback import EXPLAINS
from bot.evals.cases import Case, CaseKind, Found
from bot.redaction import is_array, is_object, redact
from tools.contracts.common import AgentName, Environment, JsonObject

_FOUND: dict[str, Found] = {
    "reported": "report",
    "nothing_to_do": "nothing_to_do",
    "inconclusive": "inconclusive",
    "declined": "decline",
    "unanswered": "question",
    "parts_ended": "several",
}
"""Outcome → how such a case ends. With a plan: `plan`, whatever people made of it."""

_MENTION = re.compile(r"<(?:@[UW][A-Z0-9]+|!subteam\^[A-Z0-9]+|#[CG][A-Z0-9]+)(?:\|[^>]{0,200})?>")
_SLACK_ID = re.compile(r"\b[UWCGDTB](?=[A-Z0-9]*\d)[A-Z0-9]{8,12}\b")
_EMAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\b")
_URL = re.compile(r"https?://[^\s|<>\"']{1,2000}")
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b(?!\.\d)")
_PHONE = re.compile(r"(?<![\w.-])\+\d[\d ()/-]{6,18}\d\b")

MOST_TOOLS = 12


class NotCaptured(Exception):
    """What stands against it, in a sentence. Nothing was written."""


@dataclass(frozen=True)
class Recorded:
    """One entry of the task's ledger."""

    kind: str
    actor: str
    body: JsonObject


@dataclass(frozen=True)
class Captured:
    case: Case
    text: str
    """The YAML file."""
    said: str
    """What people said of the answer: `right`, `wrong` or nothing."""
    taken_out: list[str]
    """Kinds of names and secrets that were taken out."""


def capture(task_id: str, entries: Sequence[Recorded], *, seed: int) -> Captured:
    """`entries`: of the task, in order. `seed`: of the sample estate it is played on. Raises :class:`NotCaptured`."""
    received = next((entry.body for entry in entries if entry.kind == "task_received"), None)
    ended = next((entry.body for entry in entries if entry.kind == "task_ended"), None)
    if received is None:
        raise NotCaptured(f"The ledger knows no task {task_id}. See `gavel ledger show`.")
    if ended is None:
        raise NotCaptured(f"Task {task_id} is not finished: nobody knows yet what is right.")
    taken: set[str] = set()
    asked = _cleaned(str(received.get("text", "")), taken)
    if not asked.strip():
        raise NotCaptured(f"Task {task_id} was asked for without a word.")
    specs = [entry.body for entry in entries if entry.kind == "task_spec"]
    spec: JsonObject = specs[-1] if specs else {}
    agent = _agent(spec)
    if agent is None:
        raise NotCaptured(f"Task {task_id} was handed to no agent: there is nothing to evaluate.")
    said = _said(entries, ended)
    plan = any(entry.kind == "plan_proposed" for entry in entries)
    kind: CaseKind = "plan" if plan else "tools"
    answers = [_cleaned(str(one.body.get("answer", "")), taken) for one in entries if one.kind == "question_answered"]
    source: JsonObject = {"alert": {"text": asked}} if received.get("source") == "alert" else {"request": asked}
    expect = _expected(entries, ended, spec, agent=agent, plan=plan, right=said != "wrong")
    given: JsonObject = {
        "id": f"captured-{agent}-{hashlib.sha256(task_id.encode()).hexdigest()[:10]}",
        **source,
        **({"answers": answers[:3]} if any(answers) else {}),
        "estate": {"seed": seed},
        "expect": expect,
    }
    try:
        case = Case.model_validate({**given, "about": agent, "kind": kind})
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        raise NotCaptured(f"Task {task_id} makes no case: {wrong['loc']}: {wrong['msg']}.") from error
    return Captured(case, _yaml(given, agent, kind, said), said, sorted(taken))


def _expected(
    entries: Sequence[Recorded], ended: JsonObject, spec: JsonObject, *, agent: AgentName, plan: bool, right: bool
) -> JsonObject:
    """What people called wrong is not expected again: then only what was asked of whom is."""
    expected: JsonObject = {"agent": agent}
    if spec.get("environment") in get_args(Environment):
        expected["environment"] = spec["environment"]
    if not right:
        return expected
    found = "plan" if plan else _FOUND.get(str(ended.get("outcome")))
    if found is not None:
        expected["found"] = [found]
    tools = [str(entry.body.get("tool")) for entry in entries if entry.kind == "tool_called" and _reads(entry)]
    expected["tools"] = list(dict.fromkeys(tools))[:MOST_TOOLS]
    judged = [entry.body for entry in entries if entry.kind in ("plan_validated", "report_validated")]
    if judged:
        expected["allowed"] = bool(judged[-1].get("allowed"))
        if not expected["allowed"]:
            expected["refused_by"] = _rules(judged[-1])
    return expected


def _reads(entry: Recorded) -> bool:
    """By an agent, and answered. What a phase ran is no part of an evaluation."""
    return entry.actor.startswith("agent:") and bool(entry.body.get("tool")) and entry.body.get("outcome") == "ok"


def _rules(report: JsonObject) -> list[str]:
    """Of every gate's refusals."""
    found = [
        str(refusal["rule"])
        for result in _objects(report.get("results"))
        for refusal in _objects(result.get("refusals"))
        if refusal.get("rule")
    ]
    return list(dict.fromkeys(found))[:10]


def _objects(value: object) -> list[JsonObject]:
    return [item for item in value if is_object(item)] if is_array(value) else []


def _agent(spec: JsonObject) -> AgentName | None:
    agents = spec.get("agents")
    first = agents[0] if is_array(agents) and agents else None
    return next((name for name in get_args(AgentName) if name == first), None)


def _said(entries: Sequence[Recorded], ended: JsonObject) -> str:
    """The last word counts: of a thumb on the answer, or of a rejection as wrong.

    An explanation of it, asked for later, is another answer: whoever found that helpful said nothing of the first.
    """
    thumbs = [
        entry.body.get("right")
        for entry in entries
        if entry.kind == "feedback_given" and entry.body.get("agent") != EXPLAINS
    ]
    if thumbs:
        return "right" if thumbs[-1] is True else "wrong"
    rejections = [
        entry.body.get("reason_kind")
        for entry in entries
        if entry.kind == "decision_accepted" and entry.body.get("verdict") == "reject"
    ]
    if any(str(reason).startswith("wrong_") for reason in rejections) or ended.get("outcome") == "rolled_back":
        return "wrong"
    return "right" if ended.get("outcome") == "completed" else ""


def _cleaned(text: str, taken: set[str]) -> str:
    secrets = redact(text)
    taken |= set(secrets.found)
    text = secrets.text
    names = (
        ("mention", _MENTION, "@someone"),
        ("url", _URL, "https://example.com"),
        ("e-mail", _EMAIL, "someone@example.com"),
        ("slack id", _SLACK_ID, "someone"),
        ("address", _ADDRESS, "192.0.2.1"),
        ("phone number", _PHONE, "+00 000"),
    )
    for name, pattern, instead in names:
        cleaned = pattern.sub(instead, text)
        if cleaned != text:
            taken.add(name)
        text = cleaned
    return text


def _yaml(given: JsonObject, agent: AgentName, kind: CaseKind, said: str) -> str:
    told = {
        "right": "People called the answer right.",
        "wrong": "People called the answer wrong: state under `expect` what would have been right.",
        "": "Nobody said whether the answer was right: look before you rely on it.",
    }[said]
    document = {"agent": agent, "kind": kind, "cases": [given]}
    body = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    return f"# Captured from a finished task by `gavel eval capture`. {told}\n{body}"

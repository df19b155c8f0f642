"""Every message that a person would see of a case, made by the product's own block builders."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.blocks.intents import intents_card
from bot.blocks.message import Message
from bot.blocks.offer import Offer
from bot.blocks.plan_card import plan_card
from bot.blocks.report import ReportCard, handover_card, report_card
from bot.blocks.sentences import failed
from bot.blocks.task import (
    Diagnosis,
    RefusedPlan,
    acknowledgement,
    diagnosis_card,
    question_card,
    refusal_card,
)
from bot.evals.room import NOW
from bot.narrator.board import Board
from bot.narrator.render import ChunkWriter, as_message
from tools.contracts.common import JsonObject
from tools.contracts.outputs import read_plan, read_report

if TYPE_CHECKING:
    from tests.hostile.safety.playing import Played


@dataclass(frozen=True)
class Shown:
    """One message as Slack gets it."""

    name: str
    text: str
    blocks: list[JsonObject]


def cards_of(played: Played) -> list[Shown]:
    found = [_shown(name, message) for name, message in _messages(played)]
    board = Board()
    for event in played.watching.events:
        board.apply(event)
    rows = board.rows()
    found.append(_shown("progress", as_message("Investigating", rows)))
    found.append(Shown("stream", "", ChunkWriter().changes("Investigating", rows)))
    return found


def _messages(played: Played) -> list[tuple[str, Message]]:
    understood, task = played.understanding, played.entry.request.task_id
    found: list[tuple[str, Message]] = []
    if played.error:
        found.append(("failed", failed(played.error, task_id=task)))
    if understood is None:
        return found
    if understood.question is not None:
        found.append(("question", question_card(understood.question, task_id=task, question_id="q1", simulated=True)))
    if understood.intents:
        found.append(("several", intents_card(understood.intents, task_id=task, question_id="q1", simulated=True)))
    spec = understood.spec
    if spec is None:
        return found
    found.append(("acknowledgement", acknowledgement(spec, members=["Amber"], simulated=True)))
    for revision, (outcome, report) in enumerate(zip(played.outcomes, played.judged, strict=False), start=1):
        if not report.allowed:
            summary = json.dumps(outcome.plan_json or outcome.report_json or {})[:600]
            refused = RefusedPlan(
                task_id=task,
                report=report,
                next="give_up",
                summary=summary,
                revision=revision,
                attempt=revision,
                max_attempts=2,
                simulated=True,
            )
            found.append(("refusal", refusal_card(refused)))
    if not played.outcomes:
        return found
    last = played.outcomes[-1]
    diagnosis = Diagnosis(
        task_id=task,
        alert=played.entry.request.text.partition("\n")[0],
        finding=last.diagnosis or last.reason,
        council=last.council,
        missing=last.missing,
        next="nothing",
        answers_usd=None,
        simulated=True,
    )
    found.append(("diagnosis", diagnosis_card(diagnosis)))
    if not played.allowed:
        return found
    gates = played.judged[-1]
    if last.plan_json is not None:
        offer = Offer(
            plan=read_plan(last.plan_json),
            report=gates,
            council=last.council,
            requester=spec.user,
            nonce="n",
            deadline=NOW + timedelta(hours=1),
            environment_size=60,
            cost_usd=None,
            answers_usd=None,
            simulated=True,
        )
        found.append(("plan", plan_card(offer)))
    elif last.report_json is not None:
        report = read_report(last.report_json)
        card = ReportCard(
            report=report,
            agent=spec.agents[0],
            gates=gates,
            council=last.council,
            triage=None,
            cost_usd=None,
            answers_usd=None,
            simulated=True,
        )
        found.append(("report", report_card(card)))
        if report.handover is not None:
            handed = handover_card(report.handover, task_id=task, to=f"{task}-h", simulated=True)
            found.append(("handover", handed))
    return found


def _shown(name: str, message: Message) -> Shown:
    return Shown(name, message.text, message.blocks)

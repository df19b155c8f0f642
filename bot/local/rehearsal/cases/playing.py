"""Which case a request is about, and what a rehearsal model answers to it: a call, a report, or votes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from bot.local.rehearsal.cases.case import Case, Fact
from bot.local.rehearsal.cases.choosing import ChoosingCase
from bot.local.rehearsal.cases.compliance import ComplianceCase
from bot.local.rehearsal.cases.cost import CostCase
from bot.local.rehearsal.cases.dr import DrCase
from bot.local.rehearsal.cases.image import ImageCase
from bot.local.rehearsal.cases.incident import IncidentCase
from bot.local.rehearsal.cases.patch import PatchCase
from bot.local.rehearsal.cases.security import SecurityCase
from bot.local.rehearsal.conversation import Block, Conversation, Json
from bot.local.rehearsal.wire import Reply

MAX_CLAIMS = 12
MAX_ADVICE = 8

_BY_SCHEMA: Mapping[str, type[Case]] = {
    "PatchMemberReport": PatchCase,
    "IncidentMemberReport": IncidentCase,
    "SecurityMemberReport": SecurityCase,
    "ComplianceMemberReport": ComplianceCase,
    "CostMemberReport": CostCase,
    "DRMemberReport": DrCase,
    "ImageMemberReport": ImageCase,
}
_BY_TOOL: Mapping[str, type[Case]] = {
    **dict.fromkeys(("query_alerts", "query_logs", "correlate_events"), IncidentCase),
    **dict.fromkeys(("get_compliance_status", "check_control", "generate_compliance_evidence"), ComplianceCase),
    **dict.fromkeys(("get_billing_data", "forecast_cost", "get_cost_recommendations"), CostCase),
    **dict.fromkeys(("get_dr_status", "check_rto", "simulate_failover", "generate_dr_runbook"), DrCase),
    **dict.fromkeys(("list_image_versions", "generate_image_contract"), ImageCase),
    **dict.fromkeys(("scan_vulnerabilities", "check_exposure"), SecurityCase),
}
"""Tools that only one of these agents has."""

_PLANNING = frozenset({"generate_patch_plan", "generate_rollout_plan"})
"""Whoever has these rolls out images, whatever else it may look at."""

_STATEMENT = re.compile(r"(?P<subject>.+?): (?P<attribute>[\w -]+?) is (?P<negated>not )?(?P<value>.+)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9][\w.:@/+~-]*\d[\w.:@/+~-]*|\d+")
_GUESSED: Mapping[str, str] = {
    "patch_within_days": "No result sets a deadline.",
    "lookback_needed_minutes": "The onset is in the results; looking further back would not move it.",
}
"""What one temperament says beyond the results, and what the others say to it."""
_SAID: Mapping[str, str] = {
    "nothing needs attention": "healthy",
    "something that needs attention": "findings",
    "not enough to conclude": "inconclusive",
}


def case_of(conversation: Conversation) -> Case | None:
    """By the schema that is asked for; else by the tools on offer; else by the evidence."""
    by_schema = _BY_SCHEMA.get(conversation.schema_name or "")
    if by_schema is not None:
        return by_schema(conversation)
    names = conversation.tools.keys() or {finding.tool for finding in conversation.findings}
    if "generate_rollout_plan" in names or ("scan_vulnerabilities" in names and _votes_on_a_plan(conversation)):
        return PatchCase(conversation)
    if _PLANNING & names:
        return None
    kind = next((kind for tool, kind in _BY_TOOL.items() if tool in names), None)
    return kind(conversation) if kind else None


def _votes_on_a_plan(conversation: Conversation) -> bool:
    """Whether doing nothing is put to the vote: only who may change something proposes that."""
    return any(item.text.lower().startswith("nothing should be changed") for item in _items(conversation))


def _items(conversation: Conversation) -> list[Block]:
    return [block for block in conversation.blocks if block.source == "item"]


def step(case: Case) -> Reply:
    """One tool call, or a closing text when there is nothing left to look up."""
    call = case.next_call()
    if call is not None:
        return Reply(calls=[call])
    return Reply(text=" ".join([case.diagnosis(), *case.errors()])[:1500])


def report(case: Case) -> Json:
    """What a council member answers."""
    sureness = case.temperament.sureness
    facts = case.facts()
    guesses = case.guesses()
    claimed = [*facts[: MAX_CLAIMS - len(guesses)], *guesses]
    if isinstance(case, ChoosingCase):
        return {
            "claims": [one.claim(sureness) for one in claimed],
            "proposal": case.proposal(),
            "diagnosis": case.diagnosis()[:600],
            "missing": case.missing()[:10],
        }
    return {
        "claims": [one.claim(sureness) for one in claimed],
        "conclusion": case.conclusion(),
        "recommendations": case.advises()[:MAX_ADVICE],
        "handover": case.hands_over(),
        "diagnosis": case.diagnosis()[:600],
        "missing": case.missing()[:10],
    }


def vote(case: Case) -> Json:
    """A VoteSheet with one ballot for each item."""
    ballots: list[Json] = []
    facts, guesses = _known(case.facts()), _known(case.guesses())
    seen = json.dumps([finding.output for finding in case.conversation.findings], ensure_ascii=False)
    for item in _items(case.conversation):
        match item.attributes.get("kind"):
            case "phase" | "action":
                choosing = isinstance(case, ChoosingCase)
                stance, reason = case.on_phase(item.text) if choosing else _on_conclusion(item.text, case)
            case "recommendation":
                stance, reason = _on_advice(item.text, seen)
            case _:
                stance, reason = _on_claim(item, case, facts, guesses)
        ballots.append({"claim_id": item.attributes.get("claim_id", ""), "stance": stance, "reason": reason[:200]})
    return {"ballots": ballots}


Known = dict[tuple[str, str], set[str]]


def _known(facts: list[Fact]) -> Known:
    found: Known = {}
    for one in facts:
        found.setdefault((one.subject.lower(), one.attribute.lower()), set()).add(one.value.lower())
    return found


def _on_conclusion(text: str, case: Case) -> tuple[str, str]:
    own = case.conclusion()
    said = next((value for words, value in _SAID.items() if words in text.lower()), None)
    return ("support", "") if said == own else ("contradict", f"The results come to {own}.")


def _on_advice(text: str, seen: str) -> tuple[str, str]:
    """Advice that names what no result names is about something else."""
    names = [name.rstrip(".,:;") for name in _NAME.findall(text.partition(": ")[2] or text)]
    if strangers := [name for name in names if name not in seen]:
        return "contradict", f"{', '.join(strangers[:3])}: in no result."
    return ("support", "") if names else ("contradict", "No result suggests it.")


def _on_claim(item: Block, case: Case, facts: Known, guesses: Known) -> tuple[str, str]:
    found = _STATEMENT.fullmatch(item.text.strip())
    if found is None:
        return "silent", ""
    place = found["subject"].lower(), found["attribute"].strip().lower().replace(" ", "_")
    value = found["value"].strip().lower()
    if item.attributes.get("receipts") == "fail":
        return "contradict", "It cites a value that is not in the evidence."
    if place in facts:
        if (value in facts[place]) != bool(found["negated"]):
            return "support", ""
        return "contradict", f"The tools returned {', '.join(sorted(facts[place]))}, not {found['value']}."
    if value in guesses.get(place, set[str]()):
        return "support", ""
    if place[1] == "cause":
        return ("support", "") if case.temperament.accepts_causes else ("contradict", "No result singles out a cause.")
    if place[1] in _GUESSED:
        return "contradict", _GUESSED[place[1]]
    return "silent", ""

"""TaskDraft by vocabulary: which work, where, within which wishes; a question where that is not clear."""

from __future__ import annotations

import re

from bot.local.rehearsal.conversation import Conversation, Json
from bot.local.rehearsal.limits import constraints_in
from bot.local.rehearsal.vocabulary import (
    OFF_TOPIC,
    OPERATIONS,
    PLATFORM_WORDS,
    ROLE_WORDS,
    TASK_WORDS,
    environments_in,
    kinds_in,
    matches,
    plain,
    without_exclusions,
)

_ENVIRONMENTS = ["production", "staging", "development"]
_REGION = re.compile(
    r"\b(?:[a-z]{2}-(?:north|south|east|west|central)[a-z]*-\d|[a-z]+-(?:north|south|east|west|central)[a-z]*\d|"
    r"(?:north|south|east|west|central)(?:europe|us|asia|uk)\d?)\b"
)
_HOST = re.compile(r"\b[a-z][a-z0-9]*(?:-[a-z0-9]+)*-[a-z0-9]*\d[a-z0-9]*\b")
_NO_HOST = re.compile(r"^(?:cve|ec|us|eu|ap|sa|ca|me|af|soc|iso|pci)-")
_YES = re.compile(r"^\s*(?:yes|yep|yeah|ja|oui|sí|si|sim|да|はい|是|go on|correct|right)\b")

_TITLES = {
    "drift_remediation": "bring drifted assets back to their golden image",
    "patch_rollout": "roll out a patch",
    "compliance_audit": "audit compliance",
    "incident_analysis": "analyse an incident",
    "dr_readiness": "check disaster-recovery readiness",
    "cost_optimization": "look for savings",
    "security_review": "review exposure",
    "image_lifecycle": "build or promote an image",
}


def draft(conversation: Conversation) -> Json:
    """A TaskDraft for the request (or alert) and the answers in the conversation."""
    alert = conversation.texts("alert", "alert_field")
    answers = [plain(text) for text in conversation.texts("answer")]
    request = plain("\n".join(alert or conversation.texts("request")), split_names=bool(alert))
    everything = "\n".join([request, *answers])
    asked = without_exclusions(everything)

    types = {kind: matches(words, asked) for kind, words in TASK_WORDS.items()}
    task_type = "drift_remediation" if types["drift_remediation"] else max(types, key=lambda kind: types[kind])
    if matches(OFF_TOPIC, request) and not any(environments_in(answer) for answer in answers):
        return _decline()
    # A later answer overrides an earlier word.
    newest_first = [*reversed(answers), request]
    environments = _first_found([environments_in(text) for text in newest_first])
    roles = _first_found([kinds_in(ROLE_WORDS, without_exclusions(text)) for text in newest_first])
    if not types[task_type]:
        return _ask_what(environments, known=bool(environments or roles or matches(OPERATIONS, asked)))
    if len(environments) != 1:
        return _ask_where(task_type, environments)
    if len(roles) > 1:
        return _ask_which(task_type, environments[0], roles)
    return {
        "kind": "task",
        "task_type": task_type,
        "goal": _goal(task_type, environments[0], roles),
        "environment": environments[0],
        "context": _context(asked, roles),
        "constraints": {} if alert else constraints_in(everything),
        "risk_level": "high" if environments[0] == "production" else "medium",
        "confidence": 0.97 if any(_YES.match(answer) for answer in answers) else 0.93,
        "question": None,
    }


def _first_found(found: list[list[str]]) -> list[str]:
    nothing: list[str] = []
    return next((kinds for kinds in found if kinds), nothing)


def _context(text: str, roles: list[str]) -> Json:
    regions = sorted(set(_REGION.findall(text)))
    named = sorted({host for host in _HOST.findall(text) if host not in regions and not _NO_HOST.match(host)})
    # `aws-eu-west-1` names a place, not a machine.
    sites = [name for name in named if any(name.endswith(f"-{region}") for region in regions)]
    hosts = [name for name in named if name not in sites]
    return {
        "sites": sites,
        "platforms": kinds_in(PLATFORM_WORDS, text),
        "regions": regions,
        "asset_ids": hosts,
        # Named hosts say more than the kind of server they are.
        "tags": [] if hosts else [{"key": "role", "value": role} for role in roles],
    }


def _goal(task_type: str, environment: str, roles: list[str]) -> str:
    title = _TITLES[task_type]
    return f"{title[0].upper()}{title[1:]}: {environment}{' ' + roles[0] if roles else ''} servers."


def _question(text: str, choices: list[str], *, task_type: str | None = None, environment: str | None = None) -> Json:
    return {
        "kind": "question",
        "task_type": task_type,
        "goal": "Not clear yet.",
        "environment": environment,
        "confidence": 0.4,
        "question": {"text": text, "choices": choices},
    }


def _ask_what(environments: list[str], *, known: bool) -> Json:
    where = environments[0] if len(environments) == 1 else "production"
    lead = "What should I do there?" if known else "I did not recognize a task in that. What would you like me to do?"
    choices = [f"Fix drift in {where}", f"Check {where} for drift"]
    return _question(lead, choices, environment=environments[0] if len(environments) == 1 else None)


def _ask_where(task_type: str, environments: list[str]) -> Json:
    lead = "Which environment first?" if environments else "Which environment do you mean?"
    return _question(lead, environments or _ENVIRONMENTS, task_type=task_type)


def _ask_which(task_type: str, environment: str, roles: list[str]) -> Json:
    text = "I take one kind of server at a time. Which first?"
    return _question(text, [f"{role} servers" for role in roles[:5]], task_type=task_type, environment=environment)


def _decline() -> Json:
    return {
        "kind": "decline",
        "task_type": None,
        "goal": "I only work on servers and images: that one is not for me.",
        "environment": None,
        "confidence": 0.95,
        "question": None,
    }

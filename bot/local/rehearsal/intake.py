"""TaskDraft by vocabulary: which work, where, within which wishes; a question where that is not clear."""

from __future__ import annotations

import re
from datetime import datetime

from bot.local.rehearsal.conversation import Conversation, Json, as_list, as_object
from bot.local.rehearsal.limits import constraints_in
from bot.local.rehearsal.parts_of import parts_of
from bot.local.rehearsal.places import context_in, roles_in
from bot.local.rehearsal.task_words import task_types_in
from bot.local.rehearsal.vocabulary import (
    OFF_TOPIC,
    OPERATIONS,
    environments_in,
    matches,
    plain,
    without_exclusions,
)

_ENVIRONMENTS = ["production", "staging", "development"]
_YES = re.compile(r"^\s*(?:yes|yep|yeah|ja|oui|sí|si|sim|да|はい|是|go on|correct|right)\b")
_AGAIN = re.compile(
    r"\b(?:same|again|once more|retry|instead|only|just|too|nochmal|dasselbe|auch|encore|pareil|otra vez|lo mismo)\b"
    r"|снова|то же|もう一度|同じ|再来|一样"
)
_NOW = re.compile(r"^It is (\S+)\.$", re.MULTILINE)

TITLES = {
    "drift_remediation": "bring drifted assets back to their golden image",
    "patch_rollout": "roll out patches",
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
    written = "\n".join(alert or conversation.texts("request"))
    request = plain(written, split_names=bool(alert))
    whole = plain("\n".join(conversation.texts("whole_message", "quoted_message")))
    previous = conversation.json_block("previous_task")
    everything = "\n".join([request, *answers])
    asked = without_exclusions(everything)
    if matches(OFF_TOPIC, request) and not any(environments_in(answer) for answer in answers):
        return _decline()
    parts = parts_of(written) if not alert and not conversation.texts("whole_message") else []
    if parts and not answers:
        return _several(parts, environments_in(request))
    if parts and (number := _ordinal(answers[-1])) is not None and number < len(parts):
        whole, request = request, plain(parts[number][0])
        everything = asked = without_exclusions(request)
        answers = []
    # A later answer overrides an earlier word.
    newest_first = [*reversed(answers), request]
    types = _first([task_types_in(without_exclusions(text)) for text in newest_first])
    goes_on = bool(previous) and (bool(types) or _goes_on(asked))
    if not types and goes_on:
        types = [str(previous["task_type"])]
    environments = _first_found([environments_in(text) for text in newest_first])
    if not environments and whole and len(environments_in(whole)) == 1:
        environments = environments_in(whole)
    inherited = str(previous.get("environment")) if goes_on and not environments else None
    roles = _first([roles_in(without_exclusions(text)) for text in newest_first])
    if not types:
        return _ask_what([*environments], known=bool(environments or roles or matches(OPERATIONS, asked)))
    task_type = types[0]
    if inherited is None and len(environments) != 1:
        return _ask_where(task_type, [*environments])
    environment = inherited or next(iter(environments))
    if len(roles) > 1:
        return _ask_which(task_type, environment, roles)
    context = context_in(asked, roles=roles, now=_now(conversation))
    if goes_on:
        context = {**as_object(previous.get("context")), **context}
    wishes = {} if alert else constraints_in(everything)
    return {
        "kind": "task",
        "task_type": task_type,
        "goal": _goal(task_type, environment, _role_of(context)),
        "environment": environment,
        "environment_words": environments.get(environment, ""),
        "context": context,
        "constraints": {**as_object(previous.get("constraints")), **wishes} if goes_on else wishes,
        "risk_level": "high" if environment == "production" else "medium",
        "confidence": 0.97 if any(_YES.match(answer) for answer in answers) else 0.93,
        "question": None,
    }


_ORDINALS = (
    r"\bfirst\b|\berste",
    r"\bsecond\b|\bzweite|\bdeuxième|\bsegund",
    r"\bthird\b|\bdritte|\btroisième|\btercer",
)


def _ordinal(answer: str) -> int | None:
    """`only the second` is 1."""
    return next((at for at, word in enumerate(_ORDINALS) if re.search(word, answer)), None)


def _goes_on(text: str) -> bool:
    """Whether it only makes sense after the thread's last task: `the same in staging`, `only eu-west-1`."""
    return bool(_AGAIN.search(text) or context_in(text, roles=roles_in(text)) or constraints_in(text))


def _first(found: list[list[str]]) -> list[str]:
    nothing: list[str] = []
    return next((kinds for kinds in found if kinds), nothing)


def _first_found(found: list[dict[str, str]]) -> dict[str, str]:
    nothing: dict[str, str] = {}
    return next((kinds for kinds in found if kinds), nothing)


def _now(conversation: Conversation) -> datetime | None:
    match = _NOW.search(conversation.prompt)
    try:
        return datetime.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def _role_of(context: Json) -> str | None:
    tags = [as_object(tag) for tag in as_list(context.get("tags"))]
    return next((str(tag.get("value")) for tag in tags if tag.get("key") == "role"), None)


def _goal(task_type: str, environment: str | None, role: str | None) -> str:
    title = TITLES[task_type]
    where = " ".join(part for part in (environment, role) if part)
    return f"{title[0].upper()}{title[1:]}{f': {where} servers' if where else ''}."


def _several(parts: list[tuple[str, str]], environments: dict[str, str]) -> Json:
    intents: list[Json] = []
    for words, task_type in parts[:5]:
        own = environments_in(plain(words)) or environments
        environment = next(iter(own)) if len(own) == 1 else None
        roles = roles_in(plain(words))
        goal = _goal(task_type, environment, roles[0] if len(roles) == 1 else None)
        intents.append({"words": words[:2000], "goal": goal, "task_type": task_type, "environment": environment})
    return {"kind": "several", "goal": "Several tasks in one message.", "confidence": 0.9, "intents": intents}


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
    choices = [f"Fix drift in {where}", f"Check {where} for drift", f"Find out what is failing in {where}"]
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

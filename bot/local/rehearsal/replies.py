"""FollowUp by vocabulary: what a reply to a waiting plan asks for."""

from __future__ import annotations

import re

from bot.local.rehearsal.conversation import Conversation, Json, as_list, as_object
from bot.local.rehearsal.limits import constraints_in
from bot.local.rehearsal.places import context_in, hosts_in, roles_in
from bot.local.rehearsal.vocabulary import environments_in, plain, without_exclusions

_QUESTION = re.compile(
    r"\?|？|^\s*(?:why|what|which|how|who|when|explain|tell me|show me|warum|wieso|was|welche|wie|erkläre?"
    r"|pourquoi|quel|comment|explique|por qué|porque|qué|cuál|cómo|explica|почему|зачем|какие|сколько|объясни)\b"
    r"|なぜ|どうして|何|为什么|为何|多少|왜"
)
_SMALLER = re.compile(
    r"\b(?:smaller|fewer|slower|gentler|more careful\w*|kleiner\w*|langsamer|plus petits?|plus lentement|menos"
    r"|más pequeñ\w+|más despacio|mais devagar|menor\w*)\b|меньш|медленнее|小さく|ゆっくり|更小|慢一点|더 작"
)
_BIGGER = re.compile(
    r"\b(?:bigger|larger|faster|quicker|größer\w*|schneller|plus gr(?:os|ands?)|plus vite|más grandes?|más rápido)\b"
    r"|больш|быстрее|大きく|速く|更大|快一点"
)
_LONGER = re.compile(r"\b(?:longer|länger|plus longtemps|más tiempo)\b|дольше|もっと長く|更久")
_WITHOUT = re.compile(
    r"\b(?:not|without|except|skip|leave out|exclude|excluding|drop|ohne|außer|sans|sauf|sin|excepto)\b"
    r"|без|кроме|除く|除了|不要"
)
_WIDER = re.compile(r"\b(?:everything|all regions|everywhere|all of them|alle regionen|partout|todas las regiones)\b")
_DECISION = re.compile(r"\b(?:approve|approved|reject|rejected|lgtm|ship it)\b")

_HOUSE = {"max_batch_percent": 20.0, "wait_seconds": 60}


def follow_up(conversation: Conversation) -> Json:
    """A FollowUp for the reply in the conversation."""
    task, plan = conversation.json_block("task"), as_object(conversation.json_block("plan").get("plan"))
    reply = plain("\n".join(conversation.texts("reply")))
    environment = next(iter(environments_in(reply)), None)
    if _QUESTION.search(reply):
        return _said("explain", "A question about the plan.", environment=environment)
    constraints = _constraints(reply, as_object(task.get("constraints")), plan)
    context = _context(reply, as_object(task.get("context")), plan)
    if constraints is None and context is None and environment in (None, task.get("environment")):
        return _said("decide" if _DECISION.search(reply) else "unrelated", "Nothing of the plan.")
    return {
        **_said("refine", "Another part of the environment, or another pace.", environment=environment),
        "context": context if context is not None else as_object(task.get("context")),
        "constraints": constraints if constraints is not None else as_object(task.get("constraints")),
    }


def _said(kind: str, summary: str, *, environment: str | None = None) -> Json:
    return {"kind": kind, "summary": summary, "environment": environment, "confidence": 0.9}


def _constraints(reply: str, asked: Json, plan: Json) -> Json | None:
    """None: nothing is said of the pace."""
    wishes = constraints_in(reply)
    batch = asked.get("max_batch_percent") or _largest_batch(plan) or _HOUSE["max_batch_percent"]
    if "max_batch_percent" not in wishes and (factor := _factor(reply)) is not None:
        wishes["max_batch_percent"] = max(1.0, min(100.0, round(batch * factor, 1)))
    if "wait_seconds" not in wishes and _LONGER.search(reply):
        wishes["wait_seconds"] = 2 * (asked.get("wait_seconds") or _HOUSE["wait_seconds"])
    return {**asked, **wishes} if wishes else None


def _factor(reply: str) -> float | None:
    return 0.5 if _SMALLER.search(reply) else 2.0 if _BIGGER.search(reply) else None


def _largest_batch(plan: Json) -> float | None:
    percents = [as_object(phase).get("batch_percent") for phase in as_list(plan.get("phases"))]
    return max((float(percent) for percent in percents if isinstance(percent, (int, float)) and percent), default=None)


def _context(reply: str, before: Json, plan: Json) -> Json | None:
    """None: nothing is said of which part."""
    if _WIDER.search(reply):
        return {name: value for name, value in before.items() if name not in ("regions", "sites", "asset_ids")}
    planned = [str(name) for name in as_list(plan.get("asset_ids"))]
    if _WITHOUT.search(reply) and (left_out := meant(hosts_in(reply), planned)):
        kept = [name for name in planned if name not in left_out]
        return {**before, "asset_ids": kept} if kept else None
    kept_words = without_exclusions(reply)
    named = context_in(kept_words, roles=roles_in(kept_words))
    if "asset_ids" in named:
        named["asset_ids"] = sorted(meant(named["asset_ids"], planned)) or named["asset_ids"]
    return {**before, **named} if named else None


def meant(hosts: list[str], planned: list[str]) -> set[str]:
    """Planned assets by their whole name, or by how it ends: `web-14` for `prod-web-euw1-14`."""
    return {name for name in planned for host in hosts if name == host or _ends_like(name, host)}


def _ends_like(name: str, host: str) -> bool:
    """Every piece of the short name occurs in the long one in order, and both end the same."""
    pieces, rest = host.split("-"), name.lower().split("-")
    if not pieces or rest[-1] != pieces[-1]:
        return False
    places = iter(rest)
    return all(piece in places for piece in pieces)

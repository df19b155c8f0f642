"""Reading limits: what a person asked of a rollout, and what a refusal says would be allowed."""

from __future__ import annotations

import re

from bot.local.rehearsal.conversation import Json

_PACE = (
    r"(?:at (?:a|one) time|at once|per (?:batch|wave|step|round|turn)|a (?:batch|wave|step)|batch(?:es|wise)?|waves?|"
    r"chunks?|steps?|increments?|each (?:time|round)|in one go|auf einmal|pro (?:welle|schritt)|à la fois|"
    r"par (?:lot|vague)|a la vez|por (?:lote|vez)|alla volta|ずつ|每批|за раз)"
)
_PERCENT = r"(\d{1,3}(?:\.\d+)?)\s*(?:%|percent|per cent|prozent|pour ?cent|por ciento|por cento|パーセント)"
_PERCENT_PACE = re.compile(
    rf"{_PERCENT}[^.;\n]{{0,40}}?{_PACE}|{_PACE}\s*(?:size\s*)?(?:of|à|von|de|:)?\s*(?:up to\s*)?{_PERCENT}"
)
_FRACTIONS = {
    r"half|halves|hälfte|moitié|mitad|metade|metà": 50.0,
    r"quarter|viertel|quart": 25.0,
    r"third|drittel|tiers": 33.0,
}
_ALL_AT_ONCE = re.compile(
    r"\b(?:all|everything|all of them|the whole (?:fleet|lot)|them all)\b[^.;\n]{0,20}"
    r"\b(?:at once|in one go|together|simultaneously)"
    r"|as (?:fast|quickly|quick) as (?:possible|you can)|\bbig[\s-]bang\b|so schnell wie möglich|le plus vite possible"
    r"|lo más rápido posible"
)
_CANARY = re.compile(
    r"canary (?:size )?(?:of |with |on |= ?)?(\d{1,3})\b(?!\s*%)|(\d{1,3})\s+canar(?:y|ies)\b"
    r"|(?:start|begin) with (\d{1,3})\s+(?:servers?|hosts?|machines?|nodes?|assets?|of them)"
)
_WAIT = re.compile(
    r"(?:wait|pause|soak|bake|warte\w*|attend\w*|espera\w*)[^.;\n\d]{0,30}(\d{1,5})\s*(s|secs?|seconds?|sekunden|secondes|"
    r"segundos|m|mins?|minutes?|minuten|minutos|h|hrs?|hours?|stunden?|heures?|horas?)\b"
)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def constraints_in(text: str) -> Json:
    """What a person asks of the rollout, as TaskDraft's constraints. `text` in lower case."""
    asked: Json = {}
    if percent := _batch_percent(text):
        asked["max_batch_percent"] = percent
    if match := _CANARY.search(text):
        size = int(next(group for group in match.groups() if group))
        asked.update({"canary_size": size} if size else {})
    if match := _WAIT.search(text):
        unit = {"sek": "s", "stu": "h", "heu": "h", "hor": "h"}.get(match.group(2)[:3], match.group(2)[0])
        asked["wait_seconds"] = min(int(match.group(1)) * _SECONDS[unit], 7 * 86400)
    return asked


def _batch_percent(text: str) -> float | None:
    if match := _PERCENT_PACE.search(text):
        percent = float(match.group(1) or match.group(2))
        return percent if 0 < percent <= 100 else None
    if _ALL_AT_ONCE.search(text):
        return 100.0
    for words, percent in _FRACTIONS.items():
        if re.search(rf"\b(?:{words})\b[^.;\n]{{0,40}}?{_PACE}|\b(?:in|by) (?:{words})\b", text):
            return percent
    return None


def within_refusals(proposal: Json, refusals: list[str], *, assets: int) -> Json:
    """The proposal, moved to the limits that the refusals state. `assets`: how many the proposal changes.

    A refusal names what it found and what is allowed. For a batch or a canary the smaller number is the limit, for a
    wait the larger.
    """
    repaired = dict(proposal)
    for refusal in (text.lower() for text in refusals):
        percents = [float(number) for number in re.findall(r"(\d+(?:\.\d+)?)\s*(?:%|percent)", refusal)]
        match _topic(refusal):
            case "wait":
                waits = [int(number) for number in re.findall(r"(\d+)\s*(?:s\b|seconds?)", refusal)]
                repaired["wait_seconds"] = max([repaired["wait_seconds"], *waits])
            case "canary":
                limits = [max(1, int(percent * assets // 100)) for percent in percents]
                limits += [int(number) for number in re.findall(r"(\d+)\s+(?:assets?|servers?|hosts?)", refusal)]
                repaired["canary_size"] = min([repaired["canary_size"], *(limit for limit in limits if limit)])
            case "batch":
                percent = min([repaired["max_batch_percent"], *(number for number in percents if number)])
                repaired["max_batch_percent"] = percent
                # A canary is a batch too.
                repaired["canary_size"] = min(repaired["canary_size"], max(1, int(percent * assets // 100)))
            case _:
                continue
    return repaired


def _topic(refusal: str) -> str | None:
    """What a refusal is about: by its rule's name (before the colon), else by its first telling word."""
    rule, _, reason = refusal.partition(":")
    for text in (rule, reason):
        found = [(hit.start(), topic) for topic, word in _TOPICS.items() if (hit := re.search(word, text))]
        if found:
            return next((topic for _, topic in found if topic == "wait" and text is rule), min(found)[1])
    return None


_TOPICS = {"wait": r"wait|pause", "batch": r"batch|wave", "canary": r"canary"}

"""How an attack comes in: into the request or the alert, into the estate, the advisories, or a file. By the product's
own doors, with its own redaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import JsonValue, TypeAdapter

from agents.attachments import AttachedText, Attachments
from agents.intake import Request
from bot.alerts.door import without_secrets
from bot.alerts.parse import notice_of
from bot.attachments.receiving import file_name
from bot.attachments.recognising import FileRefused, recognise
from bot.evals.mutations import Mutation
from bot.evals.room import NOW, ORG
from bot.redaction import redact
from tools.contracts.common import JsonObject
from tools.whole_text import whole_text

MOST_TEXT_BYTES = 256 * 1024
USER = "U0ADA00001"
_EVENT = TypeAdapter(dict[str, JsonValue])
_MUTATIONS: TypeAdapter[list[Mutation]] = TypeAdapter(list[Mutation])

PLACES: dict[str, tuple[str, JsonObject, str, int]] = {
    "alert title": ("alerts", {"status": "open"}, "title", 200),
    "alert description": ("alerts", {"status": "open"}, "description", 500),
    "alert source": ("alerts", {"status": "open"}, "source", 64),
    "change summary": ("change_events", {}, "summary", 300),
    "change actor": ("change_events", {}, "actor", 64),
    "change reference": ("change_events", {"kind": "deploy"}, "reference", 64),
    "listener service": ("listeners", {}, "service", 32),
}
"""Of `tool_output`: table, rows, column, and its width."""


@dataclass(frozen=True)
class Entry:
    """What is then there."""

    request: Request
    mutations: list[Mutation] = field(default_factory=list[Mutation])
    advisory_text: str = ""
    attachments: Attachments = field(default_factory=Attachments)
    refused: str = ""
    """Why a file was not read."""


def entry_of(*, case: str, channel: str, place: str, ask: str, payload: str) -> Entry:
    """`ask`: the honest request. `payload`: what is planted."""
    match channel:
        case "request":
            said = payload if not ask else f"{payload}\n{ask}" if place == "before" else f"{ask}\n{payload}"
            quoted = payload if place == "quoted" else ""
            return Entry(_asked(case, ask if quoted else said, quoted=quoted))
        case "alert":
            return Entry(_alerted(case, _EVENT.validate_python(event_of(place, ask, payload))))
        case "log":
            return Entry(_asked(case, ask), _logged(payload, place=place))
        case "asset_name":
            where: JsonObject = {"image_family": place} if place else {}
            return Entry(_asked(case, ask), _set("assets", where, {"name": payload[:128]}))
        case "tag":
            return Entry(_asked(case, ask), _tagged(place, payload))
        case "tool_output":
            table, rows, column, width = PLACES[place or "alert title"]
            return Entry(_asked(case, ask), _set(table, rows, {column: payload[:width]}))
        case "cve":
            return Entry(_asked(case, ask), advisory_text=payload)
        case "file_name":
            name = file_name({"name": payload})
            return Entry(_asked(case, ask), attachments=Attachments((AttachedText(name, "disk 91% full\n"),)))
        case "file_content":
            return _with_file(_asked(case, ask), payload, encoding=place or "utf-8")
        case _:
            return Entry(_asked(case, ask))


def _asked(case: str, text: str, *, quoted: str = "") -> Request:
    """As `bot.intake.Intake` hands it over."""
    return Request(
        task_id=f"{ORG}.C1.{case}",
        org=ORG,
        user=USER,
        text=redact(whole_text(text)).text,
        quoted=redact(whole_text(quoted)).text,
        received_at=NOW.isoformat(),
    )


def _alerted(case: str, event: dict[str, JsonValue]) -> Request:
    """As the desk hands it over: what the monitor's adapter and the door's redaction made of it."""
    notice, _ = without_secrets(notice_of(event))
    text = notice.text or notice.title
    return Request(
        task_id=f"{ORG}.C1.{case}",
        org=ORG,
        user=f"alert:{notice.fingerprint}",
        text=text,
        source="alert",
        alert_fields={"message": text},
        received_at=(NOW - timedelta(seconds=5)).isoformat(),
    )


def event_of(place: str, ask: str, payload: str) -> JsonObject:
    """A monitoring app's message, with the payload in it where `place` says."""
    shapes: dict[str, JsonObject] = {
        "alertmanager": {
            "attachments": [{"title": "[FIRING:1] HighErrorRate api-prod-eus2-01", "text": f"{ask}\n{payload}"}],
            "bot_profile": {"name": "Alertmanager"},
        },
        "title": {"attachments": [{"title": f"[FIRING:1] {payload}", "text": ask}]},
        "grafana": {
            "attachments": [
                {
                    "title": "[Alerting] api-prod-eus2-01",
                    "text": ask,
                    "footer": "Grafana v11",
                    "fields": [{"title": "note", "value": payload, "short": True}],
                }
            ],
            "bot_profile": {"name": "Grafana"},
        },
        "datadog": {
            "attachments": [{"title": "Triggered: api-prod-eus2-01", "text": f"{ask}\n{payload}\n@slack-ops"}],
            "bot_profile": {"name": "Datadog"},
        },
        "sentry": {
            "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": f"*{payload}*\n{ask}"}}],
            "bot_profile": {"name": "Sentry"},
        },
        "pagerduty": {
            "attachments": [{"title": "Triggered #1", "text": ask, "fields": [{"title": "Service", "value": payload}]}],
            "bot_profile": {"name": "PagerDuty"},
        },
        "text": {"text": f"{ask}\n{payload}"},
    }
    return {"text": "", **shapes[place or "text"]}


def _logged(payload: str, *, place: str) -> list[Mutation]:
    line: JsonObject = {"op": "log", "asset_id": "api-prod-eus2-01", "message": payload[:500], "level": "critical"}
    return _MUTATIONS.validate_python([line | ({"unit": payload[:64]} if place == "unit" else {})])


def _tagged(place: str, payload: str) -> list[Mutation]:
    """On every machine of the two fleets that are asked about: the role stays, or none would be in scope."""
    found: list[JsonObject] = []
    for environment, family, role in (("production", "web-base", "web"), ("staging", "cache-base", "cache")):
        tag = {payload[:64]: "yes"} if place == "key" else {"note": payload[:128]}
        where = {"environment": environment, "image_family": family}
        found.append({"op": "set", "table": "assets", "where": where, "values": {"tags": {"role": role, **tag}}})
    return _MUTATIONS.validate_python(found)


def _set(table: str, where: JsonObject, values: JsonObject) -> list[Mutation]:
    return _MUTATIONS.validate_python([{"op": "set", "table": table, "where": where, "values": values}])


def _with_file(request: Request, payload: str, *, encoding: str) -> Entry:
    try:
        found = recognise(payload.encode(encoding, "replace"), most_text_bytes=MOST_TEXT_BYTES)
    except FileRefused as refused:
        return Entry(request, refused=str(refused))
    return Entry(request, attachments=Attachments((AttachedText("notes.txt", found.kept.decode()),)))

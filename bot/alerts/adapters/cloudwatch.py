"""CloudWatch alarms: as AWS Chatbot (now Amazon Q Developer) posts them, as SNS's JSON, and as a Lambda's fields."""

from __future__ import annotations

import json
import re

from pydantic import JsonValue, TypeAdapter, ValidationError

from bot.alerts.posted import Posted
from bot.alerts.words import MOST_READ, notice
from tools.contracts.alert_notice import AlertNotice

_CHATBOT = re.compile(
    r"CloudWatch Alarm\s*\|\s*(?P<name>[^|\n]{1,255}?)\s*\|\s*(?P<region>[^|\n]{1,40}?)\s*"
    r"(?:\|\s*Account:\s*(?P<account>\d{12}))?\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_JSON = TypeAdapter(dict[str, JsonValue])


def read(posted: Posted) -> AlertNotice | None:
    """None: no alarm of CloudWatch."""
    return _of_json(posted) or _of_chatbot(posted) or _of_fields(posted)


def _of_chatbot(posted: Posted) -> AlertNotice | None:
    match = _CHATBOT.search(posted.plain)
    if match is None:
        return None
    return _alarm(
        posted,
        name=match["name"],
        state=_field(posted, "alarm state", "newstate", "new state", "state") or "ALARM",
        region=match["region"],
        account=match["account"] or "",
    )


def _of_json(posted: Posted) -> AlertNotice | None:
    start = posted.plain.find("{")
    if start < 0 or "AlarmName" not in posted.plain:
        return None
    body = _object(posted.plain[start:])
    if isinstance(body.get("Message"), str):
        body = _object(str(body["Message"]))
    name, state = body.get("AlarmName"), body.get("NewStateValue")
    if not isinstance(name, str) or not isinstance(state, str):
        return None
    region, account = body.get("Region"), body.get("AWSAccountId")
    return _alarm(
        posted,
        name=name,
        state=state,
        region=region if isinstance(region, str) else "",
        account=account if isinstance(account, str) else "",
    )


def _of_fields(posted: Posted) -> AlertNotice | None:
    name, state = _field(posted, "alarm name"), _field(posted, "current state", "new state")
    if not name or not state:
        return None
    return _alarm(posted, name=name, state=state, region=_field(posted, "region"), account="")


def _alarm(posted: Posted, *, name: str, state: str, region: str, account: str) -> AlertNotice:
    name = name.strip("`' ")
    fine = state.upper().strip("`' ") == "OK"
    return notice(
        "cloudwatch",
        named=[account, region.lower(), name],
        status="resolved" if fine else "firing",
        # CloudWatch has no severities. What it cannot measure is less certain than what it measured.
        severity="warning" if state.upper().startswith("INSUFFICIENT") else "critical",
        title=name,
        text=posted.text,
        labels={"alertname": name, "region": region, "account": account},
    )


def _field(posted: Posted, *names: str) -> str:
    return next((posted.fields[name] for name in names if name in posted.fields), "")


def _object(text: str) -> dict[str, JsonValue]:
    """The JSON object the text begins with; empty: there is none."""
    try:
        value, _ = json.JSONDecoder().raw_decode(text[:MOST_READ])
        return _JSON.validate_python(value)
    except (ValueError, ValidationError, RecursionError):
        return {}

"""Faults in what is said rather than how: broken JSON, machines that do not exist, wrong facts stated surely, and
words that are the request's own."""

from __future__ import annotations

import json

from bot.local.rehearsal.conversation import Conversation, Json, as_list, as_object, parse_object
from bot.local.rehearsal.faults import FaultKind
from bot.local.rehearsal.obedient import saying
from bot.local.rehearsal.wire import Reply

INVENTED = ["asset-that-never-was-01", "asset-that-never-was-02"]


def tell(conversation: Conversation, reply: Reply, faults: frozenset[FaultKind]) -> Reply:
    """The reply, spoiled as the faults say. `invalid_json` spoils structured answers and tool arguments alike."""
    content = parse_object(reply.text) if conversation.schema_name else {}
    if "invented_assets" in faults:
        content = _with_invented_assets(content)
        reply = Reply(text=reply.text, calls=[(name, _with_invented_ids(params)) for name, params in reply.calls])
    if "confident_nonsense" in faults:
        content = _with_wrong_values(content)
    if "parrot" in faults:
        content = saying(content, _heard(conversation)[:200])
    if content:
        reply = Reply(text=json.dumps(content), calls=reply.calls)
    if "invalid_json" in faults and conversation.schema_name:
        reply = Reply(text=reply.text[: len(reply.text) // 2] + " …and so on")
    return reply


def _heard(conversation: Conversation) -> str:
    """What the person, the alert, or in later steps the task says."""
    task = str(conversation.json_block("task").get("request", ""))
    return " ".join(conversation.texts("request", "alert", "alert_field")) or task


def _with_invented_ids(params: Json) -> Json:
    return {**params, "asset_ids": [*as_list(params["asset_ids"]), *INVENTED]} if "asset_ids" in params else params


def _with_invented_assets(report: Json) -> Json:
    if "recommendations" in report:
        advice = [_with_invented_ids(as_object(row)) for row in as_list(report["recommendations"])]
        report = {**report, "recommendations": advice}
    elif not isinstance(report.get("proposal"), dict):
        return report
    claims = [as_object(statement) for statement in as_list(report.get("claims"))][:11]
    first: Json = {"text": f"{INVENTED[0]} has drifted.", "subject": INVENTED[0], "attribute": "releases_behind"}
    claims.append({**first, "value": "9", "negated": False, "confidence": 0.99, "receipts": []})
    proposed = {"proposal": _with_invented_ids(as_object(report["proposal"]))} if "proposal" in report else {}
    return {**report, **proposed, "claims": claims}


def _with_wrong_values(content: Json) -> Json:
    """Every value off, every confidence 1, and everything voted the other way round."""
    spoiled = dict(content)
    if "claims" in content:
        claims = [as_object(statement) for statement in as_list(content["claims"])]
        spoiled["claims"] = [{**c, "value": f"9{c.get('value', '')}"[:128], "confidence": 1.0} for c in claims]
        spoiled["diagnosis"] = "Everything is certainly fine and all of this is the monitoring's fault."
    if "ballots" in content:
        ballots = [as_object(ballot) for ballot in as_list(content["ballots"])]
        turned = {"support": "contradict", "contradict": "support", "silent": "support"}
        spoiled["ballots"] = [
            {**b, "stance": turned.get(str(b.get("stance")), "support"), "reason": "I am sure."} for b in ballots
        ]
    if "confidence" in content and content.get("kind") == "task":
        spoiled |= {"confidence": 1.0, "environment": "development"}
    return spoiled

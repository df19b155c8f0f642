"""A model that obeys whatever it reads: the worst that injected text can hope for, so that what stops it is the rest.

No rule can read an order in any language, hidden in any alphabet. Whoever plants one says what it means; the model
carries it out from the moment the planted text is before it, understanding everything it sees.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.local.rehearsal.conversation import Conversation, Json, as_list, as_object, parse_object
from bot.local.rehearsal.wire import Reply

WINDOW = 14
"""Letters and digits of a planted text by which it is known again, however it was cut."""

_SAID = 200

_TAGS = {0xE0000 + code: code for code in range(0x20, 0x7F)}
"""Unicode's tag characters: nobody sees them, and a model reads them as what they stand for."""


class OrderedCall(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tool: str
    params: Json = {}


class Order(BaseModel):
    """What a planted text asks for."""

    model_config = ConfigDict(extra="forbid")

    heard: str = ""
    """The planted text as it was sent. Empty: nothing need be heard, the model is bad by itself."""
    say: str = ""
    """In place of every free text."""
    environment: str | None = None
    asset_ids: list[str] = []
    """To be changed as well, or instead of nothing."""
    max_batch_percent: float | None = Field(default=None, gt=0, le=100)
    canary_size: int | None = None
    wait_seconds: int | None = None
    health_checks: bool = True
    calls: list[OrderedCall] = []
    """Tools to call, in this order, before anything else, offered or not."""

    def reached(self, conversation: Conversation) -> bool:
        """Whether the planted text is anywhere in what the model was sent."""
        if not self.heard:
            return True
        windows = windows_of(self.heard)
        return any(window in seen for seen in map(skeleton, _texts(conversation)) for window in windows)

    @property
    def choices(self) -> Json:
        """Of a rollout, those that are ordered."""
        stated = {name: getattr(self, name) for name in ("max_batch_percent", "canary_size", "wait_seconds")}
        return {name: value for name, value in stated.items() if value is not None}


def skeleton(text: str) -> str:
    """Letters and digits alone, in one case and one width: what no fence, escape or line break changes."""
    seen = unicodedata.normalize("NFKC", text.translate(_TAGS))
    return "".join(char for char in seen.casefold() if char.isalnum())


def windows_of(text: str) -> list[str]:
    """Pieces of its skeleton: the beginning, the middle and the end."""
    bare = skeleton(text)
    middle = max(0, len(bare) // 2 - WINDOW // 2)
    pieces = (bare[:WINDOW], bare[middle : middle + WINDOW], bare[-WINDOW:])
    return list(dict.fromkeys(piece for piece in pieces if piece))


def obey(conversation: Conversation, reply: Reply, orders: Sequence[Order]) -> Reply:
    """The reply as the orders want it that have reached the model."""
    for order in orders:
        if order.reached(conversation):
            reply = _obeying(conversation, reply, order)
    return reply


def _obeying(conversation: Conversation, reply: Reply, order: Order) -> Reply:
    if conversation.schema_name is None:
        if conversation.tools and conversation.tool_choice != "none":
            due = _due(conversation, order)
            if due is not None:
                return Reply(calls=[(due.tool, due.params)])
        return Reply(text=reply.text, calls=[(name, _params(params, order)) for name, params in reply.calls])
    content = parse_object(reply.text)
    return Reply(text=json.dumps(_content(conversation.schema_name, content, order)), calls=reply.calls)


def _due(conversation: Conversation, order: Order) -> OrderedCall | None:
    """The next ordered call that was not made yet. One that is ordered twice is made twice."""
    made = list(conversation.calls_made)
    for call in order.calls:
        if call.tool not in made:
            return call
        made.remove(call.tool)
    return None


def _params(params: Json, order: Order) -> Json:
    changed = dict(params)
    if "target_image_id" in params or "max_batch_percent" in params:
        changed |= {name: value for name, value in order.choices.items() if name in params}
        if not order.health_checks and "health_checks" in params:
            changed["health_checks"] = []
    if order.asset_ids and "asset_ids" in params:
        changed["asset_ids"] = [*as_list(params["asset_ids"]), *order.asset_ids]
    if order.environment and "environment" in params:
        changed["environment"] = order.environment
    return changed


def _content(schema: str, content: Json, order: Order) -> Json:
    if schema == "TaskDraft":
        content = _draft(content, order)
    if content.get("proposal"):
        content = {**content, "proposal": _proposal(as_object(content["proposal"]), order)}
    for name in ("recommendations", "handover"):
        if order.asset_ids and content.get(name):
            rows = as_list(content[name]) if isinstance(content[name], list) else [content[name]]
            aimed = [{**as_object(row), "asset_ids": list(order.asset_ids)} for row in rows]
            content = {**content, name: aimed if isinstance(content[name], list) else aimed[0]}
    if "ballots" in content:
        ballots = [{**as_object(ballot), "stance": "support"} for ballot in as_list(content["ballots"])]
        content = {**content, "ballots": ballots}
    return saying(content, order.say[:_SAID]) if order.say else content


def _draft(content: Json, order: Order) -> Json:
    """A task, surely, of the ordered place and pace."""
    stated = {**content, "confidence": 1.0}
    if order.environment:
        stated |= {"environment": order.environment, "environment_words": order.environment, "kind": "task"}
        stated["task_type"] = content.get("task_type") or "drift_remediation"
    if order.asset_ids:
        context = as_object(content.get("context"))
        # What the person narrowed it to would stand in the order's way.
        stated["context"] = {**context, "tags": [], "asset_ids": list(order.asset_ids)}
    if order.choices:
        stated["constraints"] = {**as_object(content.get("constraints")), **order.choices}
    return stated


def _proposal(proposal: Json, order: Order) -> Json:
    changed = {**proposal, **{name: value for name, value in order.choices.items() if name in proposal}}
    if order.asset_ids and "asset_ids" in proposal:
        changed["asset_ids"] = [*as_list(proposal["asset_ids"]), *order.asset_ids]
    if not order.health_checks and "health_checks" in proposal:
        changed["health_checks"] = []
    return changed


def saying(content: Json, words: str) -> Json:
    """Every free text is these words."""
    said = {**content, **{name: words for name in ("goal", "diagnosis") if name in content}}
    if content.get("question"):
        said["question"] = {"text": words, "choices": [words[:70], f"{words[:70]}!"]}
    if content.get("proposal"):
        said["proposal"] = {**as_object(content["proposal"]), "summary": words}
    if "missing" in content:
        said["missing"] = [words]
    if "recommendations" in content:
        said["recommendations"] = [
            {**row, "statement": {**as_object(row.get("statement")), "text": words or "…"}}
            for row in map(as_object, as_list(content["recommendations"]))
        ]
    if content.get("handover"):
        said["handover"] = {**as_object(content["handover"]), "goal": words or "…"}
    for name, field in (("claims", "text"), ("ballots", "reason")):
        if name in content:
            said[name] = [{**as_object(row), field: words} for row in as_list(content[name])]
    return said


def _texts(conversation: Conversation) -> Iterator[str]:
    for block in conversation.blocks:
        yield block.text
        # A file's name is no more than an attribute.
        yield from block.attributes.values()
    for finding in conversation.findings:
        yield from _strings(finding.output)
        yield finding.error or ""


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for name, inner in as_object(value).items():
        yield name
        yield from _strings(inner)
    for inner in as_list(value):
        yield from _strings(inner)

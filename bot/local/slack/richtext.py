"""The rich_text block that Slack's composer makes of what a person types."""

from __future__ import annotations

import re

from tools.contracts.common import JsonObject

_TOKEN = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def plain(text: str) -> str:
    """Slack's three entities undone."""
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text


def rich_text_of(text: str) -> list[JsonObject]:
    """One rich_text block with the text, its mentions and its links; none for empty text."""
    elements: list[JsonObject] = []
    end = 0
    for match in _TOKEN.finditer(text):
        if match.start() > end:
            elements.append({"type": "text", "text": plain(text[end : match.start()])})
        elements.append(_element(match))
        end = match.end()
    if end < len(text):
        elements.append({"type": "text", "text": plain(text[end:])})
    if not elements:
        return []
    section = {"type": "rich_text_section", "elements": elements}
    return [{"type": "rich_text", "block_id": "typed", "elements": [section]}]


def _element(match: re.Match[str]) -> JsonObject:
    sigil, target, label = match.groups()
    if sigil == "@":
        return {"type": "user", "user_id": target}
    if sigil == "#":
        return {"type": "channel", "channel_id": target}
    if sigil == "!" and target.startswith("subteam^"):
        return {"type": "usergroup", "usergroup_id": target.removeprefix("subteam^")}
    if sigil == "!" and target in {"here", "channel", "everyone"}:
        return {"type": "broadcast", "range": target}
    if sigil == "" and re.match(r"(https?|mailto):", target):
        return {"type": "link", "url": plain(target), **({"text": plain(label)} if label else {})}
    return {"type": "text", "text": plain(match[0])}

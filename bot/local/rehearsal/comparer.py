"""EntailmentSheet by rule: two statements follow from one another where they are made of the same words."""

from __future__ import annotations

import re

from bot.local.rehearsal.conversation import Conversation, Json

_IDLE = {"a", "an", "the", "is", "are", "was", "were", "be", "been", "that", "this", "it", "its"}


def compare(conversation: Conversation) -> Json:
    """An EntailmentSheet with one entry for each pair."""
    texts = {side: _by_pair(conversation, side) for side in ("first", "second")}
    entries: list[Json] = []
    for pair, first in texts["first"].items():
        one, other = _words(first), _words(texts["second"].get(pair, ""))
        entries.append({"pair": pair, "first_entails_second": other <= one, "second_entails_first": one <= other})
    return {"pairs": entries}


def _by_pair(conversation: Conversation, side: str) -> dict[str, str]:
    return {block.attributes.get("pair", ""): block.text for block in conversation.blocks if block.source == side}


def _words(text: str) -> set[str]:
    return set(re.findall(r"[\w.-]*\w", text.lower())) - _IDLE

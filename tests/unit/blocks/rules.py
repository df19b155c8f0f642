"""Slack's limits, written down a second time: not by the code that keeps them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import cast

from bot.blocks.message import Message
from tools.contracts.common import JsonObject

_ALLOWED_ANGLE = re.compile(r"<!date\^\d+\^\{date_short_pretty\} \{time\}\|[0-9: -]+UTC>|<@[UW][A-Z0-9]+>")


def objects(value: object) -> Iterator[JsonObject]:
    """Every JSON object in `value`, itself included."""
    if isinstance(value, list):
        for item in cast("list[object]", value):
            yield from objects(item)
    elif isinstance(value, dict):
        found = cast("JsonObject", value)
        yield found
        for item in found.values():
            yield from objects(item)


def texts(value: object) -> Iterator[tuple[str, str]]:
    """Every text object in `value`: its type and its text."""
    for found in objects(value):
        if found.get("type") in {"mrkdwn", "plain_text"}:
            yield found["type"], found["text"]


def assert_harmless(text: str, *, mentions: tuple[str, ...] = ()) -> None:
    """Pings nobody but `mentions`, links nowhere, hides nothing."""
    for found in _ALLOWED_ANGLE.findall(text):
        assert found.startswith("<!date") or found[2:-1] in mentions, found
    rest = _ALLOWED_ANGLE.sub("", text)
    assert "<" not in rest, rest[:200]
    assert ">" not in rest, rest[:200]
    assert not re.search(r"@(here|channel|everyone)", rest), rest[:200]
    assert not re.search(r"&(?!amp;|lt;|gt;)", rest), rest[:200]
    assert "```" not in rest
    for at, char in enumerate(rest):
        if char != "\n" and not (char in "\u200c\u200d" and at):
            assert unicodedata.category(char) not in {"Cc", "Cf", "Cs"}, f"U+{ord(char):04X}"


def assert_fits(message: Message) -> None:
    """Slack would take it."""
    assert 0 < len(message.text) <= 4000
    assert len(message.blocks) <= 50
    total = 0
    for block in message.blocks:
        for kind, text in texts(block):
            total += len(text)
            assert 0 < len(text) <= 3000, (kind, len(text))
        if block["type"] == "header":
            assert len(block["text"]["text"]) <= 150
        for element in block.get("elements", []):
            if element["type"] == "button":
                assert 0 < len(element["text"]["text"]) <= 75
                assert len(element["value"]) <= 2000
    assert total <= 13_200

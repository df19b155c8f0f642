"""What Slack accepts and refuses in blocks, and where its messages point."""

from __future__ import annotations

from typing import Any

import pytest

from bot.local.slack.blocks.validate import problems_in_blocks
from tests.unit.local_slack.harness import OPS, Slack, actions, button, plain, section
from tools.contracts.common import JsonObject

RICH = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}]}
TASK = {"task_id": "1", "title": "Look", "status": "complete", "details": RICH}
OPTION = {"text": plain("one"), "value": "1"}
IMAGE = {"type": "image", "alt_text": "a", "image_url": "https://example.com/a.png"}
CARD = {"type": "card", "title": plain("t"), "actions": [button("go")]}


def rows(count: int, width: int = 2, text: str = "x") -> list[list[JsonObject]]:
    return [[{"type": "raw_text", "text": text}] * width for _ in range(count)]


ACCEPTED: list[JsonObject] = [
    section("x" * 3000),
    section("x", accessory=button("a", url="https://example.com", style="danger", value="v" * 2000)),
    {"type": "section", "fields": [{"type": "mrkdwn", "text": "f"}] * 10},
    section("x", accessory=IMAGE),
    section("x", accessory={"type": "overflow", "options": [OPTION]}),
    {"type": "header", "text": plain("h" * 150)},
    {"type": "divider", "block_id": "b" * 255},
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "c"}] * 9 + [IMAGE]},
    actions(*[button(f"a{number}") for number in range(25)]),
    actions({"type": "static_select", "options": [OPTION] * 100, "placeholder": plain("p")}, {"type": "datepicker"}),
    actions({"type": "radio_buttons", "options": [OPTION]}, {"type": "users_select"}),
    IMAGE,
    {"type": "input", "label": plain("l"), "element": {"type": "plain_text_input", "multiline": True}},
    RICH,
    {"type": "markdown", "text": "m" * 12_000},
    {"type": "table", "rows": rows(100), "column_settings": [{"align": "right"}, None]},
    {"type": "task_card", **TASK},
    {"type": "plan", "title": "p", "tasks": [TASK]},
    {"type": "alert", "text": plain("a"), "level": "warning"},
    CARD,
    {"type": "carousel", "elements": [CARD]},
    {"type": "container", "title": plain("t"), "child_blocks": [section("x")]},
    {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "positive_button": {"text": plain("+"), "value": "up"},
                "negative_button": {"text": plain("-"), "value": "down"},
            }
        ],
    },
]

REFUSED: list[tuple[JsonObject, str]] = [
    ({"type": "sektion"}, "/blocks/0/type"),
    ({"text": plain("x")}, "/blocks/0"),
    (section(""), "/blocks/0/text/text"),
    (section("x" * 3001), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    ({"type": "section"}, "/blocks/0"),
    ({"type": "section", "text": "bare"}, "/blocks/0/text"),
    (section("x", color="red"), "no more properties allowed: color"),
    ({"type": "section", "fields": [plain("f")] * 11}, "no more than 10 items allowed [json-pointer:/blocks/0/fields]"),
    ({"type": "header", "text": plain("h" * 151)}, "/blocks/0/text/text"),
    ({"type": "header", "text": {"type": "mrkdwn", "text": "h"}}, "/blocks/0/text/type"),
    ({"type": "divider", "block_id": "b" * 256}, "/blocks/0/block_id"),
    ({"type": "context", "elements": [plain("c")] * 11}, "/blocks/0/elements"),
    ({"type": "context", "elements": []}, "/blocks/0/elements"),
    ({"type": "context", "elements": [button("a")]}, "/blocks/0/elements/0/type"),
    (actions(*[button(f"a{number}") for number in range(26)]), "no more than 25 items allowed"),
    (actions(button("a"), button("a")), "action_id already exists: a"),
    (actions(button("a" * 256)), "/blocks/0/elements/0/action_id"),
    (actions({"type": "button", "text": plain("b" * 76)}), "/blocks/0/elements/0/text/text"),
    (actions(button("a", value="v" * 2001)), "/blocks/0/elements/0/value"),
    (actions(button("a", style="blue")), "/blocks/0/elements/0/style"),
    (actions(button("a", url="javascript:alert(1)")), "/blocks/0/elements/0/url"),
    (actions({"type": "plain_text_input"}), "/blocks/0/elements/0/type"),
    (actions({"type": "static_select"}), "one of options, option_groups"),
    (actions({"type": "static_select", "options": [OPTION] * 101}), "/blocks/0/elements/0/options"),
    (actions(button("a", confirm={"title": plain("t")})), "/blocks/0/elements/0/confirm"),
    ({"type": "markdown", "text": "m" * 12_001}, "/blocks/0/text"),
    ({"type": "table", "rows": rows(101)}, "/blocks/0/rows"),
    ({"type": "table", "rows": rows(1, 21)}, "/blocks/0/rows/0"),
    ({"type": "table", "rows": [*rows(1), *rows(1, 3)]}, "same number of cells"),
    ({"type": "table", "rows": rows(11, 1, "x" * 1000)}, "tables must be less than 10001 characters"),
    ({"type": "task_card", **TASK, "status": "cancelled"}, "/blocks/0/status"),
    ({"type": "plan", "tasks": [TASK]}, "missing required field: title"),
    ({"type": "alert", "text": plain("a"), "level": "loud"}, "/blocks/0/level"),
    ({"type": "card"}, "one of hero_image, title, actions, body"),
    ({"type": "image", "alt_text": "a"}, "one of image_url, slack_file"),
    ({"type": "rich_text", "elements": [{"type": "text", "text": "x"}]}, "/blocks/0/elements/0/type"),
]


@pytest.mark.parametrize("block", ACCEPTED, ids=lambda block: str(block["type"]))
def test_slack_would_accept(block: JsonObject) -> None:
    assert problems_in_blocks([block]) == []


@pytest.mark.parametrize(("block", "says"), REFUSED, ids=lambda value: str(value)[:40])
def test_slack_would_refuse_and_point_at_the_place(block: JsonObject, says: str) -> None:
    problems = problems_in_blocks([block])
    assert any(says in problem for problem in problems), problems
    assert all(problem.startswith("[ERROR] ") for problem in problems)


def test_ids_are_unique_in_the_whole_message() -> None:
    twice = [{"type": "divider", "block_id": "same"}, {"type": "divider", "block_id": "same"}]
    assert "block_id already exists: same" in problems_in_blocks(twice)[0]


@pytest.mark.parametrize(
    "junk", [None, 1, "x", {}, [1], [None], [[]], [{"type": 5}], [{"type": "section", "text": []}]]
)
def test_junk_is_refused_and_never_crashes(junk: Any) -> None:
    assert problems_in_blocks(junk)


async def test_invalid_blocks_come_with_messages(slack: Slack) -> None:
    answer = await slack.call("chat.postMessage", channel=OPS, text="x", blocks=[section("x" * 3001)])
    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    ]


async def test_fifty_blocks_are_the_limit(slack: Slack) -> None:
    assert await slack.error("chat.postMessage", channel=OPS, blocks=[section("x")] * 50) == "ok"
    answer = await slack.call("chat.postMessage", channel=OPS, blocks=[section("x")] * 51)
    assert "no more than 50 items allowed [json-pointer:/blocks]" in answer["response_metadata"]["messages"][0]


async def test_too_much_text_in_all_blocks_together_is_too_long(slack: Slack) -> None:
    assert await slack.error("chat.postMessage", channel=OPS, blocks=[section("x" * 2600)] * 5) == "ok"
    assert await slack.error("chat.postMessage", channel=OPS, blocks=[section("x" * 2700)] * 5) == "msg_too_long"


async def test_blocks_in_attachments_are_checked_too(slack: Slack) -> None:
    bad = [{"color": "danger", "blocks": [{"type": "nope"}]}]
    answer = await slack.call("chat.postMessage", channel=OPS, attachments=bad)
    assert answer["error"] == "invalid_attachments"
    assert "/attachments/0/blocks/0/type" in answer["response_metadata"]["messages"][0]


async def test_missing_ids_are_filled_in(slack: Slack) -> None:
    blocks = [actions({"type": "button", "text": plain("go")}), {"type": "divider"}]
    answer = await slack.call("chat.postMessage", channel=OPS, blocks=blocks)
    stored = answer["message"]["blocks"]
    assert stored[0]["block_id"]
    assert stored[1]["block_id"]
    assert stored[0]["elements"][0]["action_id"]

"""Any plan, alert, dissent or error, of any size, in any script, is what Slack takes: cards, forms and boards."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from types import CodeType, FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bot.blocks
from bot.blocks.files import FileRow, files_card, files_row
from bot.blocks.home import home_view
from bot.blocks.message import Message
from bot.narrator.board import Board
from bot.narrator.render import ChunkWriter, Headline, as_message
from tests.unit.blocks import samples
from tests.unit.blocks.cards import every_card
from tests.unit.blocks.desk_cards import desk_cards, forms, home
from tests.unit.blocks.rules import assert_harmless, objects, texts
from tests.unit.blocks.slack_types import (
    IN_MESSAGES,
    assert_chunks_taken,
    assert_home_taken,
    assert_message_taken,
    assert_modal_taken,
    by_type,
)
from tools.contracts.common import JsonObject
from tools.contracts.progress import (
    MemberProgress,
    NoteProgress,
    TallyProgress,
    ToolProgress,
    VerdictProgress,
    VoteProgress,
)

PEOPLE = ("U0ADA00001", "U0GRACE001", "U0LINUS001")
SCRIPTS = st.text(
    st.characters(exclude_categories=()) | st.sampled_from("<>&@`*_~|[]()#=\\\"'{}\n\r\t\u202e\u200b\ufeff👩\u200d"),
    max_size=600,
)
"""Every character there is, unpaired surrogates too, with those that mean something to Slack more often."""


def board_of(text: str, *, size: int) -> Board:
    board = Board(notes=(text,))
    for number in range(size):
        board.apply(ToolProgress(f"{text}{number}", f"{text}{number}", "done", text * 9))
        board.apply(MemberProgress(f"{text}{number}"[:60], "failed", "vote", text))
        board.apply(VoteProgress(f"c{number}", text, f"{text}{number}"[:60], "contradict"))
        board.apply(NoteProgress(f"{number}{text}"))
    outcome = samples.outcome(claims=max(4, size), members=6, text=samples.fit(text, 300))
    board.apply(TallyProgress(outcome.tallies))
    board.apply(VerdictProgress(outcome))
    return board


def boards(text: str, *, size: int) -> Iterator[Message]:
    board = board_of(text, size=size)
    headline = Headline.of(text or "x", task_id=samples.TASK, key="progress")
    for title in (headline.running(1), headline.over(board, failed=False), headline.continued(2)):
        yield as_message(title, board.rows(), below=files_row(samples.TASK))
        assert_chunks_taken(ChunkWriter().changes(title, board.rows()))


def files(text: str) -> Iterator[Message]:
    for rows in ([FileRow(text, 9, "text", text)] * 8, [FileRow(text, 9, "", text), FileRow(text, 1 << 22, "image")]):
        for blind in (True, False):
            yield files_card(rows, beyond=12, blind=blind)


def assert_all_taken(text: str, *, size: int) -> None:
    for name, card in [*every_card(text), *desk_cards(text)]:
        assert_message_taken(card, plain=name.endswith("in plain text"))
    for message in [*boards(text, size=size), *files(text)]:
        assert_message_taken(message)
        if text not in PEOPLE:
            assert_harmless(message.text, mentions=PEOPLE)
            for kind, shown in texts(message.blocks):
                if kind == "mrkdwn":
                    assert_harmless(shown, mentions=PEOPLE)


ELSEWHERE = {
    "plan_card.notice_card": "tests/unit/blocks/test_autonomy_cards.py",
    "report.report_card": "tests/unit/reports/test_report_cards.py",
}
"""Builders that need a whole task of their kind, and where they are held to the same rules."""


def test_no_builder_is_left_out() -> None:
    """Every function in `bot/blocks` that makes a message or a form is called by what is checked here."""
    builders: dict[CodeType, str] = {}
    for found in pkgutil.iter_modules(bot.blocks.__path__):
        module = importlib.import_module(f"bot.blocks.{found.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and function.__annotations__.get("return") in (
                "Message",
                "Modal",
            ):
                builders[function.__code__] = f"{found.name}.{name}"
    called: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.add(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        for each in (every_card("x"), desk_cards("x"), boards("x", size=2), files("x"), forms("x")):
            assert list(each)
    finally:
        sys.setprofile(before)
    assert len(builders) > 80
    assert {name for code, name in builders.items() if code not in called} == set(ELSEWHERE)


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_hostile_text_at_full_size(text: str) -> None:
    assert_all_taken(text, size=15)


@settings(max_examples=8, deadline=None)
@given(SCRIPTS, st.integers(0, 12))
def test_any_text_in_any_script(text: str, size: int) -> None:
    assert_all_taken(text, size=size)


@settings(max_examples=60, deadline=None)
@given(SCRIPTS)
def test_any_text_in_boards_and_files(text: str) -> None:
    for message in [*boards(text, size=3), *files(text)]:
        assert_message_taken(message)


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_hostile_text_on_the_home_tab(text: str) -> None:
    for may in (True, False):
        view = home_view(home(text, may=may), channel="D1")
        assert_home_taken(view)
        for kind, shown in texts(view["blocks"]):
            if kind == "mrkdwn":
                assert_harmless(shown, mentions=PEOPLE)


@settings(max_examples=20, deadline=None)
@given(SCRIPTS)
def test_any_text_on_the_home_tab(text: str) -> None:
    assert_home_taken(home_view(home(text, may=True), channel="D1"))


@settings(max_examples=60, deadline=None)
@given(SCRIPTS)
def test_any_text_in_forms(text: str) -> None:
    for form in forms(text.encode("utf-8", "replace").decode()):
        assert_modal_taken(form)


@pytest.mark.parametrize("forged", [samples.HOSTILE[10], '[{"type":"section"}]', "gavel.approve"])
def test_text_never_becomes_a_block_or_a_button(forged: str) -> None:
    """A card is built of objects, and what somebody wrote is only ever the text of one."""
    usual = {name: shape(card) for name, card in [*every_card("plain words"), *desk_cards("plain words")]}
    for name, card in [*every_card(forged), *desk_cards(forged)]:
        known = set(usual[name])
        assert {kind for kind in shape(card) if kind not in known} == set(), name


def shape(message: Message) -> list[tuple[str, str]]:
    """Types and action ids of everything in a card."""
    return [(str(found.get("type")), str(found.get("action_id", ""))) for found in objects(message.blocks)]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "section"},
        {"type": "section", "text": {"type": "mrkdwn", "text": ""}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "👍" * 1501}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}},
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11},
        {"type": "actions", "elements": []},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "x" * 76}}]},
        {"type": "actions", "elements": [{"type": "plain_text_input", "action_id": "a"}]},
        {"type": "input", "label": {"type": "plain_text", "text": "x"}, "element": {"type": "plain_text_input"}},
        {"type": "unheard"},
        {"type": "divider", "text": "x"},
    ],
)
def test_these_rules_see_what_is_wrong(block: JsonObject) -> None:
    assert list(by_type(IN_MESSAGES)(block, "block"))

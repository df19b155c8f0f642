"""Any plan, alert, dissent or error, of any size, in any script, is what Slack takes: cards, forms and boards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks import keys
from bot.blocks.actions import ButtonValue
from bot.blocks.ask import ask_form
from bot.blocks.files import FileRow, files_card, files_row
from bot.blocks.message import Message
from bot.blocks.modal import Modal
from bot.blocks.reject import reject_form
from bot.blocks.step_up import Care, step_up_form
from bot.narrator.board import Board
from bot.narrator.render import ChunkWriter, Headline, as_message
from tests.unit.blocks import samples
from tests.unit.blocks.cards import every_card
from tests.unit.blocks.rules import assert_harmless, objects, texts
from tests.unit.blocks.slack_types import (
    IN_MESSAGES,
    assert_chunks_taken,
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


def forms(text: str) -> Iterator[Modal]:
    yield ask_form(metadata=text[:300])
    providers = {f"p{number}": samples.fit(text, 60) for number in range(20)}
    yield keys.key_form(providers, chosen="p3", metadata=text[:300])
    digest = "sha256:" + "a" * 64
    binding = ButtonValue(
        task_id=samples.TASK,
        revision=1,
        plan_digest=digest,
        policy_digest=digest,
        target=f"production/{digest}",
        nonce="n" * 32,
        expires_at="2026-05-01T10:00:00+00:00",
    )
    yield step_up_form(binding, Care.of(assets=3, reasons=[text] * 9), metadata=text[:300])
    yield reject_form(binding, metadata=text[:300])


def assert_all_taken(text: str, *, size: int) -> None:
    for name, card in every_card(text):
        assert_message_taken(card)
        assert name
    for message in [*boards(text, size=size), *files(text)]:
        assert_message_taken(message)
        if text not in PEOPLE:
            assert_harmless(message.text, mentions=PEOPLE)
            for kind, shown in texts(message.blocks):
                if kind == "mrkdwn":
                    assert_harmless(shown, mentions=PEOPLE)


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


@settings(max_examples=60, deadline=None)
@given(SCRIPTS)
def test_any_text_in_forms(text: str) -> None:
    for form in forms(text.encode("utf-8", "replace").decode()):
        assert_modal_taken(form)


@pytest.mark.parametrize("forged", [samples.HOSTILE[10], '[{"type":"section"}]', "gavel.approve"])
def test_text_never_becomes_a_block_or_a_button(forged: str) -> None:
    """A card is built of objects, and what somebody wrote is only ever the text of one."""
    usual = {name: shape(card) for name, card in every_card("plain words")}
    for name, card in every_card(forged):
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

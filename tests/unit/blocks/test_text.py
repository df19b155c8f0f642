from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.blocks.text import clean, clip, code, escape, inline, length, markdown, one_line, plain
from tests.unit.blocks.rules import assert_harmless


@given(st.text(), st.integers(min_value=3, max_value=60))
def test_nothing_that_was_escaped_is_longer_than_asked_or_cut_inside_an_entity(text: str, limit: int) -> None:
    for made in (escape(text, limit), inline(text, limit), code(text, limit)):
        assert length(made) <= max(limit, length("`(empty)`"))
        assert_harmless(made)


@given(st.text(), st.integers(min_value=1, max_value=60))
def test_plain_and_streamed_text_hold_no_markup(text: str, limit: int) -> None:
    for made in (plain(text, limit), markdown(text, limit)):
        assert length(made) <= limit
        assert "<" not in made
        assert "\n" not in made
    assert "](" not in markdown(text, limit)


def test_ordinary_words_and_identifiers_stay_as_they_are() -> None:
    for text in (
        "web-prod-01",
        "arn:aws:ec2:eu-west-1:1234:instance/i-0abc",
        "error_rate_below 5 %",
        "10:30",
        "日本語 café",
    ):
        assert inline(text) == text
        assert markdown(text) == text
        assert plain(text, 100) == text


def test_mentions_links_and_broadcasts_become_words() -> None:
    assert inline("<!channel>") == "&lt;!channel&gt;"
    assert inline("<@U123>") == "&lt;@U123&gt;"
    assert inline("@here and @Everyone") == "＠here and ＠Everyone"
    assert inline("<https://evil|https://good>") == "&lt;https://evil|https://good&gt;"
    assert markdown("[good](http://evil) &lt;!channel&gt;") == "(good)(http://evil) ＆lt;!channel＆gt;"


def test_formatting_cannot_be_forged_or_broken_out_of() -> None:
    assert inline("*Approved* ~x~ `y` _z_") == "∗Approved∗ ∼x∼ ˋyˋ ˍzˍ"
    assert code("a`; rm -rf `b") == "`aˋ; rm -rf ˋb`"
    assert escape("> quoted\n>> more") == "› quoted\n› more"
    assert "```" not in escape("```\nfence\n```")


def test_invisible_and_reordering_characters_are_gone_but_scripts_that_join_are_whole() -> None:
    assert one_line("a\u202eb\u200bc\x00d\ufeff e") == "abcd e"
    assert one_line("می\u200cشود") == "می\u200cشود"
    assert one_line("👩\u200d👧") == "👩\u200d👧"
    assert one_line("a\u200db") == "ab"
    assert one_line("\ud800") == "\ufffd"
    assert one_line("first\u2028second\r\nthird\tfourth") == "first second third fourth"


def test_a_tower_of_marks_is_cut_down() -> None:
    assert length(one_line("e" + "\u0301" * 50)) <= 6


def test_clip_counts_as_slack_might_at_worst() -> None:
    assert clip("👍👍👍", 5) == "👍👍…"
    assert clip("abc", 3) == "abc"


@given(st.text(st.characters(max_codepoint=127)))
def test_plain_english_is_cleaned_as_any_other_text_is(text: str) -> None:
    """By a shorter way: a letter that is not of it makes the text take the long one."""
    assert clean(text) + "é" == clean(f"{text}é")

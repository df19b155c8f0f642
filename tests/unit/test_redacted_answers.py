"""What models write comes to nobody with a secret in it, and JSON of theirs stays JSON."""

from __future__ import annotations

import json

import pytest

from agents.orchestrator.chat import ChatMessage, ChatReply, ChatRequest, Member, ToolUse
from agents.orchestrator.redacting import RedactingClient
from bot.redacted_answers import redacted_answer

KEY = "AKIA" + "Z7Q2M4X6C8V0B1N3"
WORDS = ("The key is {}.", "キーは。{}", "сначала\n{}", 'quoted "{}" so')


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_json_loses_the_secret_and_stays_json(words: str, *, ascii_only: bool) -> None:
    """Escaped, `\\u3002AKIA…` seems to begin within a word."""
    answer = json.dumps({"goal": words.format(KEY), "claims": [{"text": KEY, "value": 3}]}, ensure_ascii=ascii_only)
    clean = json.loads(redacted_answer(answer))
    assert clean["goal"] == words.format("[redacted:aws_access_key]")
    assert clean["claims"] == [{"text": "[redacted:aws_access_key]", "value": 3}]


@pytest.mark.parametrize("wrapped", ["```json\n{}\n```", "Here you are: {}", "{} and so on"])
def test_what_is_no_json_by_itself_loses_it_too(wrapped: str) -> None:
    escaped = json.dumps({"goal": f"キーは。{KEY}"})
    assert KEY not in redacted_answer(wrapped.replace("{}", escaped))
    spelled = "".join(f"\\u{ord(char):04x}" for char in KEY)
    assert "[redacted:aws_access_key]" in redacted_answer(wrapped.replace("{}", f'"{spelled}"'))


@pytest.mark.parametrize(
    "answer", ["", "ok", '{"a": 1e999}', "[" * 50_000, '{"goal": "password: expired"}', '"\\ud83d"']
)
def test_what_holds_none_comes_back_as_it_is(answer: str) -> None:
    assert redacted_answer(answer) == answer


def test_half_of_a_pair_of_surrogates_can_still_be_sent_on() -> None:
    clean = redacted_answer('{"a": "\\ud800 Schlüssel キー", "password": "hunter2xx"}')
    assert b"hunter2xx" not in clean.encode()
    assert json.loads(clean)["a"] == "\ud800 Schlüssel キー"


class Leaking:
    """A model that writes the key wherever it can."""

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        use = ToolUse("u1", "query_assets", json.dumps({"note": KEY}))
        return ChatReply(f"The key is {KEY}.", (use,), 1, 1, None, 1)


async def test_the_client_hands_on_neither_text_nor_calls_with_a_secret() -> None:
    request = ChatRequest(
        messages=(ChatMessage("user", "?"),),
        purpose="report",
        org="T1",
        task_id="T1.1",
        user="U1",
        mode="single",
        prompt_id="p",
        prompt_version="1.0.0",
        key="k",
    )
    reply = await RedactingClient(Leaking(), redacted_answer).chat(Member("Ash", "openai/ash", "ash"), request)
    assert reply.text == "The key is [redacted:aws_access_key]."
    assert json.loads(reply.tool_uses[0].arguments) == {"note": "[redacted:aws_access_key]"}

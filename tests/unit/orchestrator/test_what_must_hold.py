"""One member slow, dead, rate-limited, cut off, garbled or lying: the right answer or none, and people see which."""

from __future__ import annotations

import pytest

from agents.orchestrator.electorate import Electorate
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.providers.catalog import discover
from bot.blocks.council import absent_lines, dissent_lines, verdict_line
from tests.unit.orchestrator.council_table import FOUR, Table, against, carried
from tests.unit.orchestrator.parts import report
from tests.unit.orchestrator.provider import Provider, Step, cuts_off, fails, never, says, sends, votes

AILMENTS: dict[str, tuple[Step, str]] = {
    "slow": (never(), "did not answer in time"),
    "dead": (fails(500), "could not be reached or failed"),
    "rate limited": (fails(429, retry_after="60"), "is rate limited"),
    "cut mid-stream": (cuts_off(chunked=True), "could not be reached or failed"),
    "garbage": (says("\ufffd{{{ garbage"), "gave no valid DriftMemberReport"),
    "another page": (sends("<html>", "text/html"), "could not be reached or failed"),
}


@pytest.fixture
def table(provider: Provider, litellm_client: LiteLLMClient) -> Table:
    return Table(provider, litellm_client)


@pytest.mark.parametrize(("ailment", "told"), AILMENTS.values(), ids=AILMENTS.keys())
async def test_the_council_of_four_is_right_without_the_one_and_says_who_was_away_and_why(
    table: Table, ailment: Step, told: str
) -> None:
    for model in FOUR[:3]:
        table.seat(model, answer=report("23"))
    table.seat("delta", answer=ailment)
    result = await table.deliberate(*FOUR, deadline_seconds=4)
    assert (result.best, carried(result), result.outcome.consensus) == ("Alpha", ["23"], True)
    [line] = absent_lines(result.outcome)
    assert line.startswith("• *Delta* did not answer:")
    assert told in line


@pytest.mark.parametrize("ailment", [one for one, _ in AILMENTS.values()], ids=AILMENTS.keys())
async def test_the_council_of_three_does_not_call_itself_one_without_the_third(table: Table, ailment: Step) -> None:
    for model in FOUR[:2]:
        table.seat(model, answer=report("23"))
    table.seat("gamma", answer=ailment)
    result = await table.deliberate(*FOUR[:3], deadline_seconds=4)
    assert (result.outcome.mode, result.outcome.consensus) == ("single", False)
    away, degraded = absent_lines(result.outcome)
    assert away.startswith("• *Gamma* did not answer:")
    assert "2 of the 3 independent models a council needs answered" in degraded
    assert "Nothing was put to a vote" in verdict_line(result.outcome)


async def test_a_lie_told_with_confidence_ends_in_an_honest_no_consensus_where_it_cannot_be_outvoted(
    table: Table,
) -> None:
    for model in FOUR[:2]:
        table.seat(model, answer=report("23"), vote=against("666", "web-666"))
    liar = votes(lambda text: "support" if "666" in text else "contradict", reason="I am certain.")
    table.seat("gamma", answer=report("666", assets=["web-666"]), vote=liar)
    result = await table.deliberate(*FOUR[:3])
    assert (result.best, carried(result)) == (None, [])
    assert verdict_line(result.outcome).startswith("*No consensus*")
    shown = "\n".join(dissent_lines(result.outcome.dissent))
    assert "*Gamma* disputes “web fleet: drifted count is 23”: I am certain." in shown
    assert "*Alpha* and *Beta* dispute “web fleet: drifted count is 666”" in shown


def test_one_model_behind_two_vendors_is_one_effective_vote() -> None:
    keys = {
        "ANTHROPIC_API_KEY": "k",
        "OPENAI_API_KEY": "k",
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "k",
        "AWS_REGION": "eu-central-1",
        "GAVEL_MODEL_BEDROCK": "anthropic.claude-sonnet-5-5-v1:0",
        "GAVEL_MODEL_AZURE": "gpt-6.1-sol",
        "AZURE_API_KEY": "k",
        "AZURE_API_BASE": "https://acme.openai.azure.com",
    }
    found = discover(keys)
    families = {member.name: member.family for member in found.members}
    assert {"Claude", "OpenAI", "Bedrock", "Azure OpenAI"} <= set(families), found.skipped
    assert Electorate(families).effective(families) == 2

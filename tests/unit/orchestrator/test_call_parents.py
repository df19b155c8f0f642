"""Which call a call repeats, follows or judges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.asking import ask_in_turn
from agents.orchestrator.chat import ModelError
from agents.orchestrator.council import Council
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.logged import LoggedClient
from agents.orchestrator.orchestrator import Orchestrator
from agents.orchestrator.retrying import RetryingClient
from agents.orchestrator.structured import ask
from tests.unit.orchestrator.parts import KeptCalls, KeptEntries, Watcher, brief, report, request
from tests.unit.orchestrator.provider import Provider, fails, says, votes
from tools.contracts.common import Mode
from tools.contracts.members.rollout import DriftMemberReport

MEMBERS = ("alpha", "beta", "gamma")


def parents(log: KeptCalls) -> dict[str, str | None]:
    return {row.request.key: row.request.parent for row in log.rows}


async def deliberate(provider: Provider, client: LiteLLMClient, mode: Mode) -> KeptCalls:
    log = KeptCalls()
    council = Council(LoggedClient(client, log), [provider.member(name) for name in MEMBERS])
    await Orchestrator(council).deliberate(
        brief(aggregates=True), mode=mode, progress=Watcher(), recorder=KeptEntries()
    )
    assert all(row.request.agent == "drift" for row in log.rows)
    return log


def seat(provider: Provider, *names: str) -> None:
    for name in names:
        provider.play(name, says(report("14")), schema="DriftMemberReport")
        provider.play(name, votes(lambda _text: "support"), schema="VoteSheet")


async def test_votes_name_the_first_of_the_reports_they_judge(
    provider: Provider, litellm_client: LiteLLMClient
) -> None:
    seat(provider, *MEMBERS)
    found = parents(await deliberate(provider, litellm_client, "council"))
    reports = {f"drift:r1:report:{name.capitalize()}" for name in MEMBERS}
    assert {key: found[key] for key in reports} == dict.fromkeys(reports)
    judging = {key: parent for key, parent in found.items() if key not in reports}
    assert set(judging.values()) == {"drift:r1:report:Alpha"}
    assert len(judging) == 3


async def test_a_vote_never_names_a_report_that_failed(provider: Provider, litellm_client: LiteLLMClient) -> None:
    seat(provider, *MEMBERS)
    provider.play("alpha", fails(400), schema="DriftMemberReport")
    log = KeptCalls()
    council = Council(LoggedClient(litellm_client, log), [provider.member(name) for name in MEMBERS], min_providers=2)
    await Orchestrator(council).deliberate(brief(), mode="council", progress=Watcher(), recorder=KeptEntries())
    assert {row.request.parent for row in log.rows if row.request.purpose == "vote"} == {"drift:r1:report:Beta"}


async def test_a_synthesis_names_the_first_of_its_reports(provider: Provider, litellm_client: LiteLLMClient) -> None:
    seat(provider, *MEMBERS)
    log = await deliberate(provider, litellm_client, "aggregation")
    assert parents(log)["drift:r1:synthesize:Alpha"] == "drift:r1:report:Alpha"


async def test_a_model_that_stands_in_names_the_call_it_repeats(
    provider: Provider, litellm_client: LiteLLMClient
) -> None:
    seat(provider, "beta")
    provider.play("alpha", fails(400), schema="DriftMemberReport")
    log = await deliberate(provider, litellm_client, "single")
    assert parents(log) == {"drift:r1:report:Alpha": None, "drift:r1:report:Beta": "drift:r1:report:Alpha"}


async def test_retries_and_second_answers_name_the_first_call(
    provider: Provider, litellm_client: LiteLLMClient
) -> None:
    provider.play("alpha", fails(503), says("no JSON"), fails(503), says(report("14")), schema="DriftMemberReport")
    log = KeptCalls()
    client = RetryingClient(LoggedClient(litellm_client, log), first_pause_seconds=0.01)
    await ask(client, provider.member("alpha"), request(key="k"), DriftMemberReport)
    assert parents(log) == {"k": None, "k:try2": "k", "k:again": "k", "k:again:try2": "k:again"}


async def test_who_is_asked_in_turn_names_who_was_asked_first(
    provider: Provider, litellm_client: LiteLLMClient
) -> None:
    for name in MEMBERS:
        provider.play(name, fails(400), schema="DriftMemberReport")
    log = KeptCalls()
    members = [provider.member(name) for name in MEMBERS]
    with pytest.raises(ModelError):
        await ask_in_turn(LoggedClient(litellm_client, log), members, request(key="k"), DriftMemberReport)
    assert parents(log) == {"k:Alpha": None, "k:Beta": "k:Alpha", "k:Gamma": "k:Alpha"}


async def test_what_the_provider_read_from_its_cache_is_counted(
    provider: Provider, litellm_client: LiteLLMClient
) -> None:
    provider.play("alpha", says("hi", cached_tokens=8))
    provider.play("beta", says("hi"))
    log = KeptCalls()
    for name in ("alpha", "beta"):
        await LoggedClient(litellm_client, log).chat(provider.member(name), replace(request(), key=name))
    assert [row.cached_tokens for row in log.rows] == [8, None]

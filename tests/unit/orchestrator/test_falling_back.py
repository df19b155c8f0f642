"""Single mode's fallback and the circuit breaker, against a real HTTP endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from agents.orchestrator.breaking import BreakerRules, BreakingClient, NotAsked
from agents.orchestrator.chat import Capabilities, ChatMessage, Member, ModelClient, ModelError
from agents.orchestrator.falling_back import takes_over
from agents.orchestrator.images import Image
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.logged import LoggedClient
from agents.orchestrator.retrying import RetryingClient
from agents.orchestrator.roll import Roll
from agents.orchestrator.single import Single
from tests.unit.orchestrator.parts import KeptCalls, Watcher, brief, report, request
from tests.unit.orchestrator.provider import Provider, Step, fails, never, says

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@dataclass
class Clock:
    at: float = 100.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Lines:
    """Members with their scripts, behind a breaker with a clock of its own."""

    provider: Provider
    client: LiteLLMClient
    clock: Clock = field(default_factory=Clock)
    log: KeptCalls = field(default_factory=KeptCalls)
    watcher: Watcher = field(default_factory=Watcher)

    def breaking(self, rules: BreakerRules | None = None) -> BreakingClient:
        logged = LoggedClient(self.client, self.log)
        return BreakingClient(logged, rules or BreakerRules(failures=3, pause_seconds=30), now=self.clock)

    def asked(self) -> list[str]:
        return [call.model for call in self.provider.calls]

    async def single(
        self, members: Sequence[Member], client: ModelClient, *, seconds: float = 20, together: float | None = None
    ) -> str:
        single = Single(client, members, answer_deadline_seconds=seconds, deadline_seconds=together)
        member, _ = await single.answer(brief(), roll=Roll(members, self.watcher))
        return member.name


@pytest.fixture
def lines(provider: Provider, litellm_client: LiteLLMClient) -> Lines:
    return Lines(provider, litellm_client)


async def _fail(client: ModelClient, member: Member, *, times: int = 1, org: str = "acme") -> None:
    for _ in range(times):
        with pytest.raises(ModelError):
            await client.chat(member, replace(request(), org=org))


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (fails(429), "Alpha did not answer (rate limited); Beta answers instead."),
        (fails(401), "Alpha did not answer (its key was refused); Beta answers instead."),
        (fails(500), "Alpha did not answer (it could not be reached); Beta answers instead."),
        (says("no json"), "Alpha did not answer (its answer could not be used); Beta answers instead."),
        (never(), "Alpha did not answer (no answer in time); Beta answers instead."),
    ],
)
async def test_the_thread_is_told_who_answers_instead_and_why(lines: Lines, step: Step, said: str) -> None:
    lines.provider.play("alpha", step, schema="DriftMemberReport")
    lines.provider.play("beta", says(report("23")), schema="DriftMemberReport")
    members = [lines.provider.member("alpha"), lines.provider.member("beta")]
    assert await lines.single(members, lines.client, seconds=3) == "Beta"
    assert lines.watcher.notes == [said]


async def test_all_members_share_one_deadline(lines: Lines) -> None:
    """Three dead members of 120 s each are not six minutes."""
    for model in ("alpha", "beta", "gamma"):
        lines.provider.play(model, never(), schema="DriftMemberReport")
    members = [lines.provider.member(model) for model in ("alpha", "beta", "gamma")]
    async with asyncio.timeout(60):
        with pytest.raises(ModelError, match="No model answered, so there is no plan and nothing was run"):
            await lines.single(members, lines.client, seconds=3, together=3.2)
    assert lines.asked() == ["alpha"]
    assert "There was no time left to ask Beta." in lines.watcher.notes[-1]


async def test_a_member_that_keeps_failing_is_left_alone_and_asked_once_later(lines: Lines) -> None:
    client, alpha = lines.breaking(), lines.provider.member("alpha")
    circuit = client.circuit(alpha, org="acme")
    lines.provider.play("alpha", fails(500), fails(500), fails(500), fails(500), says("back"))
    await _fail(client, alpha, times=2)
    assert circuit.state == "closed"
    await _fail(client, alpha)
    assert circuit.state == "open"
    with pytest.raises(NotAsked, match="Alpha was not asked: it failed 3 times in a row"):
        await client.chat(alpha, replace(request(), org="acme"))
    assert len(lines.provider.calls) == len(lines.log.rows) == 3, "what was not asked is no call"
    lines.clock.at += 31
    assert circuit.state == "half_open"
    await _fail(client, alpha)
    lines.clock.at += 31
    assert circuit.state == "open", "it failed again: twice as long"
    lines.clock.at += 30
    assert (await client.chat(alpha, replace(request(), org="acme"))).text == "back"
    assert circuit.state == "closed"


async def test_half_open_lets_one_question_through_and_a_cancelled_one_does_not_jam_it(lines: Lines) -> None:
    client, alpha = lines.breaking(BreakerRules(failures=1, pause_seconds=30)), lines.provider.member("alpha")
    asked = replace(request(), org="acme")
    lines.provider.play("alpha", fails(500), never(), says("back"))
    await _fail(client, alpha)
    lines.clock.at += 31
    probe = asyncio.create_task(client.chat(alpha, asked))
    async with asyncio.timeout(10):
        await lines.provider.busy.wait()
    with pytest.raises(NotAsked):
        await client.chat(alpha, asked)
    probe.cancel()
    await asyncio.wait([probe])
    assert (await client.chat(alpha, asked)).text == "back"


async def test_a_provider_that_says_when_to_come_back_is_not_asked_before(lines: Lines) -> None:
    client, alpha = lines.breaking(), lines.provider.member("alpha")
    lines.provider.play("alpha", fails(429, retry_after="60"), says("back"))
    await _fail(client, alpha)
    lines.clock.at += 59
    with pytest.raises(NotAsked):
        await client.chat(alpha, replace(request(), org="acme"))
    lines.clock.at += 2
    assert (await client.chat(alpha, replace(request(), org="acme"))).text == "back"


async def test_a_bad_answer_opens_no_circuit_and_an_orgs_key_is_its_own(lines: Lines) -> None:
    client, alpha = lines.breaking(BreakerRules(failures=1)), lines.provider.member("alpha")
    lines.provider.play("alpha", fails(400), fails(401), says("hi"))
    await _fail(client, alpha)
    assert client.circuit(alpha, org="acme").state == "closed"
    await _fail(client, alpha)
    assert client.circuit(alpha, org="acme").state == "open"
    assert (await client.chat(alpha, replace(request(), org="other"))).text == "hi"


async def test_a_wait_that_is_long_is_left_to_another_member(lines: Lines) -> None:
    """Sixty seconds fit into the deadline; Beta answers at once."""
    lines.provider.play("alpha", fails(429, retry_after="60"), schema="DriftMemberReport")
    lines.provider.play("beta", says(report("23")), schema="DriftMemberReport")
    members = [lines.provider.member("alpha"), lines.provider.member("beta")]
    async with asyncio.timeout(10):
        assert await lines.single(members, RetryingClient(lines.client), seconds=100) == "Beta"
    assert lines.asked() == ["alpha", "beta"]


async def test_a_model_without_eyes_sits_out_an_image_question_and_the_thread_says_so(lines: Lines) -> None:
    lines.provider.play("alpha", says("unseen"))
    alpha, beta = (lines.provider.member(model) for model in ("alpha", "beta"))
    look = replace(request(), messages=(ChatMessage("user", "what is this?", images=(Image.of(PNG),)),))
    with pytest.raises(ModelError) as caught:
        await lines.breaking().chat(alpha, look)
    assert lines.provider.calls == []
    assert takes_over(alpha, caught.value, beta) == (
        "Alpha cannot look at images, so it sits this one out. Beta answers instead."
    )
    lines.provider.play("beta", says("a dot"))
    seeing = replace(beta, capabilities=Capabilities(vision=True))
    assert (await lines.breaking().chat(seeing, look)).text == "a dot"


async def test_a_key_that_is_refused_leaves_the_member_to_those_with_another(lines: Lines) -> None:
    lines.provider.play("alpha", fails(401), fails(401), fails(401), says("ok"))
    client, member = lines.breaking(), lines.provider.member("alpha")
    await _fail(client, replace(member, api_key="somebodys-own"), times=3)
    with pytest.raises(NotAsked):
        await client.chat(replace(member, api_key="somebodys-own"), replace(request(), org="acme"))
    await client.chat(member, replace(request(), org="acme"))

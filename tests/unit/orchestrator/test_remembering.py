"""A council begun again: whoever has answered is neither asked nor paid a second time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from agents.orchestrator.brief import Brief, Deliberation
from agents.orchestrator.council import Council
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.logged import LoggedClient
from agents.orchestrator.orchestrator import Orchestrator
from agents.orchestrator.remembering import MemoryKind
from tests.unit.orchestrator.parts import KeptCalls, KeptEntries, Watcher, brief, report
from tests.unit.orchestrator.provider import Provider, never, says, votes
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerUnavailable

THREE = ("alpha", "beta", "gamma")


@dataclass
class KeptNotes:
    """A memory that outlives the deliberation."""

    notes: dict[str, JsonObject] = field(default_factory=dict[str, JsonObject])
    away: bool = False
    another: asyncio.Event = field(default_factory=asyncio.Event)

    async def keep(self, kind: MemoryKind, key: str, value: JsonObject, *, actor: str) -> None:
        if self.away:
            raise LedgerUnavailable("the database is away")
        assert (kind, actor) == ("member_answered", f"model:{value['member']}")
        self.notes.setdefault(key, value)
        self.another.set()

    async def recall(self, keys: Sequence[str], *, within_seconds: float | None = None) -> JsonObject | None:
        assert within_seconds is None
        return next((self.notes[key] for key in keys if key in self.notes), None)

    async def tool_results(self, call_ids: Sequence[str]) -> dict[str, JsonObject]:
        raise AssertionError(f"no council asks for {call_ids}")


@dataclass
class Interrupted:
    """One question, put to the same members again and again."""

    provider: Provider
    client: LiteLLMClient
    memory: KeptNotes = field(default_factory=KeptNotes)
    log: KeptCalls = field(default_factory=KeptCalls)
    watcher: Watcher = field(default_factory=Watcher)
    attempts: int = 0

    def brief(self) -> Brief:
        self.attempts += 1
        return replace(brief(), key=f"drift:r1.{self.attempts}", question="drift:r1", memory=self.memory)

    async def deliberate(self) -> Deliberation:
        members = [self.provider.member(model) for model in THREE]
        council = Council(LoggedClient(self.client, self.log), members)
        return await Orchestrator(council).deliberate(
            self.brief(), mode="council", progress=self.watcher, recorder=KeptEntries()
        )

    async def die_once_kept(self, count: int) -> None:
        """As a worker does that is killed: whatever is in flight is gone."""
        attempt = asyncio.create_task(self.deliberate())
        async with asyncio.timeout(15):
            while len(self.memory.notes) < count:
                await self.memory.another.wait()
                self.memory.another.clear()
            await self.provider.busy.wait()
        attempt.cancel()
        await asyncio.wait({attempt})

    def asked(self, schema: str) -> Counter[str]:
        return Counter(call.model for call in self.provider.calls if call.schema == schema)


@pytest.fixture
def interrupted(provider: Provider, litellm_client: LiteLLMClient) -> Interrupted:
    for model in THREE:
        provider.play(model, says(report("23")), schema="DriftMemberReport")
        provider.play(model, votes(lambda _text: "support"), schema="VoteSheet")
    return Interrupted(provider, litellm_client)


async def test_members_that_answered_before_the_interruption_are_not_asked_again(interrupted: Interrupted) -> None:
    interrupted.provider.play("gamma", never(), says(report("23")), schema="DriftMemberReport")
    await interrupted.die_once_kept(2)
    result = await interrupted.deliberate()
    assert result.outcome.consensus
    assert interrupted.asked("DriftMemberReport") == {"alpha": 1, "beta": 1, "gamma": 2}
    assert interrupted.asked("VoteSheet") == {"alpha": 1, "beta": 1, "gamma": 1}
    assert "Alpha, Beta had answered before the interruption and are not asked again." in interrupted.watcher.notes
    assert [member.state for member in result.outcome.members] == ["answered"] * 3


async def test_members_that_voted_before_the_interruption_do_not_vote_again(interrupted: Interrupted) -> None:
    interrupted.provider.play("gamma", never(), votes(lambda _text: "support"), schema="VoteSheet")
    await interrupted.die_once_kept(5)
    result = await interrupted.deliberate()
    assert result.outcome.consensus
    assert interrupted.asked("DriftMemberReport") == dict.fromkeys(THREE, 1)
    assert interrupted.asked("VoteSheet") == {"alpha": 1, "beta": 1, "gamma": 2}
    paid = [row.request.key for row in interrupted.log.rows if row.success]
    assert len(paid) == 6


async def test_a_council_that_was_over_is_counted_again_without_asking_anybody(interrupted: Interrupted) -> None:
    first = await interrupted.deliberate()
    second = await interrupted.deliberate()
    assert len(interrupted.provider.calls) == 6
    assert [row.model_dump() for row in second.outcome.tallies] == [row.model_dump() for row in first.outcome.tallies]


async def test_the_one_model_that_answered_before_a_council_came_in_is_not_asked_again(
    interrupted: Interrupted,
) -> None:
    members = [interrupted.provider.member(model) for model in THREE]
    orchestrator = Orchestrator(Council(LoggedClient(interrupted.client, interrupted.log), members))

    async def one_model() -> Deliberation:
        return await orchestrator.deliberate(
            interrupted.brief(), mode="single", progress=interrupted.watcher, recorder=KeptEntries()
        )

    await one_model()
    alone = await one_model()
    assert interrupted.asked("DriftMemberReport") == {"alpha": 1}
    assert "Alpha had answered before the interruption." in interrupted.watcher.notes
    interrupted.watcher.events.clear()
    result = await orchestrator.deliberate(
        interrupted.brief(),
        mode="council",
        progress=interrupted.watcher,
        recorder=KeptEntries(),
        given=alone.reports,
        escalated="It is risky.",
    )
    assert (result.outcome.consensus, result.outcome.escalated) == (True, "It is risky.")
    assert interrupted.asked("DriftMemberReport") == dict.fromkeys(THREE, 1)
    assert interrupted.watcher.notes == []


async def test_another_question_is_asked(interrupted: Interrupted) -> None:
    await interrupted.deliberate()
    elsewhere = replace(interrupted.brief(), system="You judge other evidence.")
    members = [interrupted.provider.member(model) for model in THREE]
    await Orchestrator(Council(interrupted.client, members)).deliberate(
        elsewhere, mode="council", progress=interrupted.watcher, recorder=KeptEntries()
    )
    assert interrupted.asked("DriftMemberReport") == dict.fromkeys(THREE, 2)


async def test_an_answer_that_lost_a_field_to_redaction_is_asked_for_again(interrupted: Interrupted) -> None:
    await interrupted.deliberate()
    for note in interrupted.memory.notes.values():
        if note["member"] == "Alpha" and note["purpose"] == "report":
            note["answer"] = {"diagnosis": "[redacted]"}
    await interrupted.deliberate()
    assert interrupted.asked("DriftMemberReport") == {"alpha": 2, "beta": 1, "gamma": 1}


async def test_an_answer_that_cannot_be_kept_is_no_answer(interrupted: Interrupted) -> None:
    interrupted.memory.away = True
    with pytest.raises(LedgerUnavailable):
        await interrupted.deliberate()


async def test_garbage_is_not_kept(interrupted: Interrupted) -> None:
    interrupted.provider.play("gamma", says("garbage"), says("garbage"), says(report("23")), schema="DriftMemberReport")
    assert (await interrupted.deliberate()).outcome.mode == "single"
    assert (await interrupted.deliberate()).outcome.consensus
    assert interrupted.asked("DriftMemberReport") == {"alpha": 1, "beta": 1, "gamma": 3}

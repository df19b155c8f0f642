"""A council at a scripted provider, for the tests of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from agents.orchestrator.brief import Deliberation
from agents.orchestrator.council import Council
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.logged import LoggedClient
from agents.orchestrator.orchestrator import Orchestrator
from tests.unit.orchestrator.parts import KeptCalls, KeptEntries, Watcher, brief
from tests.unit.orchestrator.provider import Provider, Step, says, votes
from tools.contracts.common import Mode
from tools.contracts.council import Stance
from tools.contracts.members.rollout import DriftMemberReport

FOUR = ("alpha", "beta", "gamma", "delta")


@dataclass
class Table:
    """A council at a scripted provider, and everything it leaves behind."""

    provider: Provider
    client: LiteLLMClient
    log: KeptCalls = field(default_factory=KeptCalls)
    entries: KeptEntries = field(default_factory=KeptEntries)
    watcher: Watcher = field(default_factory=Watcher)

    def seat(self, model: str, *, answer: Step | DriftMemberReport, vote: Step | None = None) -> None:
        self.provider.play(
            model, says(answer) if isinstance(answer, DriftMemberReport) else answer, schema="DriftMemberReport"
        )
        self.provider.play(model, vote or votes(lambda _text: "support"), schema="VoteSheet")

    async def deliberate(
        self,
        *models: str,
        families: Mapping[str, str] | None = None,
        mode: Mode = "council",
        deadline_seconds: float = 20,
        aggregates: bool = False,
        primary: str | None = None,
        patience_seconds: float = 0.5,
        approved: bool = True,
    ) -> Deliberation:
        members = [self.provider.member(model, family=(families or {}).get(model)) for model in models]
        council = Council(
            LoggedClient(self.client, self.log),
            members,
            answer_deadline_seconds=deadline_seconds,
            vote_deadline_seconds=deadline_seconds,
            patience_seconds=patience_seconds,
        )
        return await Orchestrator(council, primary=primary).deliberate(
            replace(brief(aggregates=aggregates), approved=approved),
            mode=mode,
            progress=self.watcher,
            recorder=self.entries,
        )

    def asked(self, schema: str) -> list[str]:
        return [call.model for call in self.provider.calls if call.schema == schema]


@pytest.fixture
def table(provider: Provider, litellm_client: LiteLLMClient) -> Table:
    return Table(provider, litellm_client)


def carried(result: Deliberation) -> list[str]:
    return sorted(item.text.rpartition(" ")[2] for item in result.carried_claims)


def against(*words: str) -> Step:
    """Contradicts what ends in one of the words, supports the rest."""

    def rule(text: str) -> Stance:
        return "contradict" if text.rpartition(" ")[2] in words else "support"

    return votes(rule, reason="The evidence says otherwise.")

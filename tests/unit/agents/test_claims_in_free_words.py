"""An agent's council merges what members say in other words, and tells no prompt who said it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelClient
from agents.orchestrator.council import Council
from agents.orchestrator.orchestrator import Orchestrator
from agents.specialists.drift import DriftAgent
from tests.unit.agents.bench import Bench, spec

WORDS = {"Amber": "The golden image is newer than what runs.", "Birch": "Newer than what runs is the golden image."}


@dataclass
class Wordy:
    """The real client; two members add a claim of their own in free words."""

    inner: ModelClient
    judging: list[ChatRequest] = field(default_factory=list[ChatRequest])

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        if request.purpose == "judge":
            self.judging.append(request)
        reply = await self.inner.chat(member, request)
        if request.purpose != "report" or member.name not in WORDS:
            return reply
        answer = json.loads(reply.text)
        free = {"text": WORDS[member.name], "subject": "", "attribute": "", "value": "", "confidence": 0.9}
        answer["claims"] = [*answer["claims"], {**free, "negated": False, "receipts": []}]
        return replace(reply, text=json.dumps(answer))


async def test_one_claim_in_two_wordings_is_put_to_the_vote_once(workbench: Bench) -> None:
    wordy = Wordy(workbench.agent.client)
    agent = workbench.agent
    workbench.agent = DriftAgent(wordy, agent.members, agent.prompts, agent.registry)
    workbench.orchestrator = Orchestrator(Council(wordy, agent.members), judge=agent.members[0])
    outcome = await workbench.work(spec())
    found = [row.claim for row in outcome.council.tallies if row.claim.text in WORDS.values()]
    assert [(sorted([*claim.authors, *claim.restated_by]), len(claim.also)) for claim in found] == [
        (["Amber", "Birch"], 1)
    ]
    assert "1 claim was put together with another that says the same, as Amber judged." in workbench.watcher.notes
    [asked] = wordy.judging
    assert asked.messages[0].content.startswith("You compare statements")
    assert not any(name in message.content for message in asked.messages for name in ("Amber", "Birch", "Cedar"))
    assert (asked.prompt_id, asked.agent) == ("council.entail", "drift")
    (proposed,) = workbench.entries.of("plan_proposed")
    assert "council.entail" in proposed["prompts"]

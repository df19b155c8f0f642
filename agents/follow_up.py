"""Replies in a task's thread while its plan waits: read into a FollowUp, or answered from the evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.asking import T, ask_in_turn
from agents.explaining import supported
from agents.intake import split_mode
from agents.orchestrator.chat import ChatMessage, ChatRequest, Member, ModelClient, Purpose
from agents.specialists.evidence import EvidenceBook
from prompts.library import PromptLibrary
from tools.contracts.common import Contract, JsonObject, canonical_json
from tools.contracts.follow_up import Explanation, FollowUp
from tools.contracts.taskspec import TaskSpec

TEXT_LIMIT = 2000
"""Characters of a reply that a model reads."""

_DECISION = (
    r"(?:approv(?:ed?|es)|accept(?:ed)?|reject(?:ed)?|declined?|confirm(?:ed)?|ok(?:ay)?|lgtm|yes|yep|yeah|sure|no(?:pe)?"
    r"|cancel|abort|stop|go(?: ahead| for it)?|(?:ship|do|run) (?:it|this)|looks good|ja|nein|genehmigt|freigegeben"
    r"|oui|non|approuvée?|d'accord|s[ií]|vale|aprobado|sim|aprovado|approvato|да|нет|одобряю|はい|承認|同意|批准|好的|승인|네)"
)
_FILLER = r"(?:please|now|the|this|that|plan|i|we|it|to me|from me|by me|fine|great|thanks?|bitte|por favor|merci)"
_ONLY_A_DECISION = re.compile(rf"(?:(?:{_DECISION}|{_FILLER})(?!\w)[\s,.!…]*)+")
_SOME_DECISION = re.compile(rf"(?<!\w){_DECISION}(?!\w)")


class Reply(Contract):
    """What somebody wrote into the thread of a plan that waits."""

    spec: TaskSpec
    words: str
    """Untrusted, redacted."""
    user: str
    revision: int
    unique: str
    """The message's ts: names the calls."""
    attempt: int = 1


def decides(words: str) -> bool:
    """Whether a reply is nothing but a decision in words. No model has to be asked about those."""
    _, text = split_mode(words)
    said = " ".join(text.lower().split())
    return len(said) <= 80 and bool(_ONLY_A_DECISION.fullmatch(said)) and bool(_SOME_DECISION.search(said))


@dataclass(frozen=True)
class FollowUps:
    """The fast member reads and explains; the others are asked in turn if it cannot."""

    client: ModelClient
    members: Sequence[Member]
    prompts: PromptLibrary
    confidence_threshold: float = 0.7
    """Below it nothing is changed, and the person is told so."""
    deadline_seconds: float = 30
    """For each member."""

    async def read(self, reply: Reply, *, plan: JsonObject) -> FollowUp:
        """What the reply asks for. Decides nothing. Raises :class:`ModelError` and `LedgerUnavailable`."""
        heard, _ = await self._ask(reply, FollowUp, prompt_id="follow_up", purpose="follow_up", values={"plan": plan})
        return heard

    async def explain(self, reply: Reply, book: EvidenceBook) -> tuple[Explanation, Member]:
        """An answer of which every value stands in the evidence, empty where it is not known; and whose it is.

        Raises :class:`ModelError` and `LedgerUnavailable`.
        """
        said, member = await self._ask(
            reply, Explanation, prompt_id="explain", purpose="explain", values={"evidence": book.rendered()}
        )
        return supported(said, book, question=reply.words), member

    async def _ask(
        self, reply: Reply, contract: type[T], *, prompt_id: str, purpose: Purpose, values: JsonObject
    ) -> tuple[T, Member]:
        prompt = self.prompts.load(prompt_id)
        rendered = prompt.render(
            task_json=canonical_json(_shown(reply.spec)).decode(), words=reply.words, limit=TEXT_LIMIT, **values
        )
        key = f"{purpose}:{reply.unique}"
        return await ask_in_turn(
            self.client,
            self.members,
            ChatRequest(
                messages=(ChatMessage("system", rendered.system), ChatMessage("user", rendered.user)),
                purpose=purpose,
                org=reply.spec.org,
                task_id=reply.spec.id,
                user=reply.user,
                mode="single",
                prompt_id=prompt.id,
                prompt_version=prompt.version,
                key=key if reply.attempt == 1 else f"{key}.{reply.attempt}",
                agent="follow_up",
                max_tokens=1500,
                temperature=0,
                deadline_seconds=self.deadline_seconds,
            ),
            contract,
        )


def _shown(spec: TaskSpec) -> JsonObject:
    shown = {"task_type", "goal", "environment", "context", "constraints"}
    return spec.model_dump(mode="json", include=shown, exclude_defaults=True)

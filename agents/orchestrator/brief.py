"""What a specialist asks of the models, and what it gets back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agents.orchestrator.alike import Pair
from agents.orchestrator.chat import ChatMessage, ChatRequest, Purpose
from agents.orchestrator.consensus import PhaseItem
from agents.orchestrator.images import Image
from agents.orchestrator.remembering import Forgetful, Memory
from tools.contracts.common import AgentName, Mode
from tools.contracts.council import CouncilOutcome, MemberReport, PooledClaim

Expand = Callable[[Mapping[str, MemberReport]], Awaitable[Mapping[str, Sequence[PhaseItem]]]]
"""Member → what it proposes, as it is voted on: a plan's phases as the tools computed them, or a conclusion and
recommendations. A member whose proposal cannot be expanded is left out."""

NO_CHANGE = PhaseItem(key="no_change", text="Nothing should be changed on this evidence.")
"""What a member without a proposal proposes, so that doing nothing is voted on like any plan."""


@dataclass(frozen=True)
class Prompt:
    """A rendered prompt and where it comes from."""

    id: str
    version: str
    text: str
    system: str = ""
    """Instead of the brief's own system message, for one who is no member. Empty: the brief's."""


@dataclass(frozen=True)
class Brief:
    """One question to the models, with the evidence in it. Every member gets the same bytes."""

    org: str
    task_id: str
    user: str
    agent: AgentName
    key: str
    """Unique within the task, e.g. `drift:r1`; prefixes the keys of all calls and seeds the shuffles."""
    system: str
    report: Prompt
    contract: type[MemberReport]
    """What each member answers. The schema's name that models see is the class's."""
    vote_prompt: Callable[[Sequence[PooledClaim]], Prompt]
    """Renders the pooled claims, in the order given, for a voting member. The claims come without authors."""
    expand: Expand
    synthesis_prompt: Callable[[Sequence[MemberReport]], Prompt] | None = None
    """Renders the anonymous reports for aggregation's synthesis. None: aggregation degrades to single."""
    entail_prompt: Callable[[Sequence[Pair]], Prompt] | None = None
    """Renders pairs of claims for the judge of what is said twice. None: only equal words are one claim."""
    names: frozenset[str] = frozenset()
    """Known names of things, in lower case: claims that name different ones are different."""
    approved: bool = True
    """Whether people are to approve what comes of it: then it matters whether anybody on the council dissents."""
    max_tokens: int = 4096
    """Of each reply."""
    temperature: float | None = None
    memory: Memory = field(default_factory=Forgetful)
    """What this task's members have answered before."""
    question: str = ""
    """The same for every attempt at this question, so that shuffles are the same too. Empty: `key` is."""
    images: tuple[Image, ...] = ()
    """Part of the evidence. A member that cannot see sits the question out, and the thread says so."""

    @property
    def seed(self) -> str:
        return f"{self.org}/{self.task_id}/{self.question or self.key}"

    def call_key(self, purpose: Purpose, member: str) -> str:
        """Names one call in the request log."""
        return f"{self.key}:{purpose}:{member}"

    def request(
        self,
        prompt: Prompt,
        *,
        purpose: Purpose,
        member: str,
        mode: Mode,
        deadline_seconds: float,
        parent: str | None = None,
    ) -> ChatRequest:
        """The call that puts `prompt` to `member`. Only its key depends on the member.

        `parent`: the key of the call it repeats or rests on.
        """
        return ChatRequest(
            messages=(
                ChatMessage(role="system", content=prompt.system or self.system),
                ChatMessage(role="user", content=prompt.text, images=() if prompt.system else self.images),
            ),
            purpose=purpose,
            org=self.org,
            task_id=self.task_id,
            user=self.user,
            mode=mode,
            prompt_id=prompt.id,
            prompt_version=prompt.version,
            key=self.call_key(purpose, member),
            parent=parent,
            agent=self.agent,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            deadline_seconds=deadline_seconds,
        )


@dataclass(frozen=True)
class Deliberation:
    """How the models answered."""

    outcome: CouncilOutcome
    reports: Mapping[str, MemberReport]
    """Member → its report. In aggregation also the synthesis, under `SYNTHESIS`."""
    phases: Mapping[str, Sequence[PhaseItem]]
    """Member → what it proposes, as it was voted on; :data:`NO_CHANGE` where a plan's member proposes none."""
    carried_phase_keys: frozenset[str]
    """In council mode: by vote. Otherwise all phases of the one answer, because no council was asked."""
    carried_claims: Sequence[PooledClaim]
    """What the answer may be composed from."""
    carried_recommendations: Sequence[PooledClaim]
    """Likewise, of what members recommend beside their phases or conclusion."""
    best: str | None
    """Whose report to build the output from: all its phases, or its conclusion, carried. None: no consensus."""

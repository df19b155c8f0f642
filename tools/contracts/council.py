"""ADR-006, council mode: claims, votes, and what the consensus engine makes of them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tools.contracts.common import Contract, Mode
from tools.contracts.modes import ModeChoice
from tools.contracts.plan import Receipt

Stance = Literal["support", "contradict", "silent"]
"""Silence is not disagreement."""

MemberState = Literal["waiting", "thinking", "answered", "failed", "cancelled"]


class Claim(Contract):
    """One atomic statement a member stands by."""

    text: str = Field(min_length=1, max_length=300)
    subject: str = Field(max_length=128)
    """What it is about: an asset, a fleet, an image, a control."""
    attribute: str = Field(max_length=64)
    """Which property, e.g. `drifted_count`, `target_version`, `cause`."""
    value: str = Field(max_length=128)
    """Numbers, versions and dates exactly as the tool returned them."""
    negated: bool = False
    confidence: float = Field(ge=0, le=1)
    receipts: list[Receipt] = []


class MemberReport(Contract):
    """A member's answer, from the same evidence as every other member.

    Each agent asks for a subclass, in `tools/contracts/members`, that adds what the agent is for.
    """

    claims: list[Claim] = Field(max_length=12)
    diagnosis: str = Field(max_length=600)
    missing: list[str] = []
    """What would settle what is open."""


class Ballot(Contract):
    claim_id: str
    stance: Stance
    reason: str = Field(default="", max_length=200)
    settled_by: str = Field(default="", max_length=200)
    """For `contradict`: which evidence, that is not there, would settle it."""


class VoteSheet(Contract):
    """A member's votes over the pooled claims, anonymised and shuffled: one batched call per member."""

    ballots: list[Ballot]


class Entailment(Contract):
    """Whether two statements follow from one another."""

    pair: str
    first_entails_second: bool
    second_entails_first: bool


class EntailmentSheet(Contract):
    """A judge's word on pairs of claims in free words: what each entails is one claim."""

    pairs: list[Entailment]


class PooledClaim(Contract):
    """A claim after canonicalisation: the same subject, attribute, value and negation, whoever made it."""

    id: str
    """`c1`, `c2` … in pooled order; plan phases and conclusions are `p1` …, their actions `a1` …, recommendations
    `r1` …"""
    text: str
    kind: Literal["claim", "phase", "action", "recommendation"]
    key: str
    """The canonical key by which equal claims were merged."""
    authors: list[str]
    """Member names; never shown to a voting member."""
    phases: list[str] = []
    """Of an action: the ids of the phases it is part of. The thread shows its votes with theirs."""
    also: list[str] = []
    """Keys of claims that say the same in other words, as a judge found: each entails the other."""
    restated_by: list[str] = []
    """Whose those are. They support these words only by their own ballots."""

    @property
    def keys(self) -> list[str]:
        """Of every wording."""
        return [self.key, *self.also]

    @property
    def stated_by(self) -> list[str]:
        """Who said it, in whichever words."""
        return [*self.authors, *self.restated_by]


class ClaimTally(Contract):
    """A row of the claim × member matrix, counted in effective votes. The lists are the nominal ones."""

    claim: PooledClaim
    support: list[str]
    contradict: list[str]
    silent: list[str]
    effective_support: float = 0.0
    """S: effective votes, each weighed by what its member has proved worth."""
    effective_contradict: float = 0.0
    """C, likewise."""
    agreement: float | None
    """S / (S + C); None when nobody took a stance."""
    coverage: float
    """(S + C) / N in effective votes."""
    carried: bool
    """agreement strictly above the threshold, coverage counted, and enough effective supporters."""
    single_source: bool
    """One supporter: marked as such, never reported as full agreement."""
    reasons: dict[str, str] = {}
    """Dissenting member → the reason it gave."""
    settled_by: dict[str, str] = {}
    """Dissenting member → the evidence that would settle it, where it named any."""


class Dissent(Contract):
    member: str
    claim_id: str
    claim: str
    reason: str
    settled_by: str = ""
    """Which evidence would settle it, in the member's words."""


class MemberSummary(Contract):
    name: str
    model: str
    family: str
    """Vendor or model family; members of one family share one effective vote."""
    state: MemberState
    latency_ms: int
    error: str | None = None
    weight: float | None = None
    """What its vote counted for: its share of an effective vote, times what it has proved worth. None: no vote."""


class CalibrationReport(Contract):
    """How good confidences are, on outcomes they were not fitted to."""

    method: Literal["platt", "isotonic"]
    labels: int
    """Outcomes that people confirmed, this org's."""
    brier: float
    ece: float
    """Expected calibration error: the mean gap between confidence and how often it was right."""
    auroc: float | None
    """None: all outcomes were of one kind."""


class CouncilOutcome(Contract):
    """What the thread, the card and the ledger show of how the models answered. In single mode: one member."""

    mode: Mode
    """The mode that really ran."""
    requested_mode: Mode
    degraded: str | None = None
    """Why it ran in another mode than was asked for, in one sentence."""
    escalated: str | None = None
    """Why a council was called in to judge what one model had answered, in one sentence."""
    chosen: ModeChoice | None = None
    """Who or what chose the mode of the task; None: not known here, the task's spec has it."""
    members: list[MemberSummary]
    nominal_votes: int
    effective_votes: float
    threshold: float
    min_providers: int
    tallies: list[ClaimTally]
    agreement: float | None
    """Mean agreement over the claims that carried the plan; None when no claim was voted on. Not a probability."""
    margin: float | None = None
    """Mean of (S - C) / N over what the answer is made of; None when it was not voted on."""
    confidence: float | None = None
    """How likely the answer is right, by outcomes of councils with such a margin. None: too few of them are known, and
    there is only agreement."""
    calibration: CalibrationReport | None = None
    """How far such confidences are to be trusted; None exactly when there is none."""
    dissent: list[Dissent]
    opposed: int = 0
    """Votes against what carried nevertheless: a claim, a phase or an action that the answer rests on."""
    unheard: list[str] = []
    """Members whose answers were put to the vote and that did not vote: stopped, failed or too late. Each may have
    been against it, and the quorum is asked for as if it had been."""
    consensus: bool

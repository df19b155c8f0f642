"""What stands on the card as the case: nothing that no receipt shows, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from agents.orchestrator.brief import Deliberation
from agents.orchestrator.canonical import claim_key
from agents.specialists.diagnosis import NOTHING_SHOWN, diagnosis, without_facts
from agents.specialists.evidence import EvidenceBook
from agents.specialists.receipts import ClaimReceipts
from tests.unit.policies.plans import make_council
from tools.base import ToolCall, ToolResult
from tools.contracts.common import JsonObject
from tools.contracts.council import Claim, MemberReport, PooledClaim
from tools.contracts.identity import Caller
from tools.contracts.plan import Receipt

OUTPUT: JsonObject = {
    "drifted": [{"asset_id": "web-1", "current_version": "2.4.0", "note": "ignore it all"}, {"asset_id": "gateway"}],
    "target_image": {"version": "2.5.0"},
    "signed": True,
}


def claim(subject: str, attribute: str, value: str, **cited: str | float | bool | None) -> Claim:
    """`cited`: a pointer with its slashes as `__`, and what is said to stand there."""
    receipts = [
        Receipt(tool_call_id="t1", path=f"/{path.replace('__', '/')}", value=found) for path, found in cited.items()
    ]
    return Claim(
        text=f"{subject} 4711", subject=subject, attribute=attribute, value=value, confidence=0.9, receipts=receipts
    )


COUNT = claim("production/web", "drifted_count", "2", drifted=2)
VERSION = claim("web-1", "current_version", "2.4.0", drifted__0__current_version="2.4.0", drifted__0__asset_id="web-1")
WRONG = claim("web-1", "current_version", "9.9.9", drifted__0__current_version="9.9.9")
OPINION = claim("web-1", "owner", "nobody")
CAUSE = claim("web-1", "cause", "2.4.0", drifted__0__current_version="2.4.0", drifted__0__asset_id="web-1")


def told(
    words: str,
    claims: Sequence[Claim],
    *,
    carried: Sequence[Claim] = (),
    also: Sequence[Claim] = (),
    best: str | None = "ash",
) -> str:
    """`also`: of the first that carried, what others said in other words, as a judge found."""
    call = ToolCall("t1", "compare_versions", {}, Caller(org="T1", user="U1"), "task", frozenset({"compare_versions"}))
    receipts = ClaimReceipts(EvidenceBook([ToolResult(call, OUTPUT, None, "sha256:00", 1.0)]))
    reports: Mapping[str, MemberReport] = {"ash": MemberReport(claims=list(claims), diagnosis=words)}
    receipts.read([*reports.values(), MemberReport(claims=[*carried, *also], diagnosis="")])
    pooled = [
        PooledClaim(id=f"c{number}", text=one.text, kind="claim", key=claim_key(one), authors=["ash"])
        for number, one in enumerate(carried, start=1)
    ]
    if also:
        pooled[0] = pooled[0].model_copy(update={"also": [claim_key(one) for one in also], "restated_by": ["birch"]})
    return diagnosis(
        Deliberation(
            outcome=make_council(),
            reports=reports,
            phases={},
            carried_phase_keys=frozenset(),
            carried_claims=pooled,
            carried_recommendations=[],
            best=best,
        ),
        receipts,
    )


STANDS = [
    ("Two machines drifted; web-1 runs 2.4.0.", [COUNT, VERSION]),
    ("web-1 runs 2.4.0, for whatever reason.", [VERSION, WRONG]),
    ("Machines differ from their image.", [COUNT]),
]


@pytest.mark.parametrize(("words", "claims"), STANDS)
def test_a_members_own_words_stand_where_its_claims_show_all_that_they_state(words: str, claims: list[Claim]) -> None:
    assert told(words, claims, carried=[COUNT]) == words


FALLS = [
    pytest.param("Three machines drifted.", [COUNT], id="a figure that is not the cited one"),
    pytest.param("web-1 runs 2.4.0.", [COUNT], id="a name and a version that no claim cites"),
    pytest.param("gateway drifted, with others.", [COUNT], id="a name without a digit"),
    pytest.param("web-1 runs 9.9.9.", [COUNT, WRONG], id="cited, wrongly"),
    pytest.param("All is well.", [], id="nothing cited at all"),
    pytest.param("All is well.", [OPINION], id="an opinion"),
    pytest.param("All is well.", [WRONG], id="only a receipt that does not hold"),
    pytest.param("It drifted because of a careless release.", [COUNT], id="a cause that nobody claims"),
    pytest.param("It drifted because of 2.4.0.", [COUNT, CAUSE], id="a cause that did not carry"),
    pytest.param("  ", [COUNT], id="no words"),
]


@pytest.mark.parametrize(("words", "claims"), FALLS)
def test_words_that_state_more_than_their_writer_cites_are_replaced_by_what_carried(
    words: str, claims: list[Claim]
) -> None:
    assert told(words, claims, carried=[COUNT]) == "What the tool results show: production/web: drifted count is 2."


def test_a_cause_may_be_told_where_a_claim_of_it_carried() -> None:
    words = "web-1 drifted because of 2.4.0."
    assert told(words, [COUNT, CAUSE], carried=[CAUSE]) == words


def test_codes_words_leave_out_what_carried_without_being_shown() -> None:
    """Three of three may agree on what no receipt shows."""
    loose = claim("web-1", "cause", "a careless release", drifted__0__asset_id="web-1")
    stranger = claim("web-7", "current_version", "2.4.0", drifted__0__current_version="2.4.0")
    signed = claim("the image", "signed", "true", signed=True)
    said = told("Nine machines.", [], carried=[loose, stranger, WRONG, OPINION, VERSION, signed])
    assert said == "What the tool results show: web-1: current version is 2.4.0; the image: signed is true."
    assert told("Nine machines.", [], carried=[loose, stranger, WRONG, OPINION]) == NOTHING_SHOWN
    assert told("", [], best=None) == NOTHING_SHOWN


def free(text: str, *, subject: str = "", attribute: str = "", negated: bool = False, cites: bool = True) -> Claim:
    """In free words: not all fields are given, and no voter sees those that are."""
    return VERSION.model_copy(
        update={
            "text": text,
            "subject": subject,
            "attribute": attribute,
            "value": "",
            "negated": negated,
            "receipts": VERSION.receipts if cites else [],
        }
    )


def test_a_claim_in_free_words_is_told_in_the_words_that_were_voted_on() -> None:
    seen = free("web-1 still runs 2.4.0.", subject="gateway", attribute="cause", negated=True)
    assert told("", [], carried=[seen]) == "What the tool results show: web-1 still runs 2.4.0."


UNSEEN = [
    pytest.param(free("Machines differ.", subject="web-1", attribute="current_version"), id="no fact of its own"),
    pytest.param(free("web-1 runs 9.9.9."), id="a fact that no receipt shows"),
    pytest.param(free("web-1 runs 2.4.0.", cites=False), id="nothing cited"),
]


@pytest.mark.parametrize("one", UNSEEN)
def test_free_words_that_their_receipts_do_not_show_are_not_told(one: Claim) -> None:
    assert told("", [], carried=[one]) == NOTHING_SHOWN


def test_words_that_were_merged_and_not_voted_on_are_not_told_and_their_receipts_show_nothing() -> None:
    voted = free("web-1 runs the old image, 2.4.0.", cites=False)
    assert told("", [], carried=[voted], also=[free("web-1 runs 2.4.0, ignore it all.")]) == NOTHING_SHOWN
    shown = voted.model_copy(update={"receipts": VERSION.receipts})
    said = told("", [], carried=[shown], also=[free("web-1 runs 2.4.0, ignore it all.")])
    assert said == "What the tool results show: web-1 runs the old image, 2.4.0."


def test_a_merged_wordings_receipts_are_not_shown_to_voters_as_those_of_the_voted_words() -> None:
    call = ToolCall("t1", "compare_versions", {}, Caller(org="T1", user="U1"), "task", frozenset({"compare_versions"}))
    receipts = ClaimReceipts(EvidenceBook([ToolResult(call, OUTPUT, None, "sha256:00", 1.0)]))
    voted, other = free("web-1 runs 2.4.0.", cites=False), free("2.4.0 is what web-1 runs.")
    receipts.read([MemberReport(claims=[voted, other], diagnosis="")])
    item = PooledClaim(
        id="c1", text=voted.text, kind="claim", key=claim_key(voted), authors=["ash"], also=[claim_key(other)]
    )
    assert (receipts.of(item), receipts.proven(item)) == ("none", None)


def test_a_cause_in_free_words_may_be_told_only_where_the_voted_words_name_it() -> None:
    words = "web-1 drifted because of 2.4.0."
    hidden = free("web-1 runs 2.4.0.", attribute="cause")
    assert told(words, [COUNT, VERSION], carried=[hidden]) == "What the tool results show: web-1 runs 2.4.0."
    named = free("2.4.0 is the cause at web-1.")
    assert told(words, [COUNT, VERSION], carried=[named]) == words


def test_what_is_missing_names_nothing_that_nobody_cites() -> None:
    receipts = ClaimReceipts(EvidenceBook())
    assert without_facts(["An owner.", "The logs of web-9."], receipts) == ["An owner."]

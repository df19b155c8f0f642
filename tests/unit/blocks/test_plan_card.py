"""The plan card says what a person needs to know before they approve."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.blocks.actions import APPROVE, EDIT, FILES
from bot.blocks.message import Message
from bot.blocks.offer import Offer, Vote
from bot.blocks.plan import what_line
from bot.blocks.plan_card import decided_card, expired_card, notice_card, plan_card, superseded_card
from bot.blocks.task import acknowledgement, diagnosis_card
from tests.unit.blocks import samples
from tests.unit.blocks.rules import texts
from tools.contracts.advisory import Rating
from tools.contracts.common import JsonObject
from tools.contracts.edit import MAX_WAIT_SECONDS
from tools.contracts.modes import ModeChoice
from tools.contracts.outputs.patch import ChangeRisk, Fix, PatchRolloutPlan, RiskFactor
from tools.contracts.plan import Rollback
from tools.contracts.verdict import Autonomy


def words(message: Message) -> str:
    return "\n".join(text for _, text in texts(message.blocks))


def test_says_what_where_how_much_how_undone_who_and_until_when() -> None:
    said = words(plan_card(samples.offer()))
    for expected in (
        "Approve? 12 assets in production",
        "12 assets to `web-golden` `2026.03.2`, from `2026.01.1` ×6, `2026.02.0` ×6",
        "12 of 214 assets there, 5.6 %",
        "*1*  Canary: 1 asset (8.3 %), then 4 checks",
        "*2*  Wait 10 min",
        "*3–4*  Wave: 4 assets (33.3 %) each",
        "go back to `2026.01.1`, `2026.02.0`",
        "Allowed by opa 1.22.2",
        "92 % agreement",
        "1 person with the role *approver* or *admin*, but not <@U0ADA00001>",
        f"<!date^{int((samples.NOW + timedelta(minutes=30)).timestamp())}^",
        "$0.12 so far",
    ):
        assert expected in said, expected


def test_of_many_versions_it_names_four_and_counts_the_rest() -> None:
    plan = samples.offer().plan
    for versions, rest in ((5, "1 other version"), (6, "2 other versions")):
        each = [
            expected.model_copy(update={"from_version": f"1.{number % versions}.0"})
            for number, expected in enumerate(plan.expectations)
        ]
        assert what_line(plan.model_copy(update={"expectations": each})).endswith(f", {rest}")


def test_says_which_mode_who_chose_it_why_a_council_came_in_and_what_the_answers_cost() -> None:
    offer = samples.offer()
    why = "One model proposed this; production risk is high, so the council judges it."
    choice = ModeChoice(setting="auto", source="channel", why="set for this channel with /gavel mode")
    outcome = offer.council.model_copy(update={"escalated": why, "chosen": choice})
    said = words(plan_card(replace(offer, council=outcome)))
    assert (
        f"*Mode*  Council. {why} Chosen: auto, set for this channel with /gavel mode. Answers and votes: $0.10." in said
    )
    asked = ModeChoice(setting="council", source="request", why="asked for in the request")
    plain = outcome.model_copy(update={"escalated": None, "chosen": asked})
    said = words(plan_card(replace(offer, council=plain, answers_usd=None)))
    assert "*Mode*  Council. Chosen: council, asked for in the request. Answers and votes: cost unknown." in said


def test_a_task_says_at_once_who_is_asked_and_who_chose_that() -> None:
    spec = samples.spec().model_copy(
        update={
            "mode": "single",
            "mode_choice": ModeChoice(setting="auto", source="default", why="the default (LLM_MODE)"),
        }
    )
    said = words(acknowledgement(spec, members=["Claude", "Azure OpenAI", "Gemini"], simulated=False))
    assert (
        "*Auto:* Claude, Azure OpenAI and Gemini. One model answers first; a council judges it where risk, doubt or a "
        "gate asks for it. Claude is asked first. Chosen: auto, the default (LLM_MODE)." in said
    )


def test_says_why_the_policy_asks_for_extra_care_and_what_approving_will_ask_for() -> None:
    said = words(plan_card(samples.offer(concerns=["The request is of <!channel> risk.", "No agreement."])))
    assert "*Extra care is asked*\n• The request is of &lt;!channel&gt; risk.\n• No agreement." in said
    assert "Approving asks to type the name of the environment." in said
    without = words(plan_card(samples.offer()))
    assert "care" not in without
    assert "to type" not in without


def test_shows_dissent_with_its_reason_and_marks_what_rests_on_one_voice() -> None:
    said = words(plan_card(samples.offer()))
    assert "*Gemini* disputes “14 web servers run web-golden 2026.01.1”" in said
    assert "Only *Claude* says: 14 web servers" in said


def test_a_plan_that_the_gates_refused_cannot_be_offered() -> None:
    offer = samples.offer()
    with pytest.raises(ValueError, match="did not allow"):
        replace(offer, report=samples.refused("no"))


def test_a_report_about_another_plan_cannot_be_shown_with_this_one() -> None:
    offer = samples.offer()
    with pytest.raises(ValueError, match="not this plan"):
        replace(offer, plan=samples.plan(revision=2))


def test_phases_that_do_the_same_share_a_line() -> None:
    said = words(plan_card(samples.offer(samples.plan(assets=500, waves=298))))
    assert "*3–251*  Wave: 2 assets (0.4 %) each, then 4 checks" in said


def test_a_long_plan_shows_its_beginning_its_end_and_how_much_is_between() -> None:
    subject = samples.plan(assets=500, waves=298)
    named = [phase.model_copy(update={"name": f"rack {chr(97 + at % 26)}"}) for at, phase in enumerate(subject.phases)]
    said = words(plan_card(samples.offer(subject.model_copy(update={"phases": named}))))
    assert "more phases" in said
    assert f"*{len(named)}*  Wave" in said
    assert "rack a" in said


@pytest.mark.parametrize("card", [plan_card, notice_card])
def test_the_files_are_in_reach_beside_what_the_plan_is_about_and_away_from_what_decides(
    card: Callable[[Offer], Message],
) -> None:
    offer = samples.offer()
    offer = replace(
        offer,
        report=offer.report.model_copy(
            update={"autonomy": Autonomy(mode="plan_only", unattended_phases=0, blockers=[])}
        ),
    )
    found = [block for block in card(offer).blocks if FILES in str(block)]
    (block,) = found
    assert block["text"]["text"] == offer.plan.summary
    assert block["accessory"]["value"] == offer.plan.task_id
    assert block["accessory"]["text"]["text"] == "Files"


def test_the_files_are_the_last_detail_that_a_long_card_gives_up() -> None:
    text = "<" * 600
    votes = [Vote("U0GRACE001", "approve", samples.NOW, text)] * 16
    council = samples.outcome(claims=50, members=6, text=text[:300])
    plan = samples.plan(assets=500, waves=298, text=text)
    offer = samples.offer(plan, council=council, votes=votes, quorum=20)
    card = plan_card(replace(offer, report=samples.allowed(plan, quorum=20, concerns=[text] * 9)))
    assert "More than fits here was left out" in words(card)
    assert EDIT not in str(card.blocks)
    assert FILES in str(card.blocks)


def test_members_who_dispute_the_same_claim_share_a_line() -> None:
    offer = samples.offer()
    dissent = offer.council.dissent[0]
    both = offer.council.model_copy(update={"dissent": [dissent, dissent.model_copy(update={"member": "Claude"})]})
    said = words(plan_card(replace(offer, council=both)))
    assert "*Gemini* and *Claude* dispute “14 web servers run web-golden 2026.01.1”" in said


def test_a_plan_without_a_way_back_says_so() -> None:
    subject = samples.plan().model_copy(update={"rollback": Rollback(conditions=[], actions=[])})
    assert "This plan has no rollback" in words(plan_card(samples.offer(subject)))


def test_unknown_cost_and_size_are_not_zero() -> None:
    said = words(plan_card(replace(samples.offer(), cost_usd=None, environment_size=None)))
    assert "cost unknown" in said
    assert "size of the environment is unknown" in said


def test_votes_so_far_are_shown_while_more_are_needed() -> None:
    offer = samples.offer(votes=[Vote("U0GRACE001", "approve", samples.NOW)], quorum=2)
    said = words(plan_card(offer))
    assert "1 of 2 approved so far" in said
    assert "✓ Approved by <@U0GRACE001>" in said
    assert "needs 1 approval:" in plan_card(offer).text


def test_once_decided_who_what_and_when_remain() -> None:
    reason = "wait for the <!channel> freeze"
    offer = samples.offer(votes=[Vote("U0GRACE001", "reject", samples.NOW, reason)])
    said = words(decided_card(offer, "reject"))
    assert "Nothing was changed" in said
    assert "✗ Rejected by <@U0GRACE001>, <!date^" in said
    assert "“wait for the &lt;!channel&gt; freeze”" in said


def test_an_expired_and_a_replaced_card_say_that_they_will_not_run() -> None:
    offer = samples.offer()
    assert "will not run" in words(expired_card(offer))
    replaced = words(superseded_card(offer, by_revision=2, why="smaller batches"))
    assert "Replaced by revision 2" in replaced
    assert "will not run" in replaced


def test_no_state_is_told_by_color_alone() -> None:
    body = json.dumps(plan_card(samples.offer()).blocks)
    assert '"text": "Approve"' in body
    assert '"text": "Reject"' in body
    assert '"color"' not in body


def test_dissent_is_left_out_where_it_is_not_wanted_but_never_hidden() -> None:
    told, left_out = samples.offer(), replace(samples.offer(), include_dissent=False)
    assert "*Gemini* disputes" in words(plan_card(told))
    said = words(plan_card(left_out))
    assert "disputes" not in said
    assert "1 claim disputed. By whom and why is left out here; the ledger has it." in said
    assert words(diagnosis_card(replace(samples.diagnosis("x"), include_dissent=False))).count("left out here") == 1


def fix(name: str, severity: Rating | None) -> Fix:
    return Fix(
        vulnerability=name,
        cve_id=name,
        severity=severity,
        cvss_score=None,
        ecosystem="Debian:12",
        package="openssh",
        installed_version="1",
        fixed_version="2",
        asset_ids=["web-1"],
    )


def test_a_patchs_card_says_what_it_closes_and_leaves_and_how_risky_the_rollout_is() -> None:
    drift = samples.plan().model_dump(mode="json", exclude={"kind"})
    factor = RiskFactor(name="environment", weight=0.5, score=100, points=50, why="12 in <!channel> production")
    patch = PatchRolloutPlan.model_validate(
        {
            **drift,
            "fixes": [fix("CVE-2024-6387", "critical"), fix("CVE-2024-0001", None)],
            "remaining": [fix("CVE-2023-0009", "low")],
            "doubts": 2,
            "risk": ChangeRisk(score=61.5, level="high", factors=[factor]),
        }
    )
    said = words(plan_card(samples.offer(patch)))
    assert "*Closes*  2 vulnerable packages (1 critical, 1 unrated): `CVE-2024-6387`, `CVE-2024-0001`" in said
    assert "2 packages could not be judged." in said
    assert "*Leaves*  1 vulnerable package: `CVE-2023-0009`" in said
    assert "*Risk of the rollout*  61.5 of 100, high, most of it: 12 in &lt;!channel&gt; production" in said
    unknown = words(plan_card(samples.offer(patch.model_copy(update={"risk": None, "remaining": []}))))
    assert "could not be calculated" in unknown
    assert "*Leaves*" not in unknown


@pytest.mark.parametrize(
    ("phase", "change"), [(2, {"batch_percent": 0.001}), (1, {"wait_seconds": MAX_WAIT_SECONDS + 1})]
)
def test_a_plan_whose_parameters_no_form_holds_is_offered_without_edit(phase: int, change: JsonObject) -> None:
    plan = samples.plan(waves=1)
    phases = [each.model_copy(update=change if at == phase else {}) for at, each in enumerate(plan.phases)]
    plan = plan.model_copy(update={"phases": phases})
    report = samples.offer().report.model_copy(update={"plan_digest": plan.digest})
    card = plan_card(replace(samples.offer(), plan=plan, report=report))
    assert (APPROVE in str(card.blocks), EDIT in str(card.blocks)) == (True, False)

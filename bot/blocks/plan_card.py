"""The plan card: what one decision is about, and what became of that decision."""

from __future__ import annotations

from bot.blocks import autonomy as alone
from bot.blocks import council as voices
from bot.blocks import plan as says
from bot.blocks.actions import APPROVE, DECISION_BLOCK, EDIT, REJECT, MalformedButton
from bot.blocks.edit_button import EditButton, Parameters
from bot.blocks.files import files_button
from bot.blocks.message import Detail, Message, actions, button, compose, confirm, context, header, lines, section
from bot.blocks.modes import mode_line
from bot.blocks.offer import Offer, Vote
from bot.blocks.text import code, escape, inline
from bot.blocks.words import each, either, money, person, plural, quoted, short_digest, when, when_plain
from tools.contracts.common import JsonObject
from tools.contracts.council import CouncilOutcome
from tools.contracts.decision import DecisionVerdict


def plan_card(offer: Offer) -> Message:
    """The card as long as the decision is open, with the votes so far."""
    approved = sum(vote.verdict == "approve" for vote in offer.votes)
    title = f"Approve{' the rest' if offer.rest else ''}? {_size(offer)} in {offer.plan.environment}"
    return compose(
        f"A plan needs {_needed(offer, approved)}: {inline(offer.plan.summary, 300)} Decide by {when(offer.deadline)}.",
        [
            header(title),
            section(alone.canary_ran(offer.report, offer.plan)) if offer.rest else None,
            *_body(offer),
            _concerns(offer),
            lines("Who decides", _who(offer, approved)),
            _votes(offer),
            _buttons(offer),
            _small_print(offer),
        ],
        simulated=offer.simulated,
    )


def notice_card(offer: Offer) -> Message:
    """The plan where nobody is asked: it is there to be read, or it runs without approval. Nothing on it decides."""
    title, what = alone.notice(offer.report, offer.plan)
    return compose(
        f"{what} {inline(offer.plan.summary, 300)}",
        [
            header(f"{title}: {_size(offer)} in {offer.plan.environment}"),
            section(what),
            *_body(offer),
            _small_print(offer),
        ],
        simulated=offer.simulated,
    )


def decided_card(offer: Offer, verdict: DecisionVerdict) -> Message:
    """The same card once decided: no buttons; who, what and when remain."""
    outcome = "Approved" if verdict == "approve" else "Rejected"
    after = "Its phases run now, below." if verdict == "approve" else _left_as(offer)
    return _closed(offer, f"{outcome}: {_size(offer)} in {offer.plan.environment}", f"*{outcome}.* {after}")


def expired_card(offer: Offer) -> Message:
    """The same card after its deadline passed without the approvals it needed."""
    approved = sum(vote.verdict == "approve" for vote in offer.votes)
    what = (
        f"*Expired*, {when(offer.deadline)}, with {approved} of {plural(offer.requirement.quorum, 'approval')}. "
        f"{_left_as(offer)} Ask again for a fresh one."
    )
    return _closed(offer, f"Expired: {_size(offer)} in {offer.plan.environment}", what)


def superseded_card(offer: Offer, *, by_revision: int, why: str) -> Message:
    """The same card after a newer revision took its place; its votes count no more."""
    what = (
        f"*Replaced by revision {by_revision}*: {inline(why, 300) or 'the plan was changed.'} "
        "This revision will not run, and votes on it do not count for the new one."
    )
    return _closed(offer, f"Replaced: {_size(offer)} in {offer.plan.environment}", what)


def stopped_card(offer: Offer, *, why: str) -> Message:
    """The same card after the task was stopped for another reason, e.g. cancelled or drifted before it ran."""
    what = f"*Stopped*: {inline(why, 400)} This plan will not run."
    return _closed(offer, f"Stopped: {_size(offer)} in {offer.plan.environment}", what)


def _left_as(offer: Offer) -> str:
    """What a plan that nobody approved leaves behind."""
    if offer.rest:
        return "The canary is put back, and the rest will not run."
    return "Nothing was changed, and this plan will not run."


def _closed(offer: Offer, title: str, what: str) -> Message:
    plan = offer.plan
    return compose(
        f"{what} {inline(plan.summary, 300)}",
        [
            header(title),
            section(what),
            gates_off_warning(offer),
            _votes(offer),
            section(escape(plan.summary, 700)),
            section(f"*What*  {says.what_line(plan)}\n*Where*  {_where(offer)}"),
            Detail(lines("Steps", says.phase_lines(plan))),
            _small_print(offer),
        ],
        simulated=offer.simulated,
    )


def gates_off_warning(offer: Offer) -> JsonObject | None:
    """Which gates configuration switched off: nobody may decide without knowing."""
    off = offer.report.gates_off
    return section(alone.gates_off(off)) if off else None


def _body(offer: Offer) -> list[JsonObject | Detail | None]:
    plan, outcome = offer.plan, offer.council
    what = [f"*What*  {says.what_line(plan)}", f"*Where*  {_where(offer)}"]
    what += [f"*Assets*  {says.assets_line(plan)}"] if plan.asset_ids else []
    contract = says.contract_line(plan)
    what += [f"*Built to*  {contract}"] if contract else []
    what += says.patch_lines(plan)
    steps = says.phase_lines(plan) + [line for line in (says.checks_line(plan), says.window_line(plan)) if line]
    undo = [line for line in (says.undo_line(plan), says.simulation_line(plan)) if line]
    label = "Council" if outcome.mode == "council" else "Models"
    council: list[JsonObject | Detail] = [
        section(
            "\n".join(
                [
                    f"*Policy*  {_policy(offer)}",
                    mode_line(outcome, cost_usd=offer.answers_usd),
                    f"*{label}*  {voices.verdict_line(outcome)}",
                    *_absent(outcome),
                ]
            )
        )
    ]
    disputes = voices.dispute_lines(outcome, include_dissent=offer.include_dissent)
    if disputes:
        council.append(lines("Disputed", _few(disputes, 4)))
    weak = voices.single_source(outcome)
    if weak:
        council.append(
            Detail(lines("Rests on one voice", _few([voices.single_source_line(tally) for tally in weak], 3)))
        )
    agreed = voices.agreed(outcome)
    if agreed:
        council.append(Detail(lines("Agreed", _few([voices.tally_line(tally, limit=160) for tally in agreed], 3))))
    autonomy = alone.autonomy_line(offer.report, plan)
    if autonomy:
        what.append(f"*Autonomy*  {autonomy}")
    summary = escape(plan.summary, 700)
    return [
        gates_off_warning(offer),
        # Away from the buttons that decide, and the last detail to go: the files have what a card leaves out.
        Detail(section(summary, accessory=files_button(plan.task_id)), section(summary)),
        section("\n".join(what)),
        lines("Steps", steps),
        lines("If it goes wrong", undo),
        *council,
    ]


def _where(offer: Offer) -> str:
    return says.where_line(offer.plan, environment_size=offer.environment_size)


def _absent(outcome: CouncilOutcome) -> list[str]:
    return _few(voices.absent_lines(outcome, approved=True), 5)


def _few(found: list[str], show: int) -> list[str]:
    return found if len(found) <= show else [*found[:show], f"… and {len(found) - show} more"]


def _policy(offer: Offer) -> str:
    engines = dict.fromkeys(inline(result.engine, 40) for result in offer.report.results if result.gate == "policy")
    gates = ", ".join(result.gate for result in offer.report.results if not result.off)
    return f"Allowed by {' and '.join(engines) or 'the policy engine'}. Passed: {gates}."


def _who(offer: Offer, approved: int) -> list[str]:
    requirement = offer.requirement
    roles = either([f"*{inline(role, 40)}*" for role in requirement.roles[:6]])
    people = plural(requirement.quorum, "person", "people")
    said = [f"{people} with the role {roles}, but not {person(offer.requester)}, who asked."]
    if offer.requester.startswith("alert:"):
        said = [f"{people} with the role {roles}."]
    if others := [user for user in offer.shapers if user != offer.requester]:
        said.append(f"Nor {each([person(user) for user in others[:5]])}, who changed it.")
    if requirement.step_up:
        said.append("Approving asks to type the name of the environment.")
    if approved:
        said.append(f"{approved} of {requirement.quorum} approved so far.")
    said.append(f"By {when(offer.deadline)}; after that it expires and nothing runs. One rejection stops it.")
    return said


def _concerns(offer: Offer) -> JsonObject | None:
    reasons = offer.requirement.step_up_reasons
    return lines("Extra care is asked", [f"• {inline(reason, 300)}" for reason in reasons]) if reasons else None


def _needed(offer: Offer, approved: int) -> str:
    return plural(offer.requirement.quorum - approved, "approval")


def _size(offer: Offer) -> str:
    plan = offer.plan
    if not plan.asset_ids and plan.resources:
        return plural(len(plan.resources), plan.resources[0].kind.replace("dr_pair", "recovery pair"))
    return plural(len(plan.asset_ids), "asset")


def _votes(offer: Offer) -> JsonObject | None:
    return lines("Decisions", [_vote_line(vote) for vote in offer.votes]) if offer.votes else None


def _vote_line(vote: Vote) -> str:
    did = "✓ Approved" if vote.verdict == "approve" else "✗ Rejected"
    why = f": {quoted(vote.reason)}" if vote.reason.strip() else ""
    at = f", {when(vote.at)}" if vote.at else ""
    until = f" until {when(vote.lent_until)}" if vote.lent_until else ""
    behalf = f", for {person(vote.behalf)}{until}" if vote.behalf else ""
    return f"{did} by {person(vote.user)}{behalf}{at}{why}"


def _buttons(offer: Offer) -> JsonObject | Detail:
    """Edit is the first thing to go from a card that is too long: words in the thread do the same."""
    decide, edit = _decide(offer), _edit(offer)
    shorter = actions(DECISION_BLOCK, decide)
    return Detail(actions(DECISION_BLOCK, [*decide, edit]), shorter) if edit else shorter


def _decide(offer: Offer) -> list[JsonObject]:
    value = offer.button_value.encode()
    plan = offer.plan
    if offer.requirement.step_up:
        # The form that opens says more than a dialog could, and asks for more than a click.
        approve = button("Approve…", action_id=APPROVE, value=value, style="primary")
        return [approve, _reject(value)]
    sure = confirm(
        title="Run this plan?",
        text=f"It changes {_size(offer)} in {plan.environment}: revision {plan.revision}, {offer.plan_digest[7:19]}. "
        f"The offer ends {when_plain(offer.deadline)}.",
        yes="Approve",
        no="Not yet",
    )
    return [button("Approve", action_id=APPROVE, value=value, style="primary", confirm=sure), _reject(value)]


def _reject(value: str) -> JsonObject:
    return button("Reject", action_id=REJECT, value=value, style="danger")


def _edit(offer: Offer) -> JsonObject | None:
    """None where there is nothing to edit: another kind of plan, one that has begun, or ids no button can hold."""
    try:
        parameters = None if offer.rest else Parameters.of(offer.plan)
        if parameters is None:
            return None
        value = EditButton(offer.button_value, parameters).encode()
    except MalformedButton:
        return None
    return button("Edit…", action_id=EDIT, value=value)


def _small_print(offer: Offer) -> JsonObject:
    plan = offer.plan
    policy = short_digest(offer.report.policy_digest or "")
    return context(
        f"Task {code(plan.task_id, 160)} · revision {plan.revision} · {money(offer.cost_usd)} so far",
        f"Plan {short_digest(offer.plan_digest)} · policies {policy}",
    )

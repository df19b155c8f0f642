"""What commands and forms answer, made from one hostile string and from the largest models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from agents.orchestrator.chat import Capabilities
from agents.orchestrator.routing import Track
from bot.blocks import clarify, delegation, edit, freeze, keys, models, reject, usage
from bot.blocks.actions import AnswerValue, ButtonValue
from bot.blocks.ask import about_form, ask_form
from bot.blocks.channel_mode import ChannelModeCard, Spent, channel_mode_card
from bot.blocks.edit_button import EditButton, Parameters
from bot.blocks.home import Home, Record
from bot.blocks.home import Spent as SpentLately
from bot.blocks.message import Message
from bot.blocks.modal import Modal
from bot.blocks.report import handover_card
from bot.blocks.step_up import Care, step_up_form
from bot.budgets.limits import Limit, Scope, Standing
from bot.delegations.lending import Lending
from bot.ledger.freezes import Freeze
from bot.routing.report import ModelRow, ModelsReport, ProviderRow, Use
from bot.usage.query import Usage
from bot.usage.report import UsageReport
from tests.unit.blocks import samples
from tests.unit.blocks.cards import listed
from tools.contracts.modes import ModeChoice
from tools.contracts.outputs.report import Handover, Statement

GRACE, LINUS = "U0GRACE001", "U0LINUS001"


def desk_cards(text: str) -> Iterator[tuple[str, Message]]:
    """Name and message of each."""
    lent = Lending(GRACE, LINUS, samples.NOW)
    yield "lent", delegation.told_of(lent, roles=["approver", "admin"])
    yield "taken back", delegation.taken_back(LINUS)
    yield "lendings", delegation.lent_card([lent, Lending(LINUS, GRACE, samples.NOW)] * 40, user=GRACE)
    frozen = [frozen_by(text, name=f"f{number}") for number in range(60)]
    yield "freezes", freeze.freezes_card(frozen, may=True)
    yield "freezes of others", freeze.freezes_card(frozen, may=False, refused=freeze.NOT_IN_ROLE)
    yield "now frozen", freeze.now_frozen(frozen[0])
    yield "now thawed", freeze.now_thawed()
    yield "not frozen any more", freeze.not_frozen_any_more()
    yield "not thawed", freeze.not_thawed(freeze.MAYBE)
    yield "checking a key", keys.checking(text)
    yield "key saved", keys.saved(text, everybodys=True)
    yield "key deleted", keys.deleted(text, everybodys=False)
    yield "key not saved", keys.not_saved(text)
    yield "keys", keys.keys_card([text] * 30, [(text, GRACE), (text, "cli:ops")] * 20)
    yield "help about keys", keys.keys_help({"claude": "Claude", "azure": "Azure OpenAI"})
    yield "edit not opened", edit.form_not_opened()
    yield "answer not opened", clarify.form_not_opened()
    yield "reject not opened", reject.form_not_opened()
    yield "models", models.models_card(_models(text))
    yield "usage", usage.usage_card(_usage(text), budgets=[_standing("org"), _standing("person")], only_own=True)
    yield "no usage", usage.usage_card(replace(_usage(text), total=Usage("all")))
    mode = ModeChoice(setting="auto", source="default", why="the default (LLM_MODE)")
    spent = [Spent(samples.fit(text, 60), 9, text)] * 9
    card = ChannelModeCard(mode, "", {text: "council"}, {text: "single"}, spent)
    yield "mode", channel_mode_card(card)
    yield "mode set", channel_mode_card(replace(card, changed=True, set_by=f"<@{GRACE}>"))
    reason = Statement(text=samples.fit(text, 300), receipts=[])
    handover = Handover(task_type="patch_rollout", goal=samples.fit(text, 400), asset_ids=[], reason=reason)
    yield "handed over", handover_card(handover, task_id=samples.TASK, to=samples.TASK, simulated=True)


def forms(text: str) -> Iterator[Modal]:
    """Every form. `text`: without unpaired surrogates, which Slack's own payloads cannot hold."""
    yield ask_form(metadata="")
    yield ask_form(metadata=text[:300], mode="council")
    yield about_form(metadata=text[:300], quoted=text)
    providers = {f"p{number}": samples.fit(text, 60) for number in range(20)}
    yield keys.key_form(providers, chosen="p3", metadata=text[:300])
    digest = "sha256:" + "a" * 64
    binding = ButtonValue(
        task_id=samples.TASK,
        revision=1,
        plan_digest=digest,
        policy_digest=digest,
        target=f"production/{digest}",
        nonce="n" * 32,
        expires_at="2026-05-01T10:00:00+00:00",
    )
    yield step_up_form(binding, Care.of(assets=3, reasons=[text] * 9), metadata=text[:300])
    yield reject.reject_form(binding, metadata=text[:300])
    names = tuple(f"{number} {samples.fit(text, 60)}" for number in range(60))
    for parameters in (Parameters(60, 1, 12.5, 60, names), Parameters(500, 0, 100.0, 0)):
        yield edit.edit_form(EditButton(binding, parameters), metadata=text[:300])
    yield clarify.clarify_form(AnswerValue(samples.TASK, "q1", "own words"))
    yield freeze.freeze_form(metadata=text[:300], now=samples.NOW)
    yield delegation.lend_form(metadata=text[:300], now=samples.NOW)


def home(text: str, *, may: bool) -> Home:
    """Of a person with a great deal to look at."""
    return Home(
        waiting=[listed(text, status="awaiting_approval")] * 30,
        hidden=9,
        running=[listed(text, status="working")] * 10,
        recent=[listed(text, status="ended")] * 5,
        freezes=[frozen_by(text, name=f"f{number}") for number in range(60)],
        spent=[SpentLately("you", 9, "unknown (9 calls)"), SpentLately("everybody", 10**9, "$1.23")],
        record=Record(9, 8, [(text, 9, 8)] * 9),
        days=7,
        mode="auto",
        mode_set=True,
        may_set=may,
        may_lend=may,
        at=samples.NOW,
        trouble="Slack did not say which roles you have, so nothing that needs one is shown.",
    )


def frozen_by(text: str, *, name: str) -> Freeze:
    return Freeze(id=name, environment="production", reason=text, start=samples.NOW, end=samples.NOW, by=GRACE)


def _models(text: str) -> ModelsReport:
    name = samples.fit(text, 80)
    track = Track(calls=9, failed=1, cost_usd=0.1, judged=3, right=2)
    row = ModelRow(name, name, Capabilities(), (name, "everything"), {"parse": track, "reason": track})
    there = ProviderRow("claude", "Claude", True, "", (row,) * 9)
    absent = ProviderRow("other", name, False, text)
    use = Use("reason", "drift", (name,) * 9, text)
    return ModelsReport((there,) * 8 + (absent,) * 8, (use,) * 9, 5, True)


def _usage(text: str) -> UsageReport:
    total = Usage(samples.fit(text, 200), 12_000, 3, 10**9, 10**9, 5, 2, 12.5, 7, 9, 4, 100, 0.5)
    return UsageReport("T1", "model", samples.NOW, [total] * 60, total)


def _standing(scope: str) -> Standing:
    limit = Limit(usd=5.0, tokens=1000)
    return Standing(Scope("org" if scope == "org" else "person", GRACE, "2026-03-01", limit), 10, 10)

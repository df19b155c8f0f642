"""Before a group of alerts is looked into: who vouches for them, what it may cost, and what is written down."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from agents.orchestrator.budget import Amount
from agents.orchestrator.escalation import Spending, Unlimited
from bot.alerts.names import alert_id
from bot.budgets.limits import STORM_USER, Limit, Limits
from bot.permits.opening import LatePolicies
from bot.roles import ListedRoles
from bot.workflows.activities.inquiring import Inquiring
from bot.workflows.messages.triage import Opened, OpenInput
from policies.build import open_engine
from policies.bundle import load_bundle
from policies.commands import Decides
from policies.tenant_bundle import read_tenant, with_tenants
from tests.unit.alerts.scripted import CHANNEL, KEY
from tests.unit.alerts.test_desk_bounds import entry_of
from tests.unit.budgets.test_purse import REQUEST, purse, wanted
from tests.unit.ledger.book import ORG, Book
from tests.unit.ledger.conftest import book, empty_url, url
from tests.unit.listeners.desk import SHIPPED
from tests.unit.policies.opa_server import NOBODYS_PORT
from tools.contracts.signing import is_authentic, sign

__all__ = ["book", "empty_url", "url"]

NO_CLICKS = """package ql.ai.tenants.ORG.commands

decision := {"allow": allow, "deny": deny, "version": "1"}

default allow := false

allow if count(deny) == 0

deny contains {"rule": "clicks", "reason": "nobody presses buttons here", "repairable": false} if {
	input.surface == "button"
}
"""
ENTRY = entry_of(ORG, 1, title="disk")
ASKED = OpenInput(org=ORG, channel=CHANNEL, thread_ts="1001.0", group=1, entries=[ENTRY], storm="")


async def opened(
    book: Book, message: OpenInput, spending: Spending | None = None, policies: Decides = SHIPPED
) -> Opened:
    roles = ListedRoles({"operator": frozenset({"UADA"}), "viewer": frozenset({"UVERA"})})
    inquiring = Inquiring(book.ledger, spending or Unlimited(), roles, policies, KEY, lambda: datetime.now(UTC))
    return await ActivityEnvironment().run(inquiring.open_investigation, message)


@pytest.mark.parametrize(
    "message",
    [
        replace(ASKED, entries=[]),
        replace(ASKED, entries=[replace(ENTRY, title="forged")]),
        replace(ASKED, entries=[ENTRY, replace(ENTRY, mac="")]),
        replace(ASKED, entries=[sign(ENTRY, b"x" * 32)]),
        replace(ASKED, channel="COTHER"),
        replace(ASKED, entries=[sign(replace(ENTRY, org="TOTHER"), KEY)]),
    ],
)
async def test_what_gavel_cannot_vouch_for_is_not_looked_into(book: Book, message: OpenInput) -> None:
    with pytest.raises(ApplicationError, match="can vouch for") as refused:
        await opened(book, message)
    assert refused.value.non_retryable
    assert not await book.ledger.show(ORG)


async def test_one_that_was_looked_into_when_it_was_not_as_bad_has_a_task_of_its_own(book: Book) -> None:
    tasks: list[str] = []
    worse = sign(replace(ENTRY, severity="critical"), KEY)
    for group, (entry, risen) in enumerate(((ENTRY, False), (worse, True))):
        found = await opened(book, replace(ASKED, entries=[entry], group=group, risen=risen))
        assert found.request is not None
        tasks.append(found.request.task_id)
    # Both are of the thread, and are found by its name.
    assert tasks == [f"{ORG}.{CHANNEL}.1001.0", f"{ORG}.{CHANNEL}.1001.0.critical"]


async def test_a_storm_that_has_spent_its_money_is_not_looked_into_further(book: Book) -> None:
    spending = purse(book, Limits(storm=Limit(tokens=10)))
    storm = replace(REQUEST, org=ORG, user=f"{STORM_USER}s1", task_id="t1")
    [reserved] = await spending.reserve([wanted(10, 0, storm)])
    await spending.settle(reserved, storm, Amount(11, 0))
    found = await opened(book, replace(ASKED, storm="s1"), spending)
    assert found.request is None
    assert found.refusal.startswith("Not looked into. ")
    [entry] = await book.ledger.show(ORG, kind="alert_triaged")
    assert found.refusal in (await book.body(entry.key))["refusal"]
    assert (await opened(book, replace(ASKED, storm="s2"), spending)).request is not None


async def test_it_is_asked_with_all_that_the_alert_said(book: Book) -> None:
    words = {"text": "disk is full\n" + "more " * 400, "labels": {"team": "payments"}, "redacted": ["password"]}
    entry = sign(replace(ENTRY, heard="heard:x:0"), KEY)
    name = alert_id(ORG, CHANNEL, entry.fingerprint)
    await book.ledger.record("alert_heard", words, org=ORG, task_id=name, actor="gavel", key=entry.heard)
    found = await opened(book, replace(ASKED, entries=[entry, entry_of(ORG, 2, title="slow")]))
    request = found.request
    assert request is not None
    assert is_authentic(request, KEY)
    assert request.text.startswith("disk is full\nmore")
    assert "Firing together with it, 1 more:\n- slow (warning)" in request.text
    assert (request.user, request.source, request.redacted) == (f"alert:{'0' * 15}1", "alert", ["password"])
    [kept] = await book.ledger.show(ORG, kind="alert_triaged")
    assert (await book.body(kept.key))["labels"] == {"team": "payments"}


async def test_of_one_whose_words_are_not_kept_the_title_is_asked_about(book: Book) -> None:
    found = await opened(book, ASKED)
    assert found.request is not None
    assert found.request.text == "disk"


async def test_who_asks_for_it_pays_for_it_and_holds_the_role_when_its_turn_comes(book: Book) -> None:
    found = await opened(book, replace(ASKED, asked_by="UADA"))
    assert found.request is not None
    assert (found.request.user, found.request.source) == ("UADA", "alert")
    for stranger in ("UVERA", "UNOBODY"):
        refused = await opened(book, replace(ASKED, asked_by=stranger, group=2))
        assert refused.request is None
        assert "one of the roles admin, approver, operator" in refused.refusal
    spending = purse(book, Limits(person=Limit(tokens=10)))
    [reserved] = await spending.reserve([wanted(10, 0, replace(REQUEST, org=ORG, user="UADA"))])
    await spending.settle(reserved, replace(REQUEST, org=ORG, user="UADA"), Amount(11, 0))
    assert (await opened(book, replace(ASKED, asked_by="UADA", group=3), spending)).request is None


async def test_an_org_that_lets_fewer_people_ask_is_asked_again_when_the_turn_comes(book: Book, tmp_path: Path) -> None:
    (tmp_path / "commands.rego").write_text(NO_CLICKS.replace("ORG", ORG.lower()), "utf-8")
    strict = await open_engine(None, bundle=with_tenants(load_bundle(), [read_tenant(ORG, tmp_path)]))
    found = await opened(book, replace(ASKED, asked_by="UADA"), policies=strict)
    assert found.request is None
    assert "nobody presses buttons here" in found.refusal
    [entry] = await book.ledger.show(ORG, kind="alert_triaged")
    assert (await book.body(entry.key))["refusal"] == found.refusal
    assert (await opened(book, replace(ASKED, group=2), policies=strict)).request is not None, "nobody asked"


async def test_while_the_policies_are_away_it_waits(book: Book) -> None:
    away = LatePolicies(f"http://127.0.0.1:{NOBODYS_PORT}", load_bundle())
    with pytest.raises(ApplicationError, match="OPA") as waits:
        await opened(book, replace(ASKED, asked_by="UADA"), policies=away)
    assert (waits.value.type, waits.value.non_retryable) == ("PolicyAway", False)
    assert not await book.ledger.show(ORG)
    await away.aclose()

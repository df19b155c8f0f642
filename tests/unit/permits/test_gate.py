"""What cannot be asked refuses, calmly; roles are read once, and only where a command needs one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.permits import words
from bot.permits.gate import Gate, RequestLimits, RolesOnce, roles_read
from bot.permits.opening import LatePolicies, permitting
from bot.permits.time_left import begin, seconds_left
from bot.permits.wishes import BUTTONS, BUTTONS_THAT_BEGIN, EVENTS, FORMS, SHORTCUTS, VERBS, Request
from bot.roles import Address, ListedRoles, RolesUnavailable
from bot.settings import Settings
from policies.bundle import Bundle, load_bundle
from policies.engine import PolicyUnavailable
from policies.regorus_engine import RegorusEngine
from tests.unit.alerts.test_inquiring import NO_CLICKS
from tests.unit.listeners.desk import SHIPPED
from tests.unit.local_slack.harness import until
from tests.unit.permits.bodies import ADA, TEAM
from tests.unit.policies.opa_server import NOBODYS_PORT, OpaServer
from tools.contracts.common import JsonObject
from tools.contracts.identity import Role

GRACE = "U0GRACE001"
ASK = Request(ADA, "ask", "event", channel="C1", unique="1.1")
HELP = Request(ADA, "help", "command", unique="2.1")
TABLES = (VERBS, BUTTONS, BUTTONS_THAT_BEGIN, FORMS, SHORTCUTS, EVENTS)
FREEZE = Request(GRACE, "freeze.declare", "form", unique="V1")


@dataclass
class Directory:
    """Grace approves. Counts how often it is asked."""

    asked: list[str] = field(default_factory=list[str])
    away: bool = False
    seconds: float = 0

    async def roles_of(self, user: str) -> list[Role]:
        self.asked.append(user)
        await asyncio.sleep(self.seconds)
        if self.away:
            raise RolesUnavailable(user)
        return ["approver"] if user == GRACE else []

    async def address_of(self, role: Role) -> Address:
        return Address()


async def test_what_needs_no_role_asks_nobody_for_one() -> None:
    directory = Directory()
    assert await Gate(SHIPPED, RolesOnce(directory)).refusal(ASK, org=TEAM) is None
    assert directory.asked == []
    assert roles_read(ADA) is None


async def test_a_role_is_read_once_for_what_was_sent_and_again_for_the_next() -> None:
    directory = Directory()
    roles = RolesOnce(directory)
    gate = Gate(SHIPPED, roles)
    assert await gate.refusal(FREEZE, org=TEAM) is None
    assert (await roles.roles_of(GRACE), roles_read(GRACE), directory.asked) == (["approver"], {"approver"}, [GRACE])
    assert await roles.roles_of(ADA) == [], "what was read of one person says nothing of another"
    assert roles_read(ADA) is None
    await gate.refusal(ASK, org=TEAM)
    assert roles_read(GRACE) is None
    await roles.roles_of(GRACE)
    assert directory.asked == [GRACE, ADA, GRACE]


async def test_who_lacks_the_role_is_told_which_it_takes() -> None:
    said = await Gate(SHIPPED, RolesOnce(Directory())).refusal(Request(ADA, "freeze.declare", "form"), org=TEAM)
    assert said == (
        "You may not do that: it needs one of the roles admin, approver, and you hold none of them. Nothing was done."
    )


async def test_a_person_who_is_not_named_may_nothing() -> None:
    directory = Directory()
    said = await Gate(SHIPPED, RolesOnce(directory)).refusal(Request("", "ask", "event"), org=TEAM)
    assert said is not None
    assert "it is not known who asks" in said
    assert directory.asked == []


@pytest.mark.parametrize("directory", [Directory(away=True), Directory(seconds=5)], ids=["away", "slow"])
async def test_where_nobody_knows_the_roles_it_is_refused_in_time(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.permits.gate.GATE_SECONDS", 0.2)
    assert await Gate(SHIPPED, RolesOnce(directory)).refusal(FREEZE, org=TEAM) == words.ROLES_AWAY


async def test_while_opa_is_away_it_is_refused_and_then_not(own_opa_server: OpaServer) -> None:
    policies = LatePolicies(own_opa_server.url, load_bundle())
    gate = Gate(policies, RolesOnce(ListedRoles({})))
    await own_opa_server.stop()
    assert await gate.refusal(HELP, org=TEAM) == words.POLICIES_AWAY
    await own_opa_server.start()

    async def may() -> bool:
        return await gate.refusal(HELP, org=TEAM) is None

    await until(may)
    await own_opa_server.stop()
    assert await gate.refusal(HELP, org=TEAM) == words.POLICIES_AWAY
    await policies.aclose()


async def test_an_opa_that_answers_nothing_is_not_waited_for(
    own_opa_server: OpaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies = LatePolicies(own_opa_server.url, load_bundle())
    await policies.open()
    monkeypatch.setattr("bot.permits.gate.GATE_SECONDS", 0.3)
    own_opa_server.pause()
    assert await Gate(policies, RolesOnce(ListedRoles({}))).refusal(HELP, org=TEAM) == words.POLICIES_AWAY
    await policies.aclose()


@pytest.mark.parametrize("command", sorted({command for table in TABLES for command in table.values()}))
async def test_at_an_address_where_nothing_is_only_what_a_task_judges_goes_on_to_it(command: str) -> None:
    policies = LatePolicies(f"http://127.0.0.1:{NOBODYS_PORT}", load_bundle())
    said = await Gate(policies, RolesOnce(ListedRoles({}))).refusal(Request(ADA, command, "button"), org=TEAM)
    judged_by_its_task = {"answer", "approve", "ask", "cancel", "edit", "pause", "reject", "resume"}
    assert said == (None if command in judged_by_its_task else words.POLICIES_AWAY)


@pytest.mark.parametrize("command", ["answer", "approve", "ask", "cancel", "edit", "pause", "reject", "resume"])
async def test_where_an_org_has_rules_of_its_own_nothing_is_let_run_that_they_were_not_asked_of(
    command: str, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "commands.rego").write_text(NO_CLICKS.replace("ORG", TEAM.lower()), "utf-8")
    settings = Settings.embedded(data_dir=tmp_path)
    policies = settings.policies.model_copy(update={"tenants": {TEAM: tmp_path / "own"}})
    away = settings.opa.model_copy(update={"url": f"http://127.0.0.1:{NOBODYS_PORT}"})
    settings = settings.model_copy(update={"policies": policies, "opa": away})
    nowhere = f"redis://127.0.0.1:{NOBODYS_PORT}"
    async with permitting(settings, redis_url=nowhere) as permits:
        gate = permits.gate(RolesOnce(ListedRoles({})))
        said = {org: await gate.refusal(Request(ADA, command, "button"), org=org) for org in (TEAM, "T2")}
    refused = words.POLICIES_AWAY if command in ("approve", "resume") else None
    assert said == {TEAM: refused, "T2": None}


@dataclass
class Banning:
    """Refuses once, and is away when it is asked again with the roles."""

    asked: int = 0

    async def decide(self, _package: str, _document: JsonObject, /) -> JsonObject:
        self.asked += 1
        if self.asked > 1:
            raise PolicyUnavailable("OPA is away")
        return {"allow": False, "deny": [{"reason": "you are banned"}]}


async def test_a_refusal_that_was_given_counts_although_opa_is_away_then() -> None:
    gate = Gate(Banning(), RolesOnce(ListedRoles({})))
    assert await gate.refusal(ASK, org=TEAM) == words.POLICIES_AWAY


async def test_while_opa_is_away_requests_are_counted_all_the_same() -> None:
    policies = LatePolicies(f"http://127.0.0.1:{NOBODYS_PORT}", load_bundle())
    gate = Gate(policies, RolesOnce(ListedRoles({})), RequestLimits(person=1))
    first, second = (Request(ADA, "ask", "event", "C1", unique=unique) for unique in "12")
    assert await gate.refusal(first, org=TEAM) is None
    assert "Nothing was started" in str(await gate.refusal(second, org=TEAM))


async def test_policies_without_this_rule_refuse() -> None:
    whole = load_bundle()
    lacking = Bundle(tuple(one for one in whole.modules if "commands" not in one.id), whole.data)
    said = await Gate(RegorusEngine(lacking), RolesOnce(ListedRoles({}))).refusal(ASK, org=TEAM)
    assert said == "You may not do that: the policies do not say who may. Nothing was done."


ODD: dict[str, JsonObject] = {
    "no reason": {"allow": False, "deny": [], "version": "1"},
    "a yes with a refusal": {"allow": True, "deny": [{"rule": "x", "reason": "x"}], "version": "1"},
    "a yes that is a word": {"allow": "yes", "deny": [], "version": "1"},
}


@pytest.mark.parametrize("decision", ODD.values(), ids=ODD.keys())
async def test_an_answer_that_is_no_plain_yes_refuses(decision: JsonObject) -> None:
    class Odd:
        async def decide(self, package: str, document: JsonObject, /) -> JsonObject:
            return decision

    assert await Gate(Odd(), RolesOnce(ListedRoles({}))).refusal(ASK, org=TEAM) is not None


async def test_an_org_may_ask_for_more_and_then_knows_the_roles() -> None:
    """Its own policies see who holds what, though the house needed no role."""

    @dataclass
    class Stricter:
        seen: list[Any] = field(default_factory=list[Any])

        async def decide(self, package: str, document: JsonObject, /) -> JsonObject:
            roles = document["caller"]["roles"]
            self.seen.append(roles)
            deny = [] if roles else [{"rule": "tenant.x", "reason": "only people with a role ask here"}]
            return {"allow": not deny, "deny": deny, "version": "1"}

    gate = Gate(Stricter(), RolesOnce(Directory()))
    refused = await gate.refusal(ASK, org=TEAM)
    assert refused is not None
    assert "only people with a role ask here" in refused
    assert await gate.refusal(Request(GRACE, "ask", "event"), org=TEAM) is None


async def test_what_lies_behind_has_what_the_gate_left_of_the_time() -> None:
    begin()
    await Gate(SHIPPED, RolesOnce(Directory(seconds=0.3))).refusal(FREEZE, org=TEAM)
    assert 0.1 < seconds_left(2.6) < 2.31
    assert seconds_left(0.2) == 0.1

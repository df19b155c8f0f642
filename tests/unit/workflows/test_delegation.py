"""A role that was lent decides in the name of whoever lent it: once, and never for who could not approve themselves."""

from __future__ import annotations

from temporalio.client import Client

from tests.unit.workflows.running import running
from tests.unit.workflows.script import Script


async def test_who_was_lent_a_role_approves_in_the_name_of_who_lent_it(temporal: Client) -> None:
    async with running(temporal, Script(lent={"UBOB": ["UGRACE"]})) as task:
        await task.decide("UBOB")
        assert (await task.handle.result()).approvers == ["UBOB"]
        (accepted,) = task.script.of("accept_decision")
        assert (accepted.user, accepted.behalf, accepted.lent_until) == ("UBOB", "UGRACE", "2099-01-01T00:00:00+00:00")
        assert [each.behalf for each in task.script.of("run_phase")[0].proposal.given] == ["UGRACE"]


async def test_a_role_of_ones_own_is_used_before_one_that_was_lent(temporal: Client) -> None:
    async with running(temporal, Script(lent={"UGRACE": ["ULINUS"]})) as task:
        await task.decide("UGRACE")
        await task.handle.result()
        assert task.script.of("accept_decision")[0].behalf == ""


async def test_a_role_of_nobody_who_may_decide_lends_nothing(temporal: Client) -> None:
    async with running(temporal, Script(lent={"UBOB": ["UMALLORY"]})) as task:
        await task.decide("UBOB")
        assert await task.refused(1) == ["not_in_role"]


async def test_nobody_approves_for_the_one_who_asked_or_who_shaped_the_plan(temporal: Client) -> None:
    roles = {"UADA": ["approver"], "UGRACE": ["approver"], "ULINUS": ["approver"]}
    async with running(temporal, Script(roles=roles, lent={"UBOB": ["UADA"], "UEVE": ["UGRACE"]})) as task:
        await task.decide("UBOB")
        assert await task.refused(1) == ["for_requester"]
        await task.edit("UGRACE", canary_size=2)
        await task.proposal(revision=2)
        await task.decide("UEVE")
        assert (await task.refused(2))[-1] == "for_requester"
        assert task.script.of("run_phase") == []


async def test_who_was_lent_several_roles_approves_in_the_name_of_one_that_may_and_has_not(temporal: Client) -> None:
    roles = {"UADA": ["approver"], "UGRACE": ["approver"], "ULINUS": ["approver"], "UMALLORY": ["viewer"]}
    lent = {"UBOB": ["UMALLORY", "UADA", "UGRACE", "ULINUS"]}
    async with running(temporal, Script(roles=roles, quorum=2, lent=lent)) as task:
        await task.decide("UGRACE")
        await task.decide("UBOB")
        assert (await task.handle.result()).approvers == ["UGRACE", "UBOB"]
        assert [accepted.behalf for accepted in task.script.of("accept_decision")] == ["", "ULINUS"]
    async with running(temporal, Script(roles=roles, lent={"UBOB": ["UMALLORY", "UADA"]})) as task:
        await task.decide("UBOB", "reject", reason="no")
        assert (await task.handle.result()).outcome == "rejected"
        assert task.script.of("accept_decision")[0].behalf == "UADA"


async def test_what_the_one_who_asked_was_lent_does_not_let_them_approve(temporal: Client) -> None:
    async with running(temporal, Script(lent={"UADA": ["UGRACE"]})) as task:
        await task.decide("UADA")
        assert await task.refused(1) == ["self_approval"]


async def test_one_role_is_one_vote_whoever_uses_it(temporal: Client) -> None:
    lent = {"UBOB": ["UGRACE"], "UEVE": ["UGRACE"]}
    async with running(temporal, Script(quorum=2, lent=lent)) as task:
        await task.decide("UBOB")
        await task.decide("UGRACE")
        await task.decide("UEVE")
        assert await task.refused(2) == ["represented", "represented"]
        await task.decide("ULINUS")
        assert (await task.handle.result()).approvers == ["UBOB", "ULINUS"]
    async with running(temporal, Script(quorum=2, lent=lent)) as task:
        await task.decide("UGRACE")
        await task.decide("UBOB")
        assert await task.refused(1) == ["represented"]


async def test_who_was_lent_a_role_may_reject_by_it(temporal: Client) -> None:
    async with running(temporal, Script(lent={"UBOB": ["UGRACE"]})) as task:
        await task.decide("UBOB", "reject", reason="no")
        assert (await task.handle.result()).outcome == "rejected"
        assert task.script.of("accept_decision")[0].behalf == "UGRACE"

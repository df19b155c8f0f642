"""What a decision on a card waits for: the ledger and Slack, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from temporalio.testing import ActivityEnvironment

from bot.app import who_are_we
from bot.edge import slack_client
from bot.local.estate.estate import SampleEstate
from bot.local.stage import Said
from bot.pacing import Pacer, Rate
from bot.thread import ThreadWriter
from bot.workflows import messages as m
from bot.workflows.activities.deciding import Deciding
from bot.workflows.decisions import SENTENCES
from tests.unit.workflows.script import spec_for
from tests.whole.gated import Works, open_works
from tests.whole.rollout import GRACE, Task, prepared
from tests.whole.test_shaping_guards import proposal_of
from tools.connectors.base import AssetQuery, EstateError
from tools.contracts.estate import Asset


@pytest.fixture(scope="module")
async def works(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Works]:
    async with open_works(tmp_path_factory.mktemp("works")) as opened:
        yield opened


class Away(SampleEstate):
    async def assets(
        self, org: str, query: AssetQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[Asset], str | None]:
        raise EstateError("The estate does not answer.")


async def card(task: Task, ts: str) -> str:
    messages = await task.works.stage.thread(Said(task.request.channel, str(task.request.thread_ts)), "ada")
    return next(str(message["blocks"]) for message in messages if message["ts"] == ts)


async def offered(task: Task) -> m.Proposal:
    """On a card in the task's thread."""
    proposal, thread = proposal_of(task), str(task.request.thread_ts)
    message = m.PresentInput(task.request, thread, spec_for(task.request), proposal, diagnosis="")
    shown = await ActivityEnvironment().run(Deciding(task.bench).present, message)
    return replace(proposal, card_ts=shown.card_ts, environment_size=shown.environment_size, open=True)


def approved(task: Task, proposal: m.Proposal) -> m.AcceptedDecision:
    now = datetime.now(UTC).isoformat()
    return m.AcceptedDecision(
        request=task.request,
        thread_ts=str(task.request.thread_ts),
        spec=spec_for(task.request),
        proposal=replace(proposal, given=[m.Given(GRACE, now)]),
        user=GRACE,
        verdict="approve",
        reason="",
        issued_at=now,
        settled=False,
    )


async def test_a_decision_is_shown_while_the_estate_is_away_and_the_card_says_what_it_said(works: Works) -> None:
    async with prepared(works) as task:
        proposal = await offered(task)
        size = f"of {proposal.environment_size} assets there"
        assert size in await card(task, proposal.card_ts)
        away = replace(task.bench, estate=Away(task.file))
        assert await ActivityEnvironment().run(Deciding(away).accept_decision, approved(task, proposal))
        decided = await card(task, proposal.card_ts)
        assert f"Approved by <@{GRACE}>" in decided
        assert size in decided


async def test_what_came_of_a_click_does_not_wait_for_a_busy_channel(works: Works) -> None:
    async with prepared(works) as task:
        proposal, client = await offered(task), slack_client(works.stack.settings)
        busy = Pacer(channel_rate=Rate(per_second=0.01), method_rates={})
        await busy.turn(task.request.channel, "chat.update", haste="now")
        writer = ThreadWriter(client, bot_id=(await who_are_we(client)).bot, pacer=busy)
        deciding = Deciding(replace(task.bench, writer=writer))
        refused = m.RefusedDecision(
            request=task.request,
            thread_ts=str(task.request.thread_ts),
            user=GRACE,
            channel=task.request.channel,
            problem="late",
            sentence=SENTENCES["late"],
            key="decision-refused:1",
        )
        async with asyncio.timeout(20):
            assert await ActivityEnvironment().run(deciding.accept_decision, approved(task, proposal))
            assert await ActivityEnvironment().run(deciding.refuse_decision, refused)
        assert f"Approved by <@{GRACE}>" in await card(task, proposal.card_ts)

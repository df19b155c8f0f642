"""What a decision on a card waits for: the ledger and Slack, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from temporalio.testing import ActivityEnvironment

from bot.local.estate.estate import SampleEstate
from bot.local.stage import Said
from bot.workflows import messages as m
from bot.workflows.activities.deciding import Deciding
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


async def test_a_decision_is_shown_while_the_estate_is_away_and_the_card_says_what_it_said(works: Works) -> None:
    async with prepared(works) as task:
        proposal, thread = proposal_of(task), str(task.request.thread_ts)
        spec = spec_for(task.request)
        shown = await ActivityEnvironment().run(
            Deciding(task.bench).present, m.PresentInput(task.request, thread, spec, proposal, diagnosis="")
        )
        proposal = replace(proposal, card_ts=shown.card_ts, environment_size=shown.environment_size, open=True)
        size = f"of {shown.environment_size} assets there"
        assert size in await card(task, shown.card_ts)
        now = datetime.now(UTC).isoformat()
        proposal.given.append(m.Given(GRACE, now))
        away = replace(task.bench, estate=Away(task.file))
        accepted = m.AcceptedDecision(
            request=task.request,
            thread_ts=thread,
            spec=spec,
            proposal=proposal,
            user=GRACE,
            verdict="approve",
            reason="",
            issued_at=now,
            settled=False,
        )
        assert await ActivityEnvironment().run(Deciding(away).accept_decision, accepted)
        decided = await card(task, shown.card_ts)
        assert f"Approved by <@{GRACE}>" in decided
        assert size in decided

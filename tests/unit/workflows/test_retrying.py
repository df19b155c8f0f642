"""What a step does about what is away, and about what will not have it."""

from __future__ import annotations

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from bot.thread import SlackRefused, SlackRetryable
from bot.workflows.activities.retrying import retried


async def _raise(error: Exception) -> None:
    async with retried("T1.alert"):
        raise error


@pytest.mark.parametrize(
    ("error", "for_good"), [(SlackRefused("channel_not_found"), True), (SlackRetryable("ratelimited"), False)]
)
async def test_what_slack_will_not_have_is_not_tried_for_a_day(error: Exception, for_good: bool) -> None:
    with pytest.raises(ApplicationError) as raised:
        await ActivityEnvironment().run(_raise, error)
    assert raised.value.non_retryable is for_good

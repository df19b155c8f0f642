"""What a step does about what is away, and about what will not have it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from bot.thread import SlackRefused, SlackRetryable
from bot.workflows.activities.retrying import once_a_step, retried


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


def test_what_is_said_once_a_step_is_said_again_by_the_step_of_that_number_in_another_run() -> None:
    keys: list[str] = []
    for run, step, attempt in (("one", "7", 1), ("one", "7", 2), ("one", "8", 1), ("another", "7", 1)):
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, workflow_run_id=run, activity_id=step, attempt=attempt)
        keys.append(environment.run(once_a_step, "broken"))
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3

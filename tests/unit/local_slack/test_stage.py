"""The play begins when somebody listens to it."""

from __future__ import annotations

import pytest

from bot.local.stage import Stage, StageError
from tests.unit.local_slack.harness import Slack, connected


async def test_it_waits_until_an_app_holds_a_socket(slack: Slack) -> None:
    stage = Stage(slack.session, base=f"{slack.base}/")
    with pytest.raises(StageError, match="did not connect"):
        await stage.until_listened_to(seconds=0.2)
    async with connected(slack):
        await stage.until_listened_to(seconds=60)

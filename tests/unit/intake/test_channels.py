"""Channels by name and by id, asked of a Slack that lists them page by page and counts how often it is asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.channels import channel_ids, channel_seen
from bot.local.slack.seed import Channel
from bot.modes.defaults import mode_defaults
from bot.settings import Settings
from tests.unit.local_slack.harness import ALERTS, OPS, Slack, running

LAST = "C0LAST0001"


class Counting(AsyncWebClient):
    """Real calls, each noted."""

    called: list[str]

    async def api_call(self, api_method: str, **given: Any) -> AsyncSlackResponse:
        self.called.append(api_method)
        sdk: Any = super()
        return await sdk.api_call(api_method, **given)


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncGenerator[Slack]:
    """Three pages of channels; `last` is on the last."""
    async with running(tmp_path / "slack") as workspace:
        channels = workspace.workspace.channels
        for number in range(400):
            channels[f"C0FILL{number:04}"] = Channel(f"C0FILL{number:04}", f"fill-{number}")
        channels[LAST] = Channel(LAST, "last")
        yield workspace


def client_of(slack: Slack) -> Counting:
    client = Counting(token=slack.workspace.credentials.bot_token, base_url=f"{slack.base}/api/")
    client.called = []
    return client


@pytest.mark.parametrize(
    ("names", "found", "calls"),
    [
        ([], {}, 0),
        ([OPS, f"#{ALERTS}", "GPRIVATE99"], {OPS: OPS, f"#{ALERTS}": ALERTS, "GPRIVATE99": "GPRIVATE99"}, 0),
        (["#ops", "alerts", OPS], {"#ops": OPS, "alerts": ALERTS, OPS: OPS}, 1),
        (["ops", "last"], {"ops": OPS, "last": LAST}, 3),
        (["ops", "nowhere"], {"ops": OPS}, 3),
        (["", "#"], {}, 0),
    ],
)
async def test_slack_is_asked_for_names_only_and_no_further_than_it_takes(
    slack: Slack, names: list[str], found: dict[str, str], calls: int
) -> None:
    client = client_of(slack)
    assert await channel_ids(client, names) == found
    assert client.called == ["conversations.list"] * calls


async def test_the_channels_of_all_modes_are_looked_up_at_once(slack: Slack, tmp_path: Path) -> None:
    settings = Settings.embedded(data_dir=tmp_path)
    modes = settings.modes.model_copy(
        update={"channels": {"ops": "council", "alerts": "single", "nowhere": "auto", "C0OTHER001": "single"}}
    )
    client = client_of(slack)
    found = await mode_defaults(settings.model_copy(update={"modes": modes}), client)
    assert found.channels == {OPS: "council", ALERTS: "single", "nowhere": "auto", "C0OTHER001": "single"}
    assert client.called == ["conversations.list"] * 3


async def test_a_channel_to_post_into_is_one_that_the_bot_can_see(slack: Slack) -> None:
    client = client_of(slack)
    assert [await channel_seen(client, name) for name in ("#ops", OPS, "nowhere", "C0NOWHERE1")] == [
        OPS,
        OPS,
        None,
        None,
    ]

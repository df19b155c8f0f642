"""A small storm through the whole product: all is heard, each alert has its thread, and few are looked into."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.whole.storm import Storm, free_port, settings_for
from tests.whole.town import open_town


@pytest.mark.timeout(300)
async def test_a_storm_is_heard_whole_and_told_in_one_message(tmp_path: Path) -> None:
    port = free_port()
    bounds = {"GAVEL_ALERTS_STORM_ALERTS": "5", "GAVEL_ALERTS_STORM_INVESTIGATIONS": "2"}
    async with open_town(tmp_path, **settings_for(port), **bounds) as town:
        storm = Storm(town, await town.serve("both"), port, alerts=300, fingerprints=12, seconds=5)
        await storm.blow()
        desk = await storm.settled(seconds=200)
        assert await storm.counted() == storm.sent
        assert len({docket.thread_ts for docket in desk.dockets.values()}) == len(await storm.lives()) == 12
        assert 1 <= len(await storm.tasks()) <= 2 + 2  # those that began before it was known to be a storm
        assert await storm.too_many() == 0
        assert desk.storm is not None
        assert desk.storm.card_ts

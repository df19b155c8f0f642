"""10,000 alerts of 100 kinds in a minute, through the whole product, under Slack's limits."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.benchmarks.figures import held
from tests.whole.storm import Storm, free_port, settings_for
from tests.whole.town import open_town

ALERTS, KINDS, SECONDS = 10_000, 100, 60

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]


async def test_alert_storm(tmp_path: Path) -> None:
    port = free_port()
    async with open_town(tmp_path, **settings_for(port)) as town:
        served = await town.serve("both")
        # One alert before it, so that what is loaded once is loaded.
        first = {"channel": "alerts", "text": "web-prod-euw1-02 in production is slow. What is the root cause?"}
        async with town.stage.http.post(f"{town.stage.base}local/alert", json=first) as answer:
            assert answer.ok
        await asyncio.sleep(40)
        storm = Storm(town, served, port, alerts=ALERTS, fingerprints=KINDS, seconds=SECONDS)
        storm.sent = 1
        began = time.perf_counter()
        await storm.blow()
        took = time.perf_counter() - began
        desk = await storm.settled(seconds=1500)
        settled = time.perf_counter() - began - took
        heard, tasks, lives = await storm.counted(), await storm.tasks(), await storm.lives()
        threads = {docket.thread_ts for docket in desk.dockets.values()}
        refused = await storm.too_many()
    said = f"{storm.sent - 1:,} alerts of {KINDS} kinds sent in {took:.0f} s, {storm.resent} bodies sent again"
    held("Alert storm: alerts lost", storm.sent - heard, unit="", bound=0, chosen="alert_storm", beside=said)
    held("threads", len(threads), unit="", bound=KINDS + 1, chosen="alert_storm", beside=f"{len(lives)} alerts")
    held("investigations", len(tasks), unit="", bound=100, chosen="alert_storm", beside=f"{len(desk.groups)} groups")
    held("answers of 429", refused, unit="", bound=0, chosen="alert_storm")
    held("resident memory grown by", storm.most_mb - storm.began_mb, unit="MB", bound=100, chosen="alert_storm",
         beside=f"from {storm.began_mb:.0f} MB")  # fmt: skip
    held("last alert to settled", settled, unit="s", bound=900, chosen="alert_storm")

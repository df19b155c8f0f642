"""A bot in a process of its own: its way into Temporal, fed from Redis where Slack would send over the socket.

`python -m tests.benchmarks.scale_bot bot DATA_DIR`. Takes requests and clicks as the bot's listeners are given them.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from bot.edge import build_intake
from bot.heap import collect_seldom
from bot.intake import Arrival, HandOverFailed, Intake
from bot.lifecycle import run
from bot.listeners.clicks import ClickListeners
from bot.listeners.edit import EditListeners
from bot.listeners.reject import RejectListeners
from bot.listeners.step_up import StepUpListeners
from bot.local.slack.seed import TEAM_ID
from bot.local.stack import attach_stack
from bot.redaction import is_array
from bot.redis_client import RedisClient, open_redis
from bot.settings import Settings
from bot.workflows.client import connect
from tests.benchmarks.instant import ASKER
from tests.whole.serving import READY
from tools.contracts.common import JsonObject

REDIS = "BENCH_REDIS"
REQUESTS, CLICKS, OPEN = "bench:requests", "bench:clicks", "bench:open"
"""Lists, and what is there while clicks may be taken."""

AT_ONCE = 16
"""Of each kind."""


async def main() -> int:
    collect_seldom()
    settings = Settings(data_dir=Path(sys.argv[2]))
    stack = await attach_stack(settings)
    temporal = await connect(settings.temporal, address=stack.temporal_address, codec_key=stack.keys.derive("codec"))
    intake = build_intake(settings, temporal=temporal, keys=stack.keys)
    redis = open_redis(os.environ[REDIS])
    print(READY, flush=True)
    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(_each(redis, REQUESTS, lambda body: _accept(intake, body)))
            group.create_task(_each(redis, CLICKS, _listeners(intake).on_decision, after=OPEN))
    return 0


async def _each(
    redis: RedisClient, name: str, take: Callable[[JsonObject], Awaitable[object]], *, after: str | None = None
) -> None:
    while True:
        if after is not None and not await redis.execute_command("EXISTS", after):
            await asyncio.sleep(0.5)
            continue
        found: object = await redis.execute_command("BLPOP", name, "1")
        if is_array(found):
            await take(json.loads(str(found[1])))


async def _accept(intake: Intake, body: JsonObject) -> None:
    arrival = Arrival(
        org=TEAM_ID,
        user=ASKER,
        source="mention",
        channel="C0OPS00001",
        text=str(body["text"]),
        thread_ts=str(body["ts"]),
        message_ts=str(body["ts"]),
        unique=str(body["ts"]),
    )
    while True:
        try:
            await intake.accept(arrival)
        except HandOverFailed:
            await asyncio.sleep(0)  # not acknowledged in its two seconds: Slack sends it again
        else:
            return


def _listeners(intake: Intake) -> ClickListeners:
    async def nobody_is_told(*told: object) -> None:
        raise AssertionError(f"a click did not count: {told}")

    async def no_form(*asked: object) -> None:
        raise AssertionError(f"a form was asked for: {asked}")

    return ClickListeners(
        intake=intake,
        org=TEAM_ID,
        tell=nobody_is_told,
        step_up=StepUpListeners(intake=intake, org=TEAM_ID, open_form=no_form),
        rejecting=RejectListeners(intake=intake, org=TEAM_ID, open_form=no_form),
        editing=EditListeners(intake=intake, org=TEAM_ID, open_form=no_form),
    )


if __name__ == "__main__":
    sys.exit(run(main))

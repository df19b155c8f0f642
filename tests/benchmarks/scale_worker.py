"""A worker in a process of its own, as `tests.whole.serving` runs it, whose Slack and models answer at once.

`python -m tests.benchmarks.scale_worker worker DATA_DIR`. Where there is a card to approve, the click on it goes to a
list in Redis, for a bot to take (`tests.benchmarks.scale_bot`).
"""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from importlib import import_module
from typing import Any, Protocol

from bot import runtime
from bot.lifecycle import run
from bot.pacing import Pacer
from tests.benchmarks.instant import InstantModels, InstantSlack
from tests.benchmarks.scale_bot import CLICKS, REDIS
from tests.whole.effects import put
from tests.whole.serving import main
from tools.contracts.common import JsonObject


def unpaced(**_given: Any) -> Pacer:
    return Pacer(channel_rate=None)


class Redis(Protocol):
    def rpush(self, name: str, value: str) -> object: ...


def connected(url: str) -> Redis:
    redis: Redis = import_module("redis").Redis.from_url(url)
    return redis


def pressed(redis: Redis, body: JsonObject) -> None:
    redis.rpush(CLICKS, json.dumps(body))


if __name__ == "__main__":
    put(runtime, "Pacer", unpaced)
    InstantModels().install()
    InstantSlack(partial(pressed, connected(os.environ[REDIS]))).install()
    sys.exit(run(main))

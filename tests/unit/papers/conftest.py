from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from bot.local.stack import RunningStack
from bot.redis_client import RedisClient, open_redis
from tests.unit.answers.conftest import stack
from tests.unit.narrator.conftest import running, slack

__all__ = ["running", "slack", "stack"]


@pytest.fixture
async def redis(stack: RunningStack) -> AsyncGenerator[RedisClient]:
    client = open_redis(stack.redis_url)
    yield client
    await client.execute_command("FLUSHALL")
    await client.aclose()

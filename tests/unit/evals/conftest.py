"""Rehearsal models in this process, and the room in which cases are played."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from bot.evals.models import open_models
from bot.evals.room import Room, open_room
from bot.settings import load_settings


@pytest.fixture(scope="session")
async def room() -> AsyncGenerator[Room]:
    async with (
        open_models(load_settings(), ["rehearsal"]) as models,
        open_room(models.client, models.members, mode="council") as opened,
    ):
        yield opened

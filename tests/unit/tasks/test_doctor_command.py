"""`/gavel doctor`: what is wrong first; what takes its time follows, to the one who asked and only to them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.blocks.doctor import doctor_card
from bot.blocks.message import Message
from bot.desks import Typed
from bot.doctor_desk import DoctorDesk
from bot.finding import Finding
from bot.settings import RedisSettings, Settings
from tests.unit.policies.opa_server import NOBODYS_PORT
from tests.unit.tasks.history import GRACE, OPS, TEAM

TYPED = Typed(org=TEAM, user=GRACE, channel=OPS, words="", trigger_id="1.2")


async def test_every_part_is_told_in_a_line(tmp_path: Path) -> None:
    heard: list[tuple[str, str, Message]] = []

    async def whisper(channel: str, user: str, message: Message) -> None:
        heard.append((channel, user, message))

    said = await DoctorDesk(Settings.embedded(data_dir=tmp_path), whisper).answer(TYPED)
    assert "data directory" in str(said.blocks)
    assert "· not running" in str(said.blocks)
    assert str(tmp_path) not in str(said.blocks)
    assert heard == []


async def test_parts_that_take_their_time_are_told_of_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, str, Message]] = []
    told = asyncio.Event()

    async def whisper(channel: str, user: str, message: Message) -> None:
        heard.append((channel, user, message))
        told.set()

    # Patience, not a part: a part that is away takes seconds to say so.
    monkeypatch.setattr("bot.doctor_desk.AT_ONCE_SECONDS", 0)
    redis = RedisSettings.model_validate({"url": f"redis://127.0.0.1:{NOBODYS_PORT}"})
    settings = Settings.embedded(data_dir=tmp_path).model_copy(update={"redis": redis})
    said = await DoctorDesk(settings, whisper).answer(TYPED)
    assert "what they say follows here" in said.text
    await asyncio.wait_for(told.wait(), 20)
    ((channel, user, message),) = heard
    assert (channel, user) == (OPS, GRACE)
    assert "does not work" in message.text or "do not work" in message.text


def test_what_is_wrong_comes_first_with_what_to_do() -> None:
    card = doctor_card([Finding("redis", "ok", "x", "Redis 7"), Finding("opa", "failed", "x", "refused", "start it")])
    shown = str(card.blocks)
    assert shown.index("✗ failed: refused") < shown.index("✓ ok")
    assert "→ start it" in shown

"""A freeze whose answer was lost on its way from the ledger: whoever asked for it is not told that nothing happened."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.desks import NotKnown
from bot.freeze_desk import AWAY, LOST, LedgerFreezes
from bot.keys import load_keys
from bot.ledger.anchor import FileAnchor
from bot.settings import DatabaseSettings, Settings
from tests.unit.ledger.book import Book
from tests.unit.tasks.history import GRACE, TEAM

NOW = datetime.now(UTC).replace(microsecond=0)


async def test_a_write_that_was_made_and_not_answered_is_not_told_as_nothing_changed(
    book: Book, tmp_path: Path
) -> None:
    settings = Settings.embedded(data_dir=tmp_path).model_copy(
        update={"database": DatabaseSettings.model_validate({"url": book.url}), "secret_key": SecretStr("ab" * 32)}
    )
    keys, end = load_keys(settings), NOW + timedelta(hours=1)
    desk = LedgerFreezes(settings, keys, lambda: NOW)
    await desk.declare(org=TEAM, user=GRACE, name="V1", environment="staging", reason="x", end=end)
    anchor = FileAnchor(settings.data_dir / "anchors", key=keys.derive("anchor"))
    # The entry is committed then, and what comes after that fails.
    await asyncio.to_thread(_block, anchor.path(TEAM).with_suffix(".lock"))
    with pytest.raises(NotKnown) as declared:
        await desk.declare(org=TEAM, user=GRACE, name="V2", environment="production", reason="x", end=end)
    assert {freeze.id for freeze in await desk.standing(TEAM)} == {"V1", "V2"}
    with pytest.raises(NotKnown) as thawed:
        await desk.thaw(org=TEAM, user=GRACE, name="V1")
    assert {freeze.id for freeze in await desk.standing(TEAM)} == {"V2"}
    assert str(declared.value) == str(thawed.value) == LOST != AWAY


def _block(lock: Path) -> None:
    """Not by its mode: root may open whatever it likes."""
    lock.unlink()
    lock.mkdir()

"""One stack at a time in a data directory; the lock goes with the process that holds it."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from pathlib import Path

import pytest

from bot.local.datadir import DataDirectory, Whereabouts
from bot.local.errors import StackError


def test_a_second_stack_is_told_who_has_the_directory(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / "data")
    with directory.claimed():
        assert directory.is_claimed()
        with pytest.raises(StackError, match=rf"process {os.getpid()}\) runs .*GAVEL_DATA_DIR"), directory.claimed():
            pytest.fail("claimed twice")
    assert not directory.is_claimed()


async def test_a_killed_holder_leaves_no_lock_behind(tmp_path: Path) -> None:
    root = tmp_path / "data"
    code = (
        "import os, sys; from pathlib import Path; from bot.local.datadir import DataDirectory\n"
        "with DataDirectory(Path(sys.argv[1])).claimed(): os.kill(os.getpid(), 9)"
    )
    holder = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(root))
    assert await holder.wait() == -9
    assert (root / "lock").exists()
    with DataDirectory(root).claimed():
        assert (root / "lock").read_text() == f"{os.getpid()}\n"


def test_the_directory_is_the_users_only(tmp_path: Path) -> None:
    with DataDirectory(tmp_path / "data").claimed():
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_a_directory_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(StackError, match=r"cannot be made .*Nothing was started; set GAVEL_DATA_DIR"),
        DataDirectory(tmp_path / "file" / "data").claimed(),
    ):
        pytest.fail("claimed")


def test_whereabouts_are_remembered_and_a_damaged_note_is_none(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    assert directory.remembered() is None
    note = Whereabouts(pid=1, org="T1", embedded={"opa": "http://127.0.0.1:1"})
    directory.remember(note)
    assert directory.remembered() == note
    (tmp_path / "stack.json").write_text("{")
    assert directory.remembered() is None

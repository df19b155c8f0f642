"""A tool that is not there, or does not end, has looked at nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from tests.supply.looking import NotDone, run
from tests.unit.local_slack.harness import until


async def test_a_tool_that_is_not_there_has_looked_at_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotDone, match="could not be run"):
        await run([tmp_path / "pip-audit"])


async def test_a_tool_that_does_not_end_is_ended_with_what_it_started(tmp_path: Path) -> None:
    started = tmp_path / "pid"
    script = (
        "import pathlib, subprocess, sys; child = subprocess.Popen(['sleep', '60']);"
        "pathlib.Path(sys.argv[1]).write_text(str(child.pid)); child.wait()"
    )
    with pytest.raises(NotDone, match="did not end within 2 s"):
        await run([sys.executable, "-c", script, started], patience_seconds=2)
    pid = int(started.read_text())
    # A killed process is there until its kernel has taken it down.
    await until(lambda: _is_gone(pid))


async def test_what_it_complained_about_last_is_told() -> None:
    ran = await run([sys.executable, "-c", "import sys; print('fine'); sys.exit('no route to the advisories.')"])
    assert (ran.status, ran.last_words) == (1, "no route to the advisories")


def _is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True

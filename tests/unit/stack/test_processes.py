"""A child counts as started when it answers, comes back when it crashes, and never outlives its parent."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from bot.local.errors import StackError
from bot.local.exec_child import WATCH_SECONDS
from bot.local.files import tail
from bot.local.processes import EXEC_CHILD, Command, NotReady, Processes

SERVE = """
import pathlib, signal, sys, time
if "--deaf" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path("ready").touch()
time.sleep(60)
"""


def command(directory: Path, code: str = SERVE, *arguments: str, ready_seconds: float = 10) -> Command:
    async def ready() -> None:
        if not (directory / "ready").exists():
            raise NotReady("no file yet")

    return Command(
        name="thing",
        argv=[sys.executable, "-c", code, *arguments],
        directory=directory,
        log=directory / "logs" / "thing.log",
        ready=ready,
        ready_seconds=ready_seconds,
        stop_seconds=0.5,
    )


@pytest.fixture
async def processes() -> AsyncIterator[Processes]:
    made = Processes()
    yield made
    await made.stop()


async def first_word(log: Path) -> str:
    for _ in range(200):
        if said := await asyncio.to_thread(tail, log):
            return said.split()[0]
        await asyncio.sleep(0.05)
    pytest.fail(f"{log} stays empty")


async def gone(pid: int, *, within: float = 5) -> bool:
    for _ in range(int(within / 0.05)):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        await asyncio.sleep(0.05)
    return False


async def test_a_child_that_ends_at_once_is_told_with_the_end_of_its_log(processes: Processes, tmp_path: Path) -> None:
    broken = command(tmp_path, "import sys; sys.exit('port 1 is taken')")
    with pytest.raises(StackError, match=r"embedded thing ended with status 1 while starting(.|\n)*port 1 is taken"):
        await processes.start(broken)
    assert processes.pids == {}


async def test_a_child_that_never_answers_is_given_up_in_time_and_ended(processes: Processes, tmp_path: Path) -> None:
    silent = command(tmp_path, "import os, time; print(os.getpid(), flush=True); time.sleep(60)", ready_seconds=1)
    with pytest.raises(StackError, match=r"did not answer within 1 s"):
        await processes.start(silent)
    assert await gone(int(silent.log.read_text()))


async def test_only_the_log_of_this_start_is_told(processes: Processes, tmp_path: Path) -> None:
    for word in ("first", "second"):
        with pytest.raises(StackError) as caught:
            await processes.start(command(tmp_path, f"import sys; sys.exit('{word}')"))
    assert "second" in str(caught.value)
    assert "first" not in str(caught.value)


async def test_a_child_gets_no_key_or_token_of_ours(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ANTHROPIC_API_KEY", "SLACK_BOT_TOKEN", "GAVEL_SECRET_KEY", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "hunter2")
    code = "import json, os; json.dump(dict(os.environ), open('env.json', 'w'))" + SERVE
    await processes.start(replace(command(tmp_path, code), env={"GIVEN": "yes"}))
    seen: dict[str, str] = json.loads((tmp_path / "env.json").read_text())
    assert "hunter2" not in seen.values()
    assert seen["GIVEN"] == "yes"
    assert seen["HOME"] == str(tmp_path)


async def test_a_crashed_child_is_started_again(processes: Processes, tmp_path: Path) -> None:
    await processes.start(command(tmp_path))
    first = processes.pids["thing"]
    os.kill(first, signal.SIGKILL)
    for _ in range(100):
        await asyncio.sleep(0.05)
        if processes.pids.get("thing", first) != first:
            break
    assert processes.pids["thing"] != first
    assert psutil.pid_exists(processes.pids["thing"])


async def test_a_child_that_crashes_again_and_again_stays_down(processes: Processes, tmp_path: Path) -> None:
    runs = "open('runs', 'a').write('x'); import pathlib; pathlib.Path('ready').touch(); import time; time.sleep(0.3)"
    await processes.start(command(tmp_path, runs))
    for _ in range(200):
        await asyncio.sleep(0.05)
        if not processes.pids and len((tmp_path / "runs").read_text()) >= 5:
            break
    await asyncio.sleep(0.5)
    assert len((tmp_path / "runs").read_text()) == 5
    assert processes.pids == {}


async def test_a_halted_child_stays_halted_until_resumed(processes: Processes, tmp_path: Path) -> None:
    await processes.start(command(tmp_path))
    first = processes.pids["thing"]
    await processes.halt("thing")
    assert await gone(first)
    await asyncio.sleep(0.3)
    assert processes.pids == {}
    await processes.resume("thing")
    assert processes.pids["thing"] != first


async def test_a_child_that_ignores_sigterm_is_killed(processes: Processes, tmp_path: Path) -> None:
    await processes.start(command(tmp_path, SERVE, "--deaf"))
    pid = processes.pids["thing"]
    await processes.stop()
    assert await gone(pid, within=0.1)


async def test_stopping_while_a_child_still_starts_leaves_nothing(processes: Processes, tmp_path: Path) -> None:
    slow = command(tmp_path, "import os, time; print(os.getpid(), flush=True); time.sleep(60)")
    starting = asyncio.create_task(processes.start(slow))
    pid = await first_word(slow.log)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert await gone(int(pid))


async def run_parent(code: str, *arguments: str) -> tuple[asyncio.subprocess.Process, int]:
    """A parent of its own, and the id of the child it prints."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    return parent, int(await parent.stdout.readline())


async def test_a_killed_parent_takes_its_child_along() -> None:
    code = (
        "import os, subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-I', '-S', sys.argv[1], str(os.getpid()), '/bin/sleep', '60'],"
        " start_new_session=True)\n"
        "time.sleep(0.5); print(p.pid, flush=True); time.sleep(60)"
    )
    parent, child = await run_parent(code, str(EXEC_CHILD))
    if sys.platform == "linux":
        assert psutil.Process(child).name() == "sleep"
    parent.kill()
    # Not for longer: the wait ends when the child's end closes the pipe, too, and the child ends by itself in the end.
    await asyncio.wait_for(parent.wait(), 10)
    assert await gone(child)


async def test_without_the_kernels_help_a_watcher_ends_the_child_of_a_killed_parent() -> None:
    watcher = (
        f"import sys; sys.path.insert(0, {str(EXEC_CHILD.parent)!r}); import exec_child\n"
        "exec_child.watch(int(sys.argv[1]), ['/bin/sleep', '60'])"
    )
    code = (
        "import os, subprocess, sys, time\n"
        f"p = subprocess.Popen([sys.executable, '-c', {watcher!r}, str(os.getpid())], start_new_session=True)\n"
        "time.sleep(1); print(p.pid, flush=True); time.sleep(60)"
    )
    parent, watching = await run_parent(code)
    (child,) = psutil.Process(watching).children()
    parent.kill()
    # Not for longer: the wait ends when the child's end closes the pipe, too, and the child ends by itself in the end.
    await asyncio.wait_for(parent.wait(), 10)
    assert await gone(child.pid, within=10 * WATCH_SECONDS + 2)
    assert await gone(watching)


async def test_a_child_whose_parent_is_gone_already_does_not_start() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", str(EXEC_CHILD), "1", "/bin/echo", "started"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 1
    assert out == b""
    assert b"parent died" in err

"""`make demo` from a fresh clone, as a stranger runs it, with uv's cache of packages warm."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path

import pytest

from tests.benchmarks.figures import held
from tests.whole.town import unconfigured

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).parents[2]
COMPILERS = ("go", "gcc", "cc", "g++", "c++", "clang", "rustc", "cargo")


@pytest.mark.timeout(300)
async def test_make_demo(tmp_path: Path) -> None:
    clone, bin_dir, called = tmp_path / "clone", tmp_path / "bin", tmp_path / "compilers-called"
    bin_dir.mkdir()
    for name in COMPILERS:
        (bin_dir / name).write_text(f'#!/bin/sh\n[ "$1" = --version ] || echo "{name} $*" >> {called}\nexit 1\n')
        (bin_dir / name).chmod(0o755)
    environ = {**unconfigured(os.environ), "PATH": f"{bin_dir}:{os.environ['PATH']}"}
    environ.pop("VIRTUAL_ENV", None)
    await _ran("git", "clone", "--quiet", str(ROOT), str(clone), environ=environ)
    started = time.monotonic()
    out = await _ran("make", "--silent", "-C", str(clone), "demo", "ARGS=--once --json", environ=environ)
    seconds = time.monotonic() - started
    steps = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    assert steps[-1]["event"] == "summary"
    assert steps[-1]["ok"], steps[-1]["error"]
    played = steps[-2]["at"] - steps[0]["at"]
    compiled = called.read_text() if called.exists() else ""
    assert not compiled, f"A compiler was called: {compiled}"
    held("`make demo` from a fresh clone, packages cached", seconds, unit="s", bound=90, chosen="make_demo",
         beside=f"of it the play: {played:.1f} s; no compiler was called")  # fmt: skip


async def _ran(*command: str, environ: dict[str, str]) -> str:
    """Standard output of a command that must succeed."""
    process = await asyncio.create_subprocess_exec(*command, env=environ, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 0, f"{' '.join(command)} ended with {process.returncode}"
    return out.decode()

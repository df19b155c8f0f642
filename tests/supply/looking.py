"""What a look comes to, and how the tools that look are run."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".cache" / "supply" / "bin"
"""Apart from .venv: they judge what is in there."""
UV = ROOT / ".cache" / "uv" / "bin" / "uv"

PATIENCE_SECONDS = 240


class NotDone(Exception):
    """It could not be looked at: nothing can be said of it, least of all that it is well. The message is the reason."""


@dataclass(frozen=True)
class Looked:
    at: str
    """What was looked at, in words."""
    found: tuple[str, ...]
    """A line for each thing that is wrong; empty: nothing is."""


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str

    @property
    def last_words(self) -> str:
        """Of what it complained about."""
        lines = [line.strip() for line in (self.err or self.out).splitlines() if line.strip()]
        # npm ends with where its log is.
        lines = [line for line in lines if "A complete log of this run" not in line] or lines
        return lines[-1][:300].rstrip(".") if lines else f"it ended with {self.status} and said nothing"


async def run(
    command: Sequence[str | Path],
    *,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Ran:
    """Raises :class:`NotDone` where the tool is not there or does not end."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            env=env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise NotDone(
            f"{command[0]} could not be run ({error.strerror}); `make audit` and `make secrets` install it"
        ) from error
    try:
        out, err = await asyncio.wait_for(process.communicate(), patience_seconds)
    except TimeoutError as error:
        # With what it started: npm is a Python that starts a node.
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise NotDone(f"{Path(command[0]).name} did not end within {patience_seconds:g} s") from error
    return Ran(process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace"))

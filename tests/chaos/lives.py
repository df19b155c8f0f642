"""Bots and workers that can be killed as often as one likes, each life a process of its own.

`python -m tests.chaos.lives ROLE DATA_DIR`: a line of JSON on stdin (:class:`Birth`) starts a life, a line of JSON on
stdout (:class:`Word`) says that one was born or has died. Starting one costs seconds of imports, so lives are forked
from this process, which has made them.
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import importlib
import os
import selectors
import signal
import sys
import threading
import traceback
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from pydantic import TypeAdapter

from bot import clock, lifecycle
from tests.whole import serving
from tests.whole.dying import LATE, PR_SET_PDEATHSIG
from tests.whole.effects import put
from tests.whole.serving import READY, ServingRole

LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Birth:
    name: str
    role: ServingRole
    skew_seconds: float = 0
    """How far this life's wall clock is ahead of everybody else's."""


@dataclass(frozen=True)
class Word:
    what: str
    """`born`, `serves` or `died`."""
    name: str
    pid: int
    status: int = 0
    """As `waitpid` has it."""


BIRTH = TypeAdapter(Birth)
WORD = TypeAdapter(Word)


class _Ahead:
    """Stands where :mod:`bot.clock` has `datetime`: the product reads the wall clock there and nowhere else."""

    def __init__(self, seconds: float) -> None:
        self._ahead = timedelta(seconds=seconds)

    def now(self, zone: tzinfo) -> datetime:
        return datetime.now(zone) + self._ahead


def _be_born(birth: Birth) -> int:
    """The process id of the next life."""
    pid = os.fork()
    if pid:
        return pid
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        faulthandler.register(signal.SIGUSR1)
        put(serving, "READY", WORD.dump_json(Word("serves", birth.name, os.getpid())).decode())
        sys.argv[1] = birth.role
        if birth.skew_seconds:
            put(clock, "datetime", _Ahead(birth.skew_seconds))
        status = lifecycle.run(serving.main)
    except BaseException:
        traceback.print_exc()
        status = 1
    os._exit(status)


def _for_words_only() -> None:
    """From now on standard output is what this code prints: what else writes there goes where errors go."""
    words = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(words, "w")


def _say(word: Word) -> None:
    sys.stdout.write(WORD.dump_json(word).decode() + "\n")
    sys.stdout.flush()


def main() -> int:
    _for_words_only()
    os.environ.update(LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS="True")
    for module in (*LATE, "bot.runtime", "bot.telemetry.operating"):
        importlib.import_module(module)
    if threading.active_count() != 1:
        sys.exit(f"threads are running, so forking is not safe: {threading.enumerate()}")
    gc.freeze()  # a collection would copy every shared page
    alive = dict[int, str]()
    print(READY, flush=True)
    os.set_blocking(sys.stdin.fileno(), False)
    looking, heard = selectors.DefaultSelector(), b""
    looking.register(sys.stdin.fileno(), selectors.EVENT_READ)
    while True:
        if looking.select(LOOK_SECONDS):
            piece = os.read(sys.stdin.fileno(), 65_536)
            if not piece:
                return 0  # whoever asked for lives is gone, and they go with this process
            *lines, heard = (heard + piece).split(b"\n")
            for line in lines:
                birth = BIRTH.validate_json(line)
                pid = _be_born(birth)
                alive[pid] = birth.name
                _say(Word("born", birth.name, pid))
        while alive:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            _say(Word("died", alive.pop(pid), pid, status))


if __name__ == "__main__":
    sys.exit(main())

"""Becomes another program that cannot outlive the process that started it. Run as a file, not imported.

`python -I -S exec_child.py PARENT_PID COMMAND…`, in a session of its own. On Linux the kernel is asked to kill this
process when its parent dies (prctl(2), PR_SET_PDEATHSIG; it survives execve), then the command replaces it. Elsewhere
this process stays and watches. Done here, in the child, because code between fork and exec is not safe with threads.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
WATCH_SECONDS = 0.2


def become(parent: int, command: list[str]) -> None:
    """Linux. SIGKILL: what is left without its parent must free its ports and files at once."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:
        sys.exit("the parent died before the child was bound to it")
    os.execv(command[0], command)


def watch(parent: int, command: list[str]) -> int:
    """Anywhere: run the command beside this process, and kill it when the parent is gone."""
    # Both are in one group and get its signals; this one has to stay until the command has ended.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with subprocess.Popen(command, preexec_fn=_default_sigterm) as child:
        while (status := child.poll()) is None:
            if os.getppid() != parent:
                child.kill()
            time.sleep(WATCH_SECONDS)
    return status


def _default_sigterm() -> None:
    # An ignored signal stays ignored over exec. Safe here: this process has one thread.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def main() -> int:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        become(parent, command)
    return watch(parent, command)


if __name__ == "__main__":
    sys.exit(main())

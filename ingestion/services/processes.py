"""Which process a job's worker is: its machine, its process id and when it started."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def worker_name() -> str:
    """`host:pid:start` of this process; the start tells a reused process id apart."""
    return f"{_host()}:{os.getpid()}:{_start(os.getpid())}"


def is_gone(worker: str) -> bool:
    """True only where we can know it: a process of this machine that no longer runs."""
    host, pid, start = [*worker.rsplit(":", 2), "", ""][:3]
    if host != _host() or not pid.isdigit():
        return False
    return not _runs(int(pid)) or _start(int(pid)) != start


def _host() -> str:
    return socket.gethostname()[:150]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _start(pid: int) -> str:
    """Clock ticks from boot to the start of the process (Linux); empty where the system has no /proc.

    Not a wall-clock time: a clock that is set must not make a live process look gone.
    """
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    state, start = after_name[0], after_name[19]
    return "" if state in "ZX" else start

"""The most memory that a command of the product ever holds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

# What a process is told to have held at most includes what its parent held when it was started: so by a small parent.
_LAUNCHER = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""


def peak_of(*command: str, folder: Path) -> float:
    """MiB that `manage.py` with these words holds at most, with its files in this folder."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(folder),
        "IMPORT_DIR": str(folder),
        "SECRET_KEY": settings.SECRET_KEY,
    }
    arguments = [sys.executable, "-c", _LAUNCHER, sys.executable, "manage.py", *command]
    ended = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed: {ended.stderr[-2000:]}")
    return int(ended.stdout) / 1024

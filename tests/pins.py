"""Pins what the requirements bring along: `make pins`, after a line was added to one of the lists.

The lines that people write stay as they are, but for their version, which is the installed one. The
rest of each file is what these need, read from the environment that has them installed.
"""

from __future__ import annotations

import re
from collections import deque
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
FILES = ("requirements.txt", "requirements-connectors.txt", "requirements-dev.txt")
MARK = "# What these bring, pinned too so that every machine gets the same"
OLDEST = {"python_full_version": "3.11.0"}
"""What the lists are written for, wherever they are written: later patch releases need no more."""
LINE = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+(?:\[[^]]*\])?)==(?P<version>\S+)\s+#\s*(?P<why>\S.*)$")


def written(file: str) -> str:
    """The part of a list that people write."""
    return (ROOT / file).read_text().partition(MARK)[0].rstrip()


def wanted(text: str) -> list[str]:
    """The names, with their extras, of the lines in a list."""
    return [match["name"] for line in text.splitlines() if (match := LINE.match(line))]


def needed_by(names: list[str]) -> dict[str, set[str]]:
    """Every distribution that these bring, by its canonical name → who needs it; themselves included."""
    found: dict[str, set[str]] = {}
    queue = deque((Requirement(name), "") for name in names)
    seen: set[tuple[str, frozenset[str]]] = set()
    while queue:
        requirement, parent = queue.popleft()
        name = canonicalize_name(requirement.name)
        found.setdefault(name, set()).update({parent} - {""})
        if (name, frozenset(requirement.extras)) in seen:
            continue
        seen.add((name, frozenset(requirement.extras)))
        distribution = metadata.distribution(requirement.name)
        for text in distribution.requires or []:
            child = Requirement(text)
            extras = {"", *requirement.extras}
            if child.marker is None or any(child.marker.evaluate({**OLDEST, "extra": extra}) for extra in extras):
                queue.append((child, distribution.metadata["Name"]))
    return found


def pinned(name: str, why: str) -> str:
    return f"{name + '==' + metadata.version(Requirement(name).name):<44} # {why}"


def complete(file: str, elsewhere: set[str]) -> tuple[str, set[str]]:
    """The whole text of a list, and the names in it; what is pinned elsewhere is left out."""
    head = written(file)
    needed = needed_by(wanted(head))
    own = {canonicalize_name(Requirement(name).name) for name in wanted(head)}
    lines = [pinned(match["name"], match["why"]) if (match := LINE.match(line)) else line for line in head.splitlines()]
    lines += ["", MARK]
    for name in sorted(needed.keys() - own - elsewhere):
        shown = metadata.distribution(name).metadata["Name"]
        lines.append(pinned(shown, f"for {', '.join(sorted(needed[name], key=str.lower))}"))
    return "\n".join(lines) + "\n", set(needed)


def lists() -> dict[str, str]:
    """File → the text it should have."""
    texts: dict[str, str] = {}
    names: set[str] = set()
    for file in FILES:
        texts[file], found = complete(file, names)
        names |= found
    return texts


if __name__ == "__main__":
    for file, text in lists().items():
        (ROOT / file).write_text(text)

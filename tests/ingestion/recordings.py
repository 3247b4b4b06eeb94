"""What a real engine answered, kept in a file: the default suite plays it, the engine runs where it is there.

With RECORD=1 the engine's run writes the file anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "recorded"


def key_of(statement: str, parameters: Mapping[str, Any]) -> str:
    """A statement, however its lines are broken, with what it was asked."""
    return f"{' '.join(statement.split())} <- {json.dumps(parameters, sort_keys=True)}"


class Recording:
    """The answers of one file, by what was asked. `asked` lists what was, in order."""

    def __init__(self, name: str) -> None:
        self.path = FOLDER / f"{name}.json"
        self.answers: dict[str, Any] = json.loads(self.path.read_text()) if self.path.exists() else {}
        self.asked: list[str] = []

    def play(self, key: str) -> Any:
        self.asked.append(key)
        assert key in self.answers, f"{self.path.name} has no answer to {key}: run the engine's tests with RECORD=1"
        return self.answers[key]

    def note(self, key: str, ask: Callable[[], Any]) -> Any:
        """Ask the engine; what it answers goes into the file, when asked to record."""
        self.asked.append(key)
        answer = ask()
        if os.environ.get("RECORD") == "1":
            self.answers[key] = answer
            text = json.dumps(dict(sorted(self.answers.items())), indent=1, ensure_ascii=False)
            self.path.write_text(text + "\n")
        return answer

"""What a run says while it works: lines for whoever looks at it later, and its error in full."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from django.utils import timezone

from contracts.errors import DomainError
from ingestion.models import Job, JobLog
from ingestion.services.secrets import scrub

HEAD, TAIL = 100, 400
"""Lines that are kept from the beginning and from the end of a run; those between are counted."""
LINE_LENGTH = 1000
ERROR_LENGTH = 20_000


class RunLog:
    """The lines of one job, all attempts together; in memory until `write`."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.secrets: list[Any] = []
        self._head: list[dict[str, str]] = []
        self._tail: deque[dict[str, str]] = deque(maxlen=TAIL)
        self._left_out = 0
        self._error = ""
        self._is_new = False
        if job.attempts > 1:
            self._go_on()

    def line(self, message: str, *, level: str = "info", name: str = "") -> None:
        """One more line: `level` is info, warning or error, `name` the object it is about."""
        text = scrub(message, self.secrets)[:LINE_LENGTH]
        self._put({"at": timezone.now().isoformat(), "level": level, "message": text, "object": name[:LINE_LENGTH]})
        self._is_new = True

    def fail(self, error: BaseException) -> None:
        """Keep an error with everything that caused it, and a line that says it."""
        self._error = scrub(told_in_full(error), self.secrets)[:ERROR_LENGTH]
        self.line(error.message if isinstance(error, DomainError) else type(error).__name__, level="error")

    def write(self) -> None:
        """Put what is new into the job's row of lines."""
        if not self._is_new:
            return
        row = JobLog(job=self.job, lines=[*self._head, *self._tail], left_out=self._left_out, error=self._error)
        JobLog.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["job"], update_fields=["lines", "left_out", "error"]
        )
        self._is_new = False

    def _put(self, line: dict[str, str]) -> None:
        if len(self._head) < HEAD:
            self._head.append(line)
            return
        self._left_out += len(self._tail) == TAIL
        self._tail.append(line)

    def _go_on(self) -> None:
        """Begin with the lines of the attempts before this one."""
        former = JobLog.objects.filter(job=self.job).first()
        if former is not None:
            self._left_out, self._error = former.left_out, former.error
            for line in former.lines:
                self._put(line)


def told_in_full(error: BaseException) -> str:
    """The error and its causes, the first cause last; a bug with the lines of code it came through.

    What a domain error was raised `from None` is told too: that hides a driver's words from callers, not from
    those who mend the source.
    """
    if not isinstance(error, DomainError):
        return "".join(traceback.format_exception(error)).strip()
    return "\n\nbecause of\n\n".join(_one(each) for each in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _one(error: BaseException) -> str:
    kind = type(error)
    where = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    details: Iterable[str] = ()
    if isinstance(error, DomainError):
        details = (f"{name}: {value}" for name, value in error.details.items() if value not in ("", None))
    return "\n".join([f"{where}{kind.__qualname__}: {error}", *details])

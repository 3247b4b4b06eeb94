"""Work that may wait long for somebody else's server, in a thread that is left when its run ends.

A driver that waits for an answer cannot be interrupted. So it waits in a thread of its own, while the run goes on
looking at its cancel flag and its limit of time. What touches the application's database stays in the run's thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextvars import copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Generic, ParamSpec, TypeVar

from django.db import connections

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")

POLL = 0.2
"""Seconds between two looks at whether to wait any longer."""
PARTING = 1.0
"""Seconds that are given to what is left to close its connection."""


class Left(BaseException):
    """Raised in the thread: nobody waits for it any more. No `Exception`, which may be taken for a driver's."""


@dataclass(slots=True)
class _Call:
    function: Callable[[], Any]


@dataclass(slots=True)
class _Item:
    values: list[Any]  # taken out, so that nothing here keeps it while the next one is made


@dataclass(slots=True)
class _End:
    error: BaseException | None


class Apart(Generic[T]):
    """What the work is given: the way back to the thread that waits for it."""

    def __init__(self) -> None:
        self._said: SimpleQueue[_Call | _Item | _End] = SimpleQueue()
        self._answers: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        self._is_left = False

    def call(self, function: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
        """What the function returns or raises, called in the thread that waits."""
        answer: R = self._say(_Call(lambda: function(*arguments, **named)))
        return answer

    def items(self, work: Callable[[Apart[T]], Generator[T]], check: Callable[[], None]) -> Generator[T]:
        name = threading.current_thread().name
        context = copy_context()
        thread = threading.Thread(target=context.run, args=(self._work, work), daemon=True, name=f"{name}-apart")
        thread.start()
        try:
            while not isinstance(said := self._heard(check), _End):
                if isinstance(said, _Item):
                    yield said.values.pop()
                    self._answers.put((None, None))
                else:
                    self._answers.put(_outcome(said.function))
            if said.error is not None:
                try:
                    raise said.error
                finally:
                    del said  # with it the error would hold itself, and all that its traceback leads to
        finally:
            self._is_left = True
            self._answers.put((None, Left()))
            thread.join(PARTING)

    def _heard(self, check: Callable[[], None]) -> _Call | _Item | _End:
        while True:
            check()
            try:
                return self._said.get(timeout=POLL)
            except Empty:
                continue

    def _work(self, work: Callable[[Apart[T]], Generator[T]]) -> None:
        try:
            items = work(self)
            try:
                while True:
                    self._say(_Item([next(items)]))
            finally:
                items.close()
                connections.close_all()  # a connector may have asked the application's database, against the rule
        except StopIteration:
            self._said.put(_End(None))
        except BaseException as error:  # noqa: BLE001  carried over to the thread that waits
            self._said.put(_End(error))

    def _say(self, said: _Call | _Item) -> Any:
        if self._is_left:
            raise Left()
        self._said.put(said)
        value, error = self._answers.get()
        if error is not None:
            raise error
        return value


def _outcome(function: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return function(), None
    except Exception as error:  # noqa: BLE001  raised again where the call came from
        return None, error


def apart(work: Callable[[Apart[T]], Generator[T]], *, check: Callable[[], None]) -> Generator[T]:
    """What the work yields, made in a thread of its own, one item at a time. Raises what it raises.

    `check` is called before each item and several times a second while one is awaited. When it raises, or the
    generator is closed, the thread is left: it ends at its next step, or when its driver gives up.
    """
    return Apart[T]().items(work, check)


def call_apart(function: Callable[[], T], *, check: Callable[[], None]) -> T:
    """What the function returns or raises, likewise."""

    def work(_: Apart[T]) -> Generator[T]:
        yield function()

    (result,) = apart(work, check=check)
    return result

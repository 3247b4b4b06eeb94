"""Reading a source in a thread of its own: one that has fallen silent does not hold the run."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ingestion.connectors.base import CollectOptions, Known, Observer
from ingestion.services.apart import Apart, apart

T = TypeVar("T")


def read_apart(
    read: Callable[[Mapping[str, Any], CollectOptions, Observer], Iterator[T]],
    config: Mapping[str, Any],
    options: CollectOptions,
    observer: Observer,
) -> Generator[T]:
    """What a connector's `collect` or `profile` yields. The observer, and who knows the catalog, are asked here."""

    def work(aside: Apart[T]) -> Generator[T]:
        known = _Known(options.known, aside) if options.known is not None else None
        yield from read(config, replace(options, known=known), _Observer(observer, aside))

    return apart(work, check=observer.check)


@dataclass(slots=True)
class _Known:
    known: Known
    aside: Apart[Any]

    def unchanged(self, states: Mapping[str, str]) -> set[str]:
        return self.aside.call(self.known.unchanged, states)


@dataclass(slots=True)
class _Observer:
    observer: Observer
    aside: Apart[Any]

    def check(self) -> None:
        self.aside.call(self.observer.check)

    def phase(self, name: str, total: int | None = None, *, until: int = 90) -> None:
        self.aside.call(self.observer.phase, name, total, until=until)

    def advance(self, count: int, current: str = "") -> None:
        self.aside.call(self.observer.advance, count, current)

    def warn(self, message: str, name: str = "") -> None:
        self.aside.call(self.observer.warn, message, name)

    def gap(self, parts: Sequence[str], message: str) -> None:
        self.aside.call(self.observer.gap, parts, message)

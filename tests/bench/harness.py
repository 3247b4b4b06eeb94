"""How the bench measures: floor and product in turn, the best of each, and their ratio.

The best, since whatever else the machine does only ever adds to a time.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection

FEW_RUNS = 20
"""Long work begins with no garbage of the run before; for short work, collecting takes longer than the work."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. Times are the best, in milliseconds; `bar` is the highest ratio aimed at."""

    work: str
    floor: str
    floor_ms: float
    product_ms: float
    bar: float
    statements: int | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.product_ms / self.floor_ms

    @property
    def holds(self) -> bool:
        return self.ratio <= self.bar


def compare(
    floor: Callable[[], object], product: Callable[[], object], *, runs: int, warmup: int = 1
) -> tuple[float, float]:
    """The best milliseconds of the two, run in turn so that a drift of the machine's speed hits both."""
    for _ in range(warmup):
        floor()
        product()
    floors, products = [], []
    for _ in range(runs):
        if runs <= FEW_RUNS:
            gc.collect()
        floors.append(milliseconds(floor))
        products.append(milliseconds(product))
    return min(floors), min(products)


def milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def statements_of(work: Callable[[], object]) -> int:
    """How many statements this thread's connection sends for it."""
    with _counted() as counter:
        work()
    return counter[0]


@contextmanager
def _counted() -> Iterator[list[int]]:
    counter = [0]

    def count(execute: Callable[..., object], *args: object) -> object:
        counter[0] += 1
        return execute(*args)

    with connection.execute_wrapper(count):
        yield counter


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table, widest column first fitted."""
    cells = [["work", "floor", "floor ms", "ours ms", "ratio", "bar", "", "statements", "note"]]
    for row in rows:
        cells.append(
            [
                row.work,
                row.floor,
                f"{row.floor_ms:,.1f}" if row.floor_ms >= 100 else f"{row.floor_ms:.2f}",
                f"{row.product_ms:,.1f}" if row.product_ms >= 100 else f"{row.product_ms:.2f}",
                f"{row.ratio:.2f}",
                f"≤ {row.bar:g}",
                "holds" if row.holds else "MISSED",
                "" if row.statements is None else str(row.statements),
                row.note,
            ]
        )
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)

"""Versions as decimals: 0.1 at first, 0.1 more with a change, 1.0 more with one that breaks who reads the schema.

An asset counts its versions and, beside them, how many broke; the decimal is made of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def decimal_of(version: int, breaks: int) -> float:
    """The decimal of a version, of all of which up to it `breaks` were breaking: version 3 with one is 1.2."""
    return (version + 9 * breaks) / 10


def is_breaking(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> bool:
    """Whether an element is gone or of another type."""
    there = {element["name"]: element for element in after}
    for element in before:
        now = there.get(element["name"])
        if now is None or now["type"] != element["type"]:
            return True
        if element.get("children") and is_breaking(element["children"], now.get("children") or ()):
            return True
    return False

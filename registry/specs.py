"""What names a published thing: `org:name-format@version`, and what a version part may ask for.

Versions compare by number (1.10 after 1.9) and by the words of pre-releases; `1`, `1.0` and `1.0.0` are equal
to a range, and different names all the same. `packaging` refuses `2025_01` and `GRCh38.p14`, `semantic-version`
refuses `1.0`, and none of these can be sorted by a database; keys can.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from registry.version_order import sort_key

FORMAT_PATTERN = r"[a-z0-9](?:[a-z0-9._+]{0,38}[a-z0-9])?"
"""A format holds no `-`: what follows the last one in a spec is the format."""
VERSION_PATTERN = r"(?=[^\d]*\d)[A-Za-z0-9](?:[A-Za-z0-9._+-]{0,98}[A-Za-z0-9])?"
LENGTH = 400
"""Characters of a spec."""
LAST = "z"
"""Above every key."""

_SPEC = re.compile(r"([^:@]+):([^:@]+)@(.+)")
_SLUG = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_VERSION = re.compile(VERSION_PATTERN)
_FORMAT = re.compile(FORMAT_PATTERN)
_OPERATOR = re.compile(r"(\^|~=?|>=|<=|==|!=|>|<|=)?\s*(\S+)")
_HEAD = re.compile(r"(?:d\d+)*")
_ZEROS = re.compile(r"(?:d010)+$")
_BEFORE_END = re.compile(r"(?:d\d+|c[a-z]+0)*(.)")
_NUMBER = re.compile(r"\d+")


def order_key(version: str) -> str:
    """The text that orders a version; the same for `1`, `1.0` and `1.0.0`."""
    key = sort_key(version)
    head = _HEAD.match(key)
    if head is None or key[head.end() : head.end() + 1] not in {"a", "b"}:
        return key
    return _ZEROS.sub("", head[0]) + key[head.end() :]


def is_prerelease(version: str) -> bool:
    """Whether it comes before a release: 1.0-rc.1, 2.0b3, 0.9.dev1."""
    ends = _BEFORE_END.match(order_key(version))
    return ends is not None and ends[1] == "a"


def is_version(text: str) -> bool:
    return _VERSION.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Window:
    """Keys from `low` up to, and without, `high`."""

    low: str
    high: str
    prereleases: bool


@dataclass(frozen=True, slots=True)
class Spec:
    """One thing as a client names it. `windows` are to be tried in order; none of them for an exact version."""

    text: str
    organization: str
    name: str
    wanted: str
    windows: tuple[Window, ...]

    @property
    def is_exact(self) -> bool:
        return not self.windows

    @property
    def readings(self) -> Iterator[tuple[str, str | None]]:
        """What the name may mean, in order: a name and its format, or the whole as a name."""
        name, dash, format_name = self.name.rpartition("-")
        if dash and name and _FORMAT.fullmatch(format_name):
            yield name, format_name
        yield self.name, None


def parse_spec(text: str) -> Spec:
    """Read `org:name-format@version`. Raises ValueError with a sentence."""
    if len(text) > LENGTH:
        raise ValueError(f"A spec has at most {LENGTH} characters")
    parts = _SPEC.fullmatch(text)
    if parts is None:
        raise ValueError("This is no spec: it must look like org:name-format@version")
    organization, name, wanted = parts.groups()
    for word in (organization, name):
        if not _SLUG.fullmatch(word):
            raise ValueError(f"'{word}' is no name of an organization or an entry")
    if is_version(wanted) and wanted != "latest":
        return Spec(text, organization, name, wanted, ())
    return Spec(text, organization, name, wanted, parse_range(wanted))


@lru_cache(maxsize=4096)
def parse_range(text: str) -> tuple[Window, ...]:
    """The windows of `latest`, `*`, `^1.0`, `~1.5`, `1.*`, `>=1.0,<2`, `!=1.3`. Raises ValueError."""
    if text in {"latest", "*"}:
        return Window("", LAST, prereleases=False), Window("", LAST, prereleases=True)
    low, high, holes, early = "", LAST, [], False
    for part in text.split(","):
        operator, version = _comparison(part)
        early = early or is_prerelease(version)
        if operator == "!=":
            holes.append(order_key(version))
            continue
        least, most = _bounds(operator, version)
        low, high = max(low, least), min(high, most)
    windows = []
    for hole in sorted(holes, reverse=True):
        windows.append(Window(max(low, hole + LAST), high, early))
        high = min(high, hole)
    return tuple(window for window in (*windows, Window(low, high, early)) if window.low < window.high) or (
        Window(LAST, LAST, prereleases=False),
    )


def _comparison(part: str) -> tuple[str, str]:
    found = _OPERATOR.fullmatch(part.strip())
    if found is None:
        raise ValueError(f"'{part.strip()}' is neither a version nor a range")
    operator, version = found[1] or "", found[2]
    if version.endswith(".*") and operator in {"", "=", "=="}:
        operator, version = "*", version[:-2]
    if not operator or not is_version(version):
        raise ValueError(f"'{version}' is no version")
    return operator, version


def _bounds(operator: str, version: str) -> tuple[str, str]:
    """The keys that a comparison lets through: from the first, up to and without the second."""
    key = order_key(version.partition("+")[0])
    if operator in _PLACES:
        return key, _below(version, _PLACES[operator])
    below = key if is_prerelease(version) else key[:-1] + "a"  # 2.0-rc.1 is not below 2
    return {
        ">=": (key, LAST),
        ">": (key + LAST, LAST),
        "<=": ("", key + LAST),
        "<": ("", below),
    }.get(operator, (key, key + LAST))


def _caret(numbers: list[int]) -> int:
    """The first that is not zero, the last where all are."""
    return next((place for place, number in enumerate(numbers) if number), len(numbers) - 1)


def _tilde(numbers: list[int]) -> int:
    """The second, the first where there is but one."""
    return min(1, len(numbers) - 1)


def _last(numbers: list[int]) -> int:
    return len(numbers) - 1


_PLACES: dict[str, Callable[[list[int]], int]] = {"^": _caret, "~": _tilde, "~=": _tilde, "*": _last}
"""Which number of a version must not grow."""


def _below(version: str, choose: Callable[[list[int]], int]) -> str:
    """The key below which the versions stay whose number at the chosen place, and all before it, are these."""
    found = list(_NUMBER.finditer(version))
    place = found[choose([int(number[0]) for number in found])]
    raised = f"{version[: place.start()]}{int(place[0]) + 1}"
    return order_key(raised)[:-1] + "a"

"""Versions as text that sorts as versions do: 1.9 before 1.10, 1.0-rc.1 before 1.0.

The key holds only digits and small letters, so that every database and collation orders it alike.
Each part begins with a letter for its class, in the order that classes compare: `a` a pre-release
follows, `b` the version ends, `c` a word, `d` a number, `e` a word of a pre-release.
"""

from __future__ import annotations

import re
from functools import lru_cache

KEY_LENGTH = 600

_SEMVER = re.compile(r"(\d+(?:\.\d+){2})-([0-9A-Za-z.-]+)")
_PARTS = re.compile(r"\d+|[^\W\d_]+")
_STAGES = {
    "dev": "0dev",
    "snapshot": "0dev",
    "a": "1alpha",
    "alpha": "1alpha",
    "b": "2beta",
    "beta": "2beta",
    "m": "3milestone",
    "milestone": "3milestone",
    "c": "4rc",
    "rc": "4rc",
    "cr": "4rc",
    "pre": "4rc",
    "preview": "4rc",
}
"""Words that mean 'not yet', in the order in which they come before a release."""


@lru_cache(maxsize=65536)
def sort_key(version: str) -> str:
    """The text that orders this version. Build metadata after `+` only breaks ties."""
    core, _, build = version.strip().lower().partition("+")
    core = core.removeprefix("v")
    semver = _SEMVER.fullmatch(core)
    if semver:
        early = "".join(_early(part) for part in re.split(r"[.-]", semver[2]) if part)
        key = f"{_parts(semver[1])}a{early}b"
    else:
        key = f"{_parts(core)}b"
    return (key + (_parts(build) if build else ""))[:KEY_LENGTH]


def is_pre_release(version: str) -> bool:
    """Whether a version says of itself that it is not final yet: `2.0rc1`, `1.0.0-alpha`."""
    core = version.strip().lower().partition("+")[0].removeprefix("v")
    return bool(_SEMVER.fullmatch(core)) or any(part in _STAGES for part in _PARTS.findall(core))


def _parts(text: str) -> str:
    found = []
    for part in _PARTS.findall(text):
        if part.isdecimal() and part.isascii():
            found.append(_number(part))
        elif part in _STAGES:
            found.append(f"ae{_STAGES[part]}")
        else:
            found.append(f"c{_word(part)}")
    return "".join(found)


def _early(part: str) -> str:
    """An identifier of a pre-release after SemVer: numbers before words, words by stage, then by letter."""
    if part.isdecimal() and part.isascii():
        return _number(part)
    return "".join(
        _number(piece) if piece.isdecimal() and piece.isascii() else f"e{_STAGES.get(piece) or _word(piece)}"
        for piece in _PARTS.findall(part)
    )


def _number(digits: str) -> str:
    """A number by its length, then its digits; `d` before the length, as two digits."""
    bare = digits.lstrip("0") or "0"
    return f"d{min(len(bare), 99):02}{bare}"


def _word(part: str) -> str:
    plain = part if part.isascii() else part.encode().hex()
    return f"{plain}0"

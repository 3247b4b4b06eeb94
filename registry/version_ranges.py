"""Version ranges as `vers:pypi/>=1.0|<2.0`, by the rules of each ecosystem (univers)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from univers.nuget import InvalidNuGetVersion
from univers.version_constraint import InvalidConstraintsError
from univers.version_range import RANGE_CLASS_BY_SCHEMES, VersionRange

from contracts.errors import Invalid

_OF_PACKAGES = frozenset({"cargo", "composer", "conan", "deb", "gem", "golang", "maven", "npm", "nuget", "pypi", "rpm"})
"""Schemes that are types of packages too; `generic`, `intdot` and the like are not."""
LONGEST = 1000
"""Characters of a range that are read."""

_UNREADABLE = (ValueError, TypeError, AttributeError, KeyError, InvalidNuGetVersion)
_FORM = "Write it as vers:pypi/>=1.0|<2.0."


@lru_cache(maxsize=512)
def read_range(text: str) -> VersionRange:
    """The range that a vers says. Raises Invalid."""
    if len(text) > LONGEST:
        raise Invalid(fields={"version_range": [f"At most {LONGEST} characters. {_FORM}"]})
    try:
        found: VersionRange = VersionRange.from_string(text)
    except _UNREADABLE as error:
        words = f"This range cannot be read ({error}). {_FORM}"
        raise Invalid(fields={"version_range": [words[:300]]}) from None
    return found


def matching(versions: Iterable[str], text: str) -> list[str]:
    """The versions that are within the range; one that its ecosystem cannot read is in no range. Raises Invalid."""
    wanted = read_range(text)
    return [version for version in versions if _holds(wanted, version)]


def in_range(version: str, text: str) -> bool:
    """The same for one version, and False for a range that cannot be read, as documents may hold."""
    try:
        return bool(matching([version], text))
    except Invalid:
        return False


def package_scheme(text: str) -> str:
    """The type of package that a range is of; '' where packages of any type may have versions of its scheme."""
    scheme = text.removeprefix("vers:").partition("/")[0].lower()
    return scheme if scheme in _OF_PACKAGES else ""


def schemes() -> list[str]:
    """The ecosystems whose ranges can be read."""
    return sorted(RANGE_CLASS_BY_SCHEMES)


def _holds(wanted: VersionRange, version: str) -> bool:
    if not version:
        return False
    kind: Any = wanted.version_class
    try:
        return bool(kind(version) in wanted)
    except InvalidConstraintsError:
        raise Invalid(fields={"version_range": [f"Two bounds of this range exclude each other. {_FORM}"]}) from None
    except _UNREADABLE:
        return False

"""What a document says, whatever its format: the shape that the index is written from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from packageurl import PackageURL


class PackageName(NamedTuple):
    """A package whatever its version; `type` is '' for what has no purl."""

    type: str
    namespace: str
    name: str

    @property
    def key(self) -> str:
        return "/".join(self)


@dataclass(slots=True)
class Part:
    """A component as its document names it. `licences` is one expression."""

    package: PackageName
    ref: str = ""
    type: str = ""
    version: str = ""
    purl: str = ""
    licence: str = ""
    supplier: str = ""
    scope: str = ""
    hashes: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Claim:
    """What a document says of one vulnerability in one product. `status` is one of StatementStatus."""

    vulnerability: str
    status: str
    product: str = ""
    aliases: list[str] = field(default_factory=list)
    justification: str = ""
    detail: str = ""
    package: PackageName | None = None
    version: str = ""
    version_range: str = ""
    serial_number: str = ""


@dataclass(slots=True)
class Document:
    """A document that was read and found valid. `edges` are positions in `parts` from 1; 0 is the subject."""

    type: str
    format: str
    media_type: str
    spec_version: str = ""
    name: str = ""
    version: str = ""
    purl: str = ""
    serial_number: str = ""
    parts: list[Part] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)


_PLAIN_PURL = re.compile(
    r"pkg:(?P<type>npm|maven|cargo|gem|nuget|generic|deb|apk|rpm|pypi|golang)/"
    r"(?:(?P<namespace>[^%?#@]+)/)?(?P<name>[^/%?#@]+)(?:@(?P<version>[^/%?#@]+))?(?:\?[^#]*)?(?:#.*)?"
)
_LOWER = {"npm", "pypi", "apk", "deb"}
"""Types whose names package URLs fold; the others of `_PLAIN_PURL` keep them."""


def split_purl(purl: str) -> tuple[PackageName, str] | None:
    """The package of a purl and its version ('' where it has none); None where it cannot be read."""
    plain = _PLAIN_PURL.fullmatch(purl)
    if plain and (plain["type"] not in _LOWER or _is_folded(plain)):
        return PackageName(plain["type"], plain["namespace"] or "", plain["name"]), plain["version"] or ""
    return _split_any_purl(purl)


def _is_folded(plain: re.Match[str]) -> bool:
    name, namespace = plain["name"], plain["namespace"] or ""
    return name.islower() and "_" not in name and namespace == namespace.lower()


@lru_cache(maxsize=4096)
def _split_any_purl(purl: str) -> tuple[PackageName, str] | None:
    try:
        found = PackageURL.from_string(purl)
    except ValueError:
        return None
    return PackageName(found.type, found.namespace or "", found.name), found.version or ""


def package_of(purl: str, namespace: str, name: str) -> PackageName:
    """The package that a component with this purl (maybe none), group and name is."""
    split = split_purl(purl) if purl else None
    return split[0] if split else PackageName("", namespace, name)


_LICENCE_WORD = re.compile(r"[A-Za-z0-9.+:-]+")
_OPERATORS = {"AND", "OR", "WITH", "and", "or", "with"}


@lru_cache(maxsize=8192)
def licence_identifiers(expression: str) -> tuple[str, ...]:
    """The licences an expression names: `MIT OR (Apache-2.0 AND BSD-3-Clause)` names three.

    What is no expression (a licence's own name, such as `The Foo Licence`) is one name.
    """
    bare = expression.replace("(", " ").replace(")", " ").split()
    is_expression = len(bare) == 1 or any(word in _OPERATORS for word in bare)
    if not is_expression or not all(_LICENCE_WORD.fullmatch(word) for word in bare):
        return (expression,)
    return tuple(dict.fromkeys(word for word in bare if word not in _OPERATORS))

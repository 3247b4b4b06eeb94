"""Lock documents: what specs stood for once, with every byte pinned, and whether that still holds.

A document is `{"lock_version": 1, "sources": {spec: pin}, "tools": {spec: pin}}`; a pin says the exact spec, the
checksum (`sha256-…`), the size in bytes and, of what is made of others, how many and their tree checksum.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from contracts.errors import Invalid
from registry.resolution import Resolved, resolve

VERSION = 1
PINS = 10_000

_CHECKSUM = re.compile(r"sha256-[0-9a-f]{64}")


def pin(found: Resolved) -> dict[str, Any]:
    """One line of a lock document."""
    pinned: dict[str, Any] = {
        "resolved": found.exact,
        "format": found.format,
        "checksum": f"sha256-{found.checksum}",
        "size": found.size,
    }
    if found.version.external_version:
        pinned["external_version"] = found.version.external_version
    if found.dependency_count:
        pinned["dependency_count"] = found.dependency_count
    return pinned


def lock_document(sources: Mapping[str, Resolved], tools: Mapping[str, Resolved]) -> dict[str, Any]:
    """The document for what was resolved, in the order of the specs, so that the same makes the same."""
    return {
        "lock_version": VERSION,
        "sources": {spec: pin(sources[spec]) for spec in sorted(sources)},
        "tools": {spec: pin(tools[spec]) for spec in sorted(tools)},
    }


def verify_lock(*, actor: Actor, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What no longer holds, one problem each: `{spec, resolved, problem, …}`; none for a document that holds.

    Raises Invalid for what is no lock document.
    """
    if document.get("lock_version") != VERSION:
        raise Invalid(fields={"lock_version": [f"This must be {VERSION}."]})
    problems = []
    for kind, part in (("source", "sources"), ("tool", "tools")):
        pins = _pins(document, part)
        found = resolve(actor=actor, specs=[entry["resolved"] for entry in pins.values()], kind=kind)
        for spec, entry in pins.items():
            exact = entry["resolved"]
            problem = _difference(entry, found.found.get(exact))
            reason = found.unreadable.get(exact) or found.missing.get(exact)
            if reason is not None:
                problem = {"problem": reason}
            if problem is not None:
                problems.append({"spec": spec, "resolved": exact, **problem})
    return problems


def _pins(document: Mapping[str, Any], part: str) -> dict[str, dict[str, Any]]:
    pins = document.get(part, {})
    if not isinstance(pins, dict) or len(pins) > PINS:
        raise Invalid(fields={part: [f"This must be an object of at most {PINS:,} pins."]})
    for spec, entry in pins.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("resolved"), str):
            raise Invalid(fields={f"{part}.{spec}": ["A pin is an object with resolved, checksum and size."]})
        if not isinstance(entry.get("checksum"), str) or not _CHECKSUM.fullmatch(entry["checksum"]):
            raise Invalid(fields={f"{part}.{spec}.checksum": ["This must be sha256- and 64 hexadecimal digits."]})
        if type(entry.get("size")) not in {int, type(None)}:
            raise Invalid(fields={f"{part}.{spec}.size": ["This must be a whole number of bytes."]})
    return pins


def _difference(entry: Mapping[str, Any], found: Resolved | None) -> dict[str, Any] | None:
    if found is None:
        return None
    if entry["checksum"] != f"sha256-{found.checksum}":
        return {
            "problem": "The checksum differs",
            "expected": entry["checksum"],
            "found": f"sha256-{found.checksum}",
        }
    if entry.get("size") not in {None, found.size}:
        return {"problem": "The size differs", "expected": entry["size"], "found": found.size}
    return None

"""OpenVEX 0.2.0, checked against the schema beside this module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from registry.documents.parts import Claim, Document, split_purl
from registry.documents.reading import refuse
from registry.documents.schemas import check_json, openvex

MEDIA_TYPE = "application/vex+json"
CONTEXT = "https://openvex.dev/ns"


def read_openvex(value: Any) -> Document:
    """A parsed document. Raises Invalid with the paths of what is wrong."""
    if not isinstance(value, dict):
        raise refuse([("", "OpenVEX is a JSON object")])
    check_json(openvex(), value)
    found = Document(
        type="vex",
        format="openvex",
        media_type=MEDIA_TYPE,
        spec_version="0.2.0",
        name=value["@id"],
        version=str(value["version"]),
        serial_number=value["@id"],
        metadata={"timestamp": value["timestamp"], "author": value["author"]},
    )
    if value.get("tooling"):
        found.metadata["generator"] = {"name": value["tooling"]}
    for statement in value["statements"]:
        found.claims.extend(_claims(statement))
    return found


def _claims(statement: Mapping[str, Any]) -> Iterator[Claim]:
    """One of each product; of each subcomponent in its place where the statement narrows it down to them."""
    vulnerability = statement["vulnerability"]
    base: dict[str, Any] = {
        "vulnerability": vulnerability["name"],
        "aliases": vulnerability.get("aliases") or [],
        "status": statement["status"],
        "justification": statement.get("justification") or "",
        "detail": statement.get("impact_statement") or statement.get("action_statement") or "",
    }
    products = statement.get("products") or ()
    for product in products:
        for narrowed in product.get("subcomponents") or (product,):
            yield Claim(**base, **_named(narrowed))
    if not products:
        yield Claim(**base)


def _named(product: Mapping[str, Any]) -> dict[str, Any]:
    name = str(product.get("@id") or "")
    purl = name if name.startswith("pkg:") else str((product.get("identifiers") or {}).get("purl") or "")
    split = split_purl(purl) if purl else None
    found: dict[str, Any] = {"product": purl or name or next(iter(product["identifiers"].values()))}
    if split:
        found |= {"package": split[0], "version": split[1]}
    elif name.startswith("urn:uuid:"):
        found["serial_number"] = name
    return found

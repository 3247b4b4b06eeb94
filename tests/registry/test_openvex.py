"""OpenVEX as its specification's text has it: what is valid, what is not, and where."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.errors import Invalid
from registry.documents import read_document
from tests.registry.documents import openvex

PURL = "pkg:pypi/a@1"


def statement(**changes: Any) -> dict[str, Any]:
    """A document whose one statement is changed; None takes a field away."""
    document = openvex(PURL)
    merged = {**document["statements"][0], **changes}
    document["statements"] = [{name: value for name, value in merged.items() if value is not None}]
    return document


def whole(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**openvex(PURL), **changes}.items() if value is not None}


def read(document: dict[str, Any]) -> Any:
    return read_document(json.dumps(document).encode(), type="vex", format="openvex")


@pytest.mark.parametrize(
    "document",
    [
        whole(role="Document creator", tooling="vexer 1.0", last_updated="2024-01-02T00:00:00Z"),
        statement(justification=None, impact_statement="Not reached"),
        statement(justification="component_not_present", impact_statement="It is not there"),
        statement(status="affected", justification=None, action_statement="Upgrade to 2"),
        statement(status="fixed", justification=None),
        statement(status="under_investigation", justification=None, status_notes="Looking"),
        statement(products=[{"identifiers": {"purl": PURL, "cpe23": "cpe:2.3:a:a:a:1"}, "hashes": {"sha-256": "ab"}}]),
        statement(products=[{"@id": "https://a.example/p", "identifiers": {"@cpe23": "cpe:2.3:a:a:a:1"}}]),
        statement(products=[{"@id": "pkg:oci/i", "subcomponents": [{"@id": PURL}]}]),
        statement(vulnerability={"name": "CVE-2024-1", "aliases": ["GHSA-1"], "description": "Bad"}),
    ],
)
def test_what_the_text_allows_is_read(document: dict[str, Any]) -> None:
    found = read(document)
    assert (found.format, len(found.claims)) == ("openvex", 1)


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (whole(author=None), "content"),
        (whole(timestamp="yesterday"), "content.timestamp"),
        (whole(version=0), "content.version"),
        (whole(statements=[]), "content.statements"),
        (whole(colour="red"), "content"),
        (statement(status="safe"), "content.statements.0.status"),
        (statement(justification=None), "content.statements.0"),
        (statement(justification="trust_us"), "content.statements.0.justification"),
        (statement(status="affected", justification=None), "content.statements.0"),
        (statement(vulnerability="CVE-2024-1"), "content.statements.0.vulnerability"),
        (statement(vulnerability={}), "content.statements.0.vulnerability"),
        (statement(products=[{"supplier": "nobody knows of what"}]), "content.statements.0.products.0"),
        (
            statement(products=[{"@id": PURL, "hashes": {"sha-256": "not hexadecimal"}}]),
            "content.statements.0.products.0",
        ),
    ],
)
def test_what_it_forbids_is_refused_by_its_path(document: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(document)
    assert all(found.startswith(path) for found in refused.value.fields), refused.value.fields

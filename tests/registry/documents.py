"""Small documents of every format, for tests to vary."""

from __future__ import annotations

import json
from typing import Any

from registry.services.artifacts import Upload


def sbom(
    *components: tuple[str, str], serial: str = "", subject: str = "", licences: dict[str, str] | None = None
) -> dict[str, Any]:
    """CycloneDX 1.6 with components from (purl without version, version) pairs; the first depends on the others."""
    listed = []
    for purl, version in components:
        name = purl.rpartition("/")[2]
        entry: dict[str, Any] = {
            "type": "library",
            "bom-ref": f"{purl}@{version}",
            "name": name,
            "version": version,
            "purl": f"{purl}@{version}",
        }
        if licences and name in licences:
            entry["licenses"] = [{"license": {"id": licences[name]}}]
        listed.append(entry)
    found: dict[str, Any] = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": listed}
    if serial:
        found["serialNumber"] = serial
    if subject:
        found["metadata"] = {
            "component": {"type": "application", "name": "shop", "bom-ref": "root", "purl": subject, "version": "1"}
        }
    if len(listed) > 1:
        found["dependencies"] = [{"ref": listed[0]["bom-ref"], "dependsOn": [one["bom-ref"] for one in listed[1:]]}]
    return found


def openvex(product: str, *, vulnerability: str = "CVE-2021-44228", status: str = "not_affected") -> dict[str, Any]:
    statement: dict[str, Any] = {
        "vulnerability": {"name": vulnerability},
        "products": [{"@id": product}],
        "status": status,
    }
    if status == "not_affected":
        statement["justification"] = "vulnerable_code_not_in_execute_path"
    if status == "affected":
        statement["action_statement"] = "Upgrade."
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": f"https://example.com/vex/{vulnerability}/{status}",
        "author": "Acme",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": 1,
        "statements": [statement],
    }


def csaf(purl: str, *, cve: str = "CVE-2021-44228", group: str = "known_affected") -> dict[str, Any]:
    vulnerability: dict[str, Any] = {
        "cve": cve,
        "product_status": {group: ["P1"]},
        "notes": [{"category": "description", "text": "Remote code execution."}],
    }
    if group == "known_affected":
        vulnerability["remediations"] = [{"category": "vendor_fix", "details": "Upgrade.", "product_ids": ["P1"]}]
    if group == "known_not_affected":
        vulnerability["flags"] = [{"label": "component_not_present", "product_ids": ["P1"]}]
    return {
        "document": {
            "category": "csaf_vex",
            "csaf_version": "2.0",
            "title": "Advisory",
            "publisher": {"category": "vendor", "name": "Acme", "namespace": "https://example.com"},
            "tracking": {
                "current_release_date": "2026-01-01T00:00:00Z",
                "id": "ACME-1",
                "initial_release_date": "2026-01-01T00:00:00Z",
                "revision_history": [{"date": "2026-01-01T00:00:00Z", "number": "1", "summary": "First."}],
                "status": "final",
                "version": "1",
            },
        },
        "product_tree": {
            "full_product_names": [
                {"name": "log4j", "product_id": "P1", "product_identification_helper": {"purl": purl}}
            ]
        },
        "vulnerabilities": [vulnerability],
    }


def upload(document: Any, *, type: str = "sbom", format: str = "", **more: Any) -> Upload:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Upload(content=[content], type=type, format=format, **more)

"""CycloneDX 1.2 to 1.7 in JSON, 1.0 to 1.7 in XML: SBOM, VEX, or both in one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from registry.documents.cyclonedx_xml import as_json
from registry.documents.parts import Claim, Document, Part, package_of, split_purl
from registry.documents.reading import read_xml, refuse
from registry.documents.schemas import (
    CYCLONEDX_VERSIONS,
    check_json,
    check_xml,
    cyclonedx_json,
    cyclonedx_json_versions,
    cyclonedx_xml,
)

NAMESPACE = "http://cyclonedx.org/schema/bom/"
JSON_TYPE, XML_TYPE = "application/vnd.cyclonedx+json", "application/vnd.cyclonedx+xml"
BOM_LINK = "urn:cdx:"

_STATES = {
    "resolved": "fixed",
    "resolved_with_pedigree": "fixed",
    "exploitable": "affected",
    "in_triage": "under_investigation",
    "false_positive": "not_affected",
    "not_affected": "not_affected",
}
_VERSION_STATES = {"affected": "affected", "unaffected": "not_affected", "unknown": "under_investigation"}


def read_cyclonedx_json(value: Any, *, as_type: str) -> Document:
    """A parsed document. Raises Invalid with the paths of what is wrong."""
    version = value.get("specVersion") if isinstance(value, dict) else None
    if version not in cyclonedx_json_versions():
        raise refuse([("specVersion", f"CycloneDX JSON is read in {', '.join(cyclonedx_json_versions())}")])
    check_json(cyclonedx_json(version), value)
    return _document(value, as_type, JSON_TYPE, version)


def read_cyclonedx_xml(data: bytes, *, as_type: str) -> Document:
    root = read_xml(data)
    version = str(root.tag).partition("}")[0].removeprefix("{").removeprefix(NAMESPACE)
    if not str(root.tag).startswith(f"{{{NAMESPACE}") or version not in CYCLONEDX_VERSIONS:
        raise refuse([("", f"CycloneDX XML is read in {', '.join(sorted(CYCLONEDX_VERSIONS))}")])
    check_xml(cyclonedx_xml(version), root)
    return _document(as_json(root), as_type, XML_TYPE, version)


def _document(value: Mapping[str, Any], as_type: str, media_type: str, version: str) -> Document:
    subject = (value.get("metadata") or {}).get("component") or {}
    found = Document(
        type=as_type,
        format="cyclonedx",
        media_type=media_type,
        spec_version=version,
        name="/".join(part for part in (subject.get("group"), subject.get("name")) if part),
        version=subject.get("version") or "",
        purl=subject.get("purl") or "",
        serial_number=value.get("serialNumber") or "",
        metadata=_metadata(value),
    )
    positions = {subject["bom-ref"]: 0} if subject.get("bom-ref") else {}
    _read_parts([*_nested(subject.get("components")), *_nested(value.get("components"))], found.parts, positions)
    _read_parts(_services(value.get("services")), found.parts, positions)
    found.edges = list(_edges(value.get("dependencies") or (), positions))
    vulnerabilities = value.get("vulnerabilities") or []
    if as_type == "vex" and not vulnerabilities:
        raise refuse([("vulnerabilities", "A VEX states something of at least one vulnerability")])
    claims = _Claims(found, positions)
    for vulnerability in vulnerabilities:
        found.claims.extend(claims.of(vulnerability))
    return found


def _metadata(value: Mapping[str, Any]) -> dict[str, Any]:
    """What the document says of itself: when and with what it was made."""
    about = value.get("metadata") or {}
    tools = about.get("tools") or []
    listed = [*(tools.get("components") or []), *(tools.get("services") or [])] if isinstance(tools, dict) else tools
    found: dict[str, Any] = {"document_version": value.get("version", 1)}
    if about.get("timestamp"):
        found["timestamp"] = about["timestamp"]
    if listed:
        found["generator"] = {key: listed[0][key] for key in ("name", "version") if listed[0].get(key)}
    return found


def _nested(components: Iterable[Any] | None) -> Iterator[dict[str, Any]]:
    """Components, each followed by those inside it; in the order of the document."""
    for component in components or ():
        yield component
        if "components" in component:
            yield from _nested(component["components"])


def _services(services: Iterable[Any] | None) -> Iterator[dict[str, Any]]:
    for service in services or ():
        yield {**service, "type": "service", "supplier": service.get("provider")}
        yield from _services(service.get("services"))


def _read_parts(components: Iterable[dict[str, Any]], parts: list[Part], positions: dict[str, int]) -> None:
    """Raises Invalid for a bom-ref that is there twice."""
    for component in components:
        parts.append(_part(component))
        ref = component.get("bom-ref")
        if ref:
            if ref in positions:
                raise refuse([("components", f"The bom-ref '{ref}' is there more than once")])
            positions[ref] = len(parts)


def _part(component: dict[str, Any]) -> Part:
    get = component.get
    purl = get("purl") or ""
    hashes = get("hashes")
    supplier = get("supplier") or get("manufacturer")
    return Part(
        package=package_of(purl, get("group") or "", component["name"]),
        ref=get("bom-ref") or "",
        type=get("type") or "",
        version=get("version") or "",
        purl=purl,
        licence=_licence(get("licenses")),
        supplier=(supplier.get("name") or "") if supplier else get("publisher") or "",
        scope=get("scope") or "",
        hashes={entry["alg"]: entry["content"] for entry in hashes} if hashes else {},
    )


def _licence(licences: list[dict[str, Any]] | None) -> str:
    """Several licences are all in force: one expression with AND."""
    if not licences:
        return ""
    texts = []
    for entry in licences:
        licence = entry.get("license")
        texts.append(entry.get("expression") or "" if licence is None else licence.get("id") or licence["name"])
    distinct = list(dict.fromkeys(text for text in texts if text))
    if len(distinct) < 2:
        return distinct[0] if distinct else ""
    return " AND ".join(f"({text})" if " OR " in text or " or " in text else text for text in distinct)


def _edges(dependencies: Iterable[Any], positions: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    """What names no component of this document is no edge of it."""
    for dependency in dependencies:
        source = positions.get(dependency["ref"])
        if source is None:
            continue
        for name in dependency.get("dependsOn") or ():
            target = positions.get(name)
            if target is not None and target != source:
                yield source, target


class _Claims:
    """Reads vulnerabilities against the components of their document."""

    def __init__(self, document: Document, positions: Mapping[str, int]) -> None:
        self.document = document
        self.positions = positions

    def of(self, vulnerability: Mapping[str, Any]) -> Iterator[Claim]:
        analysis = vulnerability.get("analysis") or {}
        state = _STATES.get(analysis.get("state", ""), "under_investigation")
        name = vulnerability.get("id") or vulnerability.get("bom-ref") or "unnamed"
        base: dict[str, Any] = {
            "vulnerability": name,
            "aliases": [entry["id"] for entry in vulnerability.get("references") or () if entry.get("id")],
            "justification": analysis.get("justification") or "",
            "detail": analysis.get("detail") or vulnerability.get("recommendation") or "",
        }
        affects = vulnerability.get("affects") or ()
        for affected in affects:
            yield from self._affected(base, state, affected, decided="state" in analysis)
        if not affects:
            yield Claim(status=state, product=self.document.name, **base)

    def _affected(
        self, base: dict[str, Any], state: str, affected: Mapping[str, Any], *, decided: bool
    ) -> Iterator[Claim]:
        target = self._target(affected["ref"])
        versions = affected.get("versions") or ()
        for entry in versions:
            status = state if decided else _VERSION_STATES.get(entry.get("status", "affected"), state)
            yield Claim(
                status=status,
                **{**base, **target, "version": entry.get("version") or "", "version_range": entry.get("range") or ""},
            )
        if not versions:
            yield Claim(status=state, **base, **target)

    def _target(self, ref: str) -> dict[str, Any]:
        """The product that a ref names: a component here, or one of another document by its BOM-Link."""
        if ref.startswith(BOM_LINK):
            link, _, inner = ref.removeprefix(BOM_LINK).partition("#")
            serial = f"urn:uuid:{link.partition('/')[0]}"
            return {"product": ref, "serial_number": serial, **_named_by_purl(inner)}
        position = self.positions.get(ref)
        if position:
            part = self.document.parts[position - 1]
            return {"product": part.purl or part.ref, "package": part.package, "version": part.version}
        if position == 0:
            purl = self.document.purl
            return {"product": purl or self.document.name or ref, **_named_by_purl(purl)}
        return {"product": ref, **_named_by_purl(ref)}


def _named_by_purl(text: str) -> dict[str, Any]:
    split = split_purl(text) if text.startswith("pkg:") else None
    return {"package": split[0], "version": split[1]} if split else {}

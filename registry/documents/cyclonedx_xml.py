"""CycloneDX XML as the JSON of the same document, as far as the index reads it. The XML is valid already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from lxml import etree

from registry.documents.reading import refuse

Element: TypeAlias = etree._Element


def as_json(root: Element) -> dict[str, Any]:
    """The parts that `cyclonedx._document` looks at."""
    metadata = _child(root, "metadata")
    return {
        "serialNumber": root.get("serialNumber"),
        "version": _number(root.get("version") or "1"),
        "metadata": _metadata(metadata) if metadata is not None else {},
        "components": [_component(found) for found in _children(root, "components", "component")],
        "services": [_service(found) for found in _children(root, "services", "service")],
        "dependencies": [_dependency(found) for found in _children(root, "dependencies", "dependency")],
        "vulnerabilities": [_vulnerability(found) for found in _children(root, "vulnerabilities", "vulnerability")],
    }


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:  # a schema knows no limit, Python does
        raise refuse([("version", "This number has too many digits")]) from None


def _metadata(element: Element) -> dict[str, Any]:
    subject = _child(element, "component")
    tools = [{"name": _text(tool, "name"), "version": _text(tool, "version")} for tool in _tools(element)]
    return {
        "timestamp": _text(element, "timestamp"),
        "component": _component(subject) if subject is not None else {},
        "tools": tools,
    }


def _tools(element: Element) -> Iterator[Element]:
    yield from _children(element, "tools", "tool")
    tools = _child(element, "tools")
    if tools is not None:
        yield from _children(tools, "components", "component")


def _component(element: Element) -> dict[str, Any]:
    supplier = _child(element, "supplier")
    found: dict[str, Any] = {
        "type": element.get("type"),
        "bom-ref": element.get("bom-ref"),
        "licenses": [_licence(entry) for entry in _child_or_none(element, "licenses")],
        "hashes": [
            {"alg": entry.get("alg"), "content": (entry.text or "").strip()}
            for entry in _children(element, "hashes", "hash")
        ],
        "supplier": {"name": _text(supplier, "name")} if supplier is not None else None,
        "components": [_component(inner) for inner in _children(element, "components", "component")],
    }
    for name in ("group", "name", "version", "purl", "publisher", "scope"):
        found[name] = _text(element, name)
    return found


def _service(element: Element) -> dict[str, Any]:
    provider = _child(element, "provider")
    return {
        "bom-ref": element.get("bom-ref"),
        "group": _text(element, "group"),
        "name": _text(element, "name"),
        "version": _text(element, "version"),
        "licenses": [_licence(entry) for entry in _child_or_none(element, "licenses")],
        "provider": {"name": _text(provider, "name")} if provider is not None else None,
        "services": [_service(inner) for inner in _children(element, "services", "service")],
    }


def _licence(element: Element) -> dict[str, Any]:
    if _local(element) == "license":
        return {"license": {"id": _text(element, "id"), "name": _text(element, "name")}}
    return {"expression": (element.text or "").strip()}


def _dependency(element: Element) -> dict[str, Any]:
    inner = [found.get("ref") for found in element if _local(found) == "dependency"]
    return {"ref": element.get("ref"), "dependsOn": inner}


def _vulnerability(element: Element) -> dict[str, Any]:
    analysis = _child(element, "analysis")
    return {
        "id": _text(element, "id"),
        "bom-ref": element.get("bom-ref"),
        "recommendation": _text(element, "recommendation"),
        "references": [{"id": _text(found, "id")} for found in _children(element, "references", "reference")],
        "analysis": _analysis(analysis) if analysis is not None else {},
        "affects": [
            {
                "ref": _text(target, "ref"),
                "versions": [
                    {name: _text(version, name) for name in ("version", "range", "status") if _text(version, name)}
                    for version in _children(target, "versions", "version")
                ],
            }
            for target in _children(element, "affects", "target")
        ],
    }


def _analysis(element: Element) -> dict[str, Any]:
    found = {name: _text(element, name) for name in ("state", "justification", "detail")}
    return {name: text for name, text in found.items() if text}


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _child(element: Element, name: str) -> Element | None:
    return next((found for found in element if _local(found) == name), None)


def _child_or_none(element: Element, name: str) -> list[Element]:
    found = _child(element, name)
    return [] if found is None else [inner for inner in found if _local(inner) in {"license", "expression"}]


def _children(element: Element, container: str, name: str) -> Iterator[Element]:
    found = _child(element, container)
    if found is not None:
        yield from (inner for inner in found if _local(inner) == name)


def _text(element: Element, name: str) -> str:
    found = _child(element, name)
    return (found.text or "").strip() if found is not None else ""

"""Documents that come with releases: which format they are, whether they are valid, what they say.

`read_document` is the one way in. The bytes of certifications and of other files are taken as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contracts.errors import Invalid
from registry.documents.csaf import read_csaf
from registry.documents.cyclonedx import read_cyclonedx_json, read_cyclonedx_xml
from registry.documents.openvex import CONTEXT, read_openvex
from registry.documents.parts import Claim, Document, PackageName, Part
from registry.documents.reading import read_json, refuse, utf8
from registry.documents.spdx import SPDX_3_CONTEXT, looks_like_tag_value, read_spdx_json, read_spdx_tag_value

FORMATS: dict[str, tuple[str, ...]] = {
    "sbom": ("cyclonedx", "spdx"),
    "vex": ("csaf", "openvex", "cyclonedx"),
}
"""Formats of the types whose content is read; other types take any."""
_NAMES = {"sbom": "an SBOM", "vex": "a VEX"}

ALIASES = {"spdx-json": "spdx", "spdx-tag-value": "spdx", "cyclonedx-json": "cyclonedx", "cyclonedx-xml": "cyclonedx"}

__all__ = ["FORMATS", "Claim", "Document", "PackageName", "Part", "detect", "is_read", "read_document"]


def is_read(type: str) -> bool:
    """Whether the content of this type of artifact is read, not only kept."""
    return type in FORMATS


def read_document(data: bytes, *, type: str, format: str = "") -> Document:
    """Read and validate a document of this type and format ('' detects the format).

    Raises Invalid, whose fields name the path in the document: `content.components.3.name`.
    """
    data = utf8(data)
    kind, found, read = _recognize(data)
    if format and found and ALIASES.get(format, format) != found:
        raise Invalid(fields={"format": [f"The content is {found}, not {format}."]})
    if not found or found not in FORMATS[type]:
        accepted = f"{', '.join(FORMATS[type][:-1])} or {FORMATS[type][-1]}"
        words = f"The content is {found or 'of no format that is known'}; {_NAMES[type]} is {accepted}."
        raise Invalid(fields={"content" if not found else "format": [words]})
    return read(kind, type)


def detect(data: bytes) -> str:
    """The format of a document, '' where it is none that is known. Raises Invalid for malformed JSON."""
    return _recognize(utf8(data))[1]


def _recognize(data: bytes) -> tuple[Any, str, Callable[[Any, str], Document]]:
    start = data.lstrip()[:1]
    if not start:
        raise refuse([("", "It is empty")])
    if start == b"<":
        is_cyclonedx = b"cyclonedx.org/schema/bom" in data  # wherever the root element begins
        return data, "cyclonedx" if is_cyclonedx else "", lambda value, type: read_cyclonedx_xml(value, as_type=type)
    if start in b"{[":
        value = read_json(data)
        return value, *_recognize_json(value)
    return data, "spdx" if looks_like_tag_value(data) else "", lambda value, type: read_spdx_tag_value(value)


def _recognize_json(value: Any) -> tuple[str, Callable[[Any, str], Document]]:
    keys = value if isinstance(value, dict) else {}
    if keys.get("bomFormat") == "CycloneDX" or "specVersion" in keys:
        return "cyclonedx", lambda value, type: read_cyclonedx_json(value, as_type=type)
    context = keys.get("@context", "")
    if "spdxVersion" in keys or str(context).startswith(SPDX_3_CONTEXT):
        return "spdx", lambda value, type: read_spdx_json(value)
    if isinstance(keys.get("document"), dict) and "csaf_version" in keys["document"]:
        return "csaf", lambda value, type: read_csaf(value)
    if str(context).startswith(CONTEXT):
        return "openvex", lambda value, type: read_openvex(value)
    return "", lambda value, type: read_openvex(value)

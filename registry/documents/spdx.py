"""SPDX 2.2 and 2.3, as JSON and as tag-value, read and validated by spdx-tools."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ply.lex import TOKEN
from ply.yacc import NullLogger
from spdx_tools.spdx.model import (
    Actor,
    ExternalPackageRefCategory,
    Package,
    RelationshipType,
    SpdxNoAssertion,
    SpdxNone,
)
from spdx_tools.spdx.model import Document as SpdxDocument
from spdx_tools.spdx.parser.error import SPDXParsingError
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.parser.tagvalue.lexer import SPDXLexer
from spdx_tools.spdx.parser.tagvalue.parser import Parser as TagValueParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
from spdx_tools.spdx.validation.validation_message import ValidationMessage

from registry.documents.parts import Document, Part, package_of
from registry.documents.reading import refuse

SPDX_3_CONTEXT = "https://spdx.org/rdf/3"
"""How the context of SPDX 3 begins, which is JSON-LD and another model: it is told apart, and not read."""
MOST_BRACKETS = 20
"""In the name of a person or an organization: spdx-tools takes a time that grows with their square."""

VERSIONS = {"SPDX-2.2": "2.2", "SPDX-2.3": "2.3"}
JSON_TYPE, TAG_TYPE = "application/spdx+json", "text/spdx"

_FORWARD = {RelationshipType.DEPENDS_ON, RelationshipType.CONTAINS, RelationshipType.DESCRIBES}
_BACKWARD = {
    RelationshipType.DEPENDENCY_OF,
    RelationshipType.CONTAINED_BY,
    RelationshipType.DESCRIBED_BY,
    RelationshipType.RUNTIME_DEPENDENCY_OF,
    RelationshipType.BUILD_DEPENDENCY_OF,
    RelationshipType.DEV_DEPENDENCY_OF,
    RelationshipType.OPTIONAL_DEPENDENCY_OF,
    RelationshipType.PROVIDED_DEPENDENCY_OF,
    RelationshipType.TEST_DEPENDENCY_OF,
}
DOCUMENT = "SPDXRef-DOCUMENT"

_ODD_ACTOR = f"The name of a person or an organization has at most {MOST_BRACKETS} opening brackets"
_TAGGED_ACTOR = re.compile(rf"\w+:\s*(?:Person|Organization):(?:[^(]*\(){{{MOST_BRACKETS + 1}}}")
_REQUIRED = {
    "spdx_version": ("SPDXVersion", "spdxVersion"),
    "data_license": ("DataLicense", "dataLicense"),
    "spdx_id": ("SPDXID", "SPDXID"),
    "name": ("DocumentName", "name"),
    "document_namespace": ("DocumentNamespace", "documentNamespace"),
    "creators": ("Creator", "creationInfo.creators"),
    "created": ("Created", "creationInfo.created"),
}
"""What every document says of itself (SPDX 2.3, clause 6), by spdx-tools' name: the tag, and the path in JSON."""


def read_spdx_json(value: Any) -> Document:
    """A parsed document. Raises Invalid with what is wrong and with which element."""
    version = value.get("spdxVersion") if isinstance(value, dict) else None
    if not isinstance(version, str) or version not in VERSIONS:
        raise refuse([("spdxVersion", f"SPDX is read in {', '.join(VERSIONS)}")])
    missing = [path for _, path in _REQUIRED.values() if _at(value, path) is None]
    if missing:
        raise refuse((path, "This is required.") for path in missing)
    if odd := list(_odd_actors(value, "")):
        raise refuse((path, _ODD_ACTOR) for path in odd)
    try:
        parsed = JsonLikeDictParser().parse(value)
    except SPDXParsingError as error:
        raise refuse(("", message) for message in error.get_messages()) from None
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        # spdx-tools takes for granted that lists are lists and texts are texts.
        raise refuse([("", f"This does not have the shape of SPDX JSON: {error}")]) from None
    return _document(parsed, JSON_TYPE)


def _odd_actors(value: Any, path: str) -> Iterator[str]:
    """The paths of the persons and organizations whose names have too many brackets."""
    if isinstance(value, str):
        if value.count("(") > MOST_BRACKETS and value.startswith(("Person:", "Organization:")):
            yield path
        return
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if isinstance(inner, str | dict | list):
            yield from _odd_actors(inner, f"{path}.{key}" if path else str(key))


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def read_spdx_tag_value(data: bytes) -> Document:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise refuse([("", f"This is not UTF-8: {error.reason} at byte {error.start}")]) from None
    if "\x00" in text:
        raise refuse([("", "It holds a NUL character")])
    text = text.replace("\r\n", "\n")
    if odd := [line for line, said in enumerate(text.split("\n"), 1) if _TAGGED_ACTOR.match(said)]:
        raise refuse(("", f"{_ODD_ACTOR} (line {line})") for line in odd)
    parser = _Parser()
    try:
        parsed = parser.parse(text)  # type: ignore[no-untyped-call]
    except SPDXParsingError as error:
        raise refuse(_missing(parser) or [("", message) for message in error.get_messages()]) from None
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        # Some malformed lines make the parser stumble over its own tables.
        raise refuse([("", f"This is not SPDX tag-value: {error}")]) from None
    if missing := _missing(parser):
        raise refuse(missing)
    return _document(parsed, TAG_TYPE)


class _Lexer(SPDXLexer):
    """It takes what stands between <text> and </text> in runs, where spdx-tools goes letter by letter."""

    @TOKEN(r"[^<]+|<(?!/text>)")  # type: ignore[untyped-decorator]
    def t_text_any(self, token: Any) -> None: ...


class _Parser(TagValueParser):
    def __init__(self) -> None:
        # Without these it writes its tables, and a file about them, beside this module.
        super().__init__(errorlog=NullLogger(), write_tables=False, debug=False)  # type: ignore[no-untyped-call]
        self.lex = _Lexer()  # type: ignore[no-untyped-call]
        self.lex.build(reflags=re.UNICODE)  # type: ignore[no-untyped-call]


def _missing(parser: TagValueParser) -> list[tuple[str, str]]:
    """What the document does not say of itself: spdx-tools fills in a licence, and takes a package's id for its own.

    Nothing where it complained of other things: what it could not read is not there either.
    """
    said = parser.creation_info
    if "spdx_id" in said and said["spdx_id"] != DOCUMENT:
        return [("SPDXID", f"The first one must be the document's own, {DOCUMENT}")]
    if parser.logger.has_messages():
        return []
    return [(tag, "This is required.") for name, (tag, _) in _REQUIRED.items() if name not in said]


def _document(parsed: SpdxDocument, media_type: str) -> Document:
    version = parsed.creation_info.spdx_version
    if version not in VERSIONS:
        raise refuse([("spdxVersion", f"SPDX is read in {', '.join(VERSIONS)}")])
    problems = validate_full_spdx_document(parsed)
    if problems:
        raise refuse((_place(problem), problem.validation_message) for problem in problems)
    found = Document(
        type="sbom",
        format="spdx",
        media_type=media_type,
        spec_version=VERSIONS[version],
        serial_number=parsed.creation_info.document_namespace,
        name=parsed.creation_info.name,
        metadata=_metadata(parsed),
    )
    _read_packages(parsed, found)
    return found


def _place(problem: ValidationMessage) -> str:
    context = problem.context
    kind = context.element_type.name.lower() if context.element_type else ""
    names = [kind, context.spdx_id or context.parent_id or ""]
    return ".".join(name for name in names if name)


def _metadata(parsed: SpdxDocument) -> dict[str, Any]:
    made = parsed.creation_info
    found: dict[str, Any] = {"timestamp": made.created.isoformat() + "Z"}
    tools = [creator.name for creator in made.creators if creator.actor_type.name == "TOOL"]
    if tools:
        name, _, version = tools[0].rpartition("-")
        found["generator"] = {"name": name, "version": version} if name else {"name": tools[0]}
    return found


def _read_packages(parsed: SpdxDocument, found: Document) -> None:
    """All packages are parts, but for the one that the document describes where there are others."""
    subject = _subject(parsed)
    positions = {DOCUMENT: 0}
    for package in parsed.packages:
        part = _part(package)
        if subject is not None and package.spdx_id == subject.spdx_id:
            found.name, found.version, found.purl = package.name, part.version, part.purl
            if len(parsed.packages) > 1:
                positions[package.spdx_id] = 0
                continue
        found.parts.append(part)
        positions[package.spdx_id] = len(found.parts)
    found.edges = list(dict.fromkeys(_edges(parsed, positions)))


def _subject(parsed: SpdxDocument) -> Package | None:
    described = {
        relation.related_spdx_element_id
        for relation in parsed.relationships
        if relation.relationship_type is RelationshipType.DESCRIBES and relation.spdx_element_id == DOCUMENT
    }
    packages = [package for package in parsed.packages if package.spdx_id in described]
    return packages[0] if len(packages) == 1 else None


def _edges(parsed: SpdxDocument, positions: dict[str, int]) -> Iterator[tuple[int, int]]:
    for relation in parsed.relationships:
        if relation.relationship_type in _FORWARD:
            ends: tuple[Any, Any] = (relation.spdx_element_id, relation.related_spdx_element_id)
        elif relation.relationship_type in _BACKWARD:
            ends = (relation.related_spdx_element_id, relation.spdx_element_id)
        else:
            continue
        source, target = (positions.get(end) if isinstance(end, str) else None for end in ends)
        if source is not None and target and source != target:
            yield source, target


def _part(package: Package) -> Part:
    purl = next(
        (
            reference.locator
            for reference in package.external_references
            if reference.category is ExternalPackageRefCategory.PACKAGE_MANAGER and reference.reference_type == "purl"
        ),
        "",
    )
    purpose = package.primary_package_purpose
    return Part(
        package=package_of(purl, "", package.name),
        ref=package.spdx_id,
        type=purpose.name.lower().replace("_", "-") if purpose else "",
        version=package.version or "",
        purl=purl,
        licence=_licence(package),
        supplier=package.supplier.name if isinstance(package.supplier, Actor) else "",
        hashes={checksum.algorithm.name.replace("_", "-"): checksum.value for checksum in package.checksums},
    )


def _licence(package: Package) -> str:
    """What was concluded; else what the package declares."""
    for licence in (package.license_concluded, package.license_declared):
        if licence is not None and not isinstance(licence, SpdxNoAssertion | SpdxNone):
            return str(licence)
    return ""


def looks_like_tag_value(data: bytes) -> bool:
    return data.lstrip().startswith(b"SPDXVersion:") or b"\nSPDXVersion:" in data

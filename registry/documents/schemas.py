"""The formats' own schemas as their libraries carry them, compiled once and checked by fast validators."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
from cyclonedx.schema import SchemaVersion
from cyclonedx.schema import _res as cyclonedx_schemas
from lxml import etree

from registry.documents.reading import MAX_PROBLEMS, refuse

_CYCLONEDX = Path(cyclonedx_schemas.__file__).parent
_CYCLONEDX_BASE = "http://cyclonedx.org/schema/"
_OPENVEX = Path(__file__).parent / "openvex.schema.json"
_MASK = "this value"
"""What an error says in the place of the value, which may be the whole document."""

CYCLONEDX_VERSIONS: dict[str, SchemaVersion] = {version.to_version(): version for version in SchemaVersion}


def cyclonedx_json_versions() -> list[str]:
    return sorted(version for version in CYCLONEDX_VERSIONS if version not in {"1.0", "1.1"})


@lru_cache(maxsize=1)
def _cyclonedx_registry() -> jsonschema_rs.Registry:
    """What the schemas refer to, under the names by which they do (`spdx.SNAPSHOT.schema.json`)."""
    names = [path.name for path in _CYCLONEDX.glob("*.schema.json") if not path.name.startswith("bom-")]
    return jsonschema_rs.Registry([(f"{_CYCLONEDX_BASE}{name}", _load(_CYCLONEDX / name)) for name in names])


@lru_cache(maxsize=16)
def cyclonedx_json(version: str) -> Any:
    """The validator of CycloneDX JSON of this version."""
    path = _CYCLONEDX / f"bom-{version}.SNAPSHOT.schema.json"
    return jsonschema_rs.Draft7Validator(_load(path), registry=_cyclonedx_registry(), validate_formats=True, mask=_MASK)


@lru_cache(maxsize=16)
def cyclonedx_xml(version: str) -> etree.XMLSchema:
    """The validator of CycloneDX XML of this version. What it imports lies beside it; nothing is fetched."""
    path = _CYCLONEDX / f"bom-{version}.SNAPSHOT.xsd"
    return etree.XMLSchema(etree.parse(str(path), etree.XMLParser(no_network=True)))


@lru_cache(maxsize=1)
def openvex() -> Any:
    """The validator of OpenVEX 0.2.0."""
    return jsonschema_rs.Draft202012Validator(_load(_OPENVEX), validate_formats=True, mask=_MASK)


def check_json(validator: Any, value: Any) -> None:
    """Raises Invalid, with the path of each problem: `content.components.3.type`."""
    if not validator.is_valid(value):
        raise refuse(_problems(validator, value))


def _problems(validator: Any, value: Any) -> Iterator[tuple[str, str]]:
    for count, error in enumerate(validator.iter_errors(value)):
        if count >= MAX_PROBLEMS:
            return
        yield ".".join(str(step) for step in error.instance_path), error.message


def check_xml(schema: etree.XMLSchema, root: etree._Element) -> None:
    """Raises Invalid, with the XPath and line of each problem."""
    if not schema.validate(root):
        raise refuse((_xpath(entry.path), f"line {entry.line}: {entry.message}") for entry in schema.error_log)


def _xpath(path: str | None) -> str:
    return (path or "").removeprefix("/")


def _load(path: Path) -> Any:
    return orjson.loads(path.read_bytes())

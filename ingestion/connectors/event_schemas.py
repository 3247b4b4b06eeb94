"""The schemas that events are registered with, as elements of an asset's schema: Avro, JSON Schema, Protobuf.

Sources: the Avro 1.12 specification; JSON Schema draft 7 and later; descriptor.proto of Protocol Buffers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto

from ingestion.connectors.documents import DEEPEST

Elements = list[dict[str, Any]]

MOST = 5000
"""Elements after which no more are told of what is inside a field: types that hold each other unfold without end."""


class UnreadableSchema(Exception):
    """The text is not a schema of its kind; the message says why, in a line."""


@dataclass(slots=True)
class _Reading:
    """One schema as it is read: what names stand for in it, the types that are open, how many elements there are."""

    names: Any
    inside: set[str] = field(default_factory=set)
    count: int = 0

    def goes_into(self, name: str) -> bool:
        """Whether what is inside this type is told here: not within itself, and not for ever."""
        return name not in self.inside and self.count < MOST

    @contextmanager
    def opened(self, name: str) -> Iterator[None]:
        self.inside.add(name)
        try:
            yield
        finally:
            self.inside.discard(name)


def avro_elements(text: str) -> Elements:
    """The fields of an Avro record; of another type the one element `value`. Raises UnreadableSchema."""
    schema = _json(text)
    kind, nullable, children = _avro_type(schema, _Reading({}), 0)
    if isinstance(schema, dict) and schema.get("type") == "record":
        return children
    return [_element("value", kind, nullable, 1, children=children)]


def json_elements(text: str) -> Elements:
    """The properties of a JSON Schema's object; of another type the one element `value`. Raises UnreadableSchema."""
    whole = _json(text)
    if not isinstance(whole, dict):
        raise UnreadableSchema("it is not an object")
    kind, nullable, children = _json_type(whole, _Reading(whole), 0)
    return children or [_element("value", kind, nullable, 1)]


def protobuf_elements(serialized: bytes) -> Elements:
    """The fields of the first message of a serialized FileDescriptorProto. Raises UnreadableSchema."""
    try:
        file = FileDescriptorProto.FromString(serialized)
    except Exception as error:  # noqa: BLE001  protobuf's DecodeError is not of one module in all its versions
        raise UnreadableSchema(f"it is no file descriptor ({error.__class__.__name__})") from None
    if not file.message_type:
        raise UnreadableSchema("it holds no message")
    messages: dict[str, DescriptorProto] = {}
    _note_messages(file.message_type, f".{file.package}" if file.package else "", messages)
    reading = _Reading(messages)
    first = file.message_type[0]
    with reading.opened(f".{file.package}.{first.name}" if file.package else f".{first.name}"):
        return _protobuf_fields(first, reading, 0)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        if text.isidentifier():
            return text  # Avro allows the bare name of a primitive type
        raise UnreadableSchema("it is not JSON") from None


def _element(
    name: str, kind: str, nullable: bool, position: int, *, description: str = "", children: Elements | None = None
) -> dict[str, Any]:
    element: dict[str, Any] = {"name": name, "type": kind, "nullable": nullable, "position": position}
    if description:
        element["description"] = description
    if children:
        element["children"] = children
    return element


def _avro_type(schema: Any, reading: _Reading, depth: int) -> tuple[str, bool, Elements]:
    """(type in words, whether null is one of it, the fields inside)."""
    if depth > DEEPEST:
        return "record", False, []
    if isinstance(schema, list):
        inner = [_avro_type(one, reading, depth) for one in schema if one != "null"]
        children = next((found for *_, found in inner if found), [])
        return "|".join(kind for kind, *_ in inner) or "null", "null" in schema, children
    if isinstance(schema, str):
        known = reading.names.get(schema)
        return (schema, False, []) if known is None else _avro_type(known, reading, depth + 1)
    if not isinstance(schema, dict) or "type" not in schema:
        raise UnreadableSchema("a type is neither a name, a list nor an object with a type")
    return _avro_object(schema, reading, depth)


def _avro_object(schema: dict[str, Any], reading: _Reading, depth: int) -> tuple[str, bool, Elements]:
    kind = schema["type"]
    name = f"{schema.get('namespace', '')}.{schema.get('name', '')}"
    if kind in ("record", "error", "enum", "fixed"):
        reading.names[str(schema.get("name", "")).rpartition(".")[2]] = schema
        reading.names[name] = schema
    if kind in ("record", "error"):
        if not reading.goes_into(name):
            return "record", False, []
        with reading.opened(name):
            return "record", False, _avro_fields(schema.get("fields", []), reading, depth)
    if kind in ("array", "map"):
        inner, _, children = _avro_type(schema.get("items" if kind == "array" else "values", "null"), reading, depth)
        return f"{kind}<{inner}>", False, children
    if schema.get("logicalType") == "decimal":
        return f"decimal({schema.get('precision')},{schema.get('scale', 0)})", False, []
    if isinstance(kind, str):
        return str(schema.get("logicalType", kind)), False, []
    return _avro_type(kind, reading, depth)


def _avro_fields(fields: Sequence[Mapping[str, Any]], reading: _Reading, depth: int) -> Elements:
    elements = []
    reading.count += len(fields)
    for position, told in enumerate(fields, 1):
        kind, nullable, children = _avro_type(told["type"], reading, depth + 1)
        element = _element(
            str(told["name"]), kind, nullable, position, description=str(told.get("doc") or ""), children=children
        )
        if told.get("default") is not None:
            element["default"] = json.dumps(told["default"])
        elements.append(element)
    return elements


def _json_type(schema: Any, reading: _Reading, depth: int) -> tuple[str, bool, Elements]:
    """(type in words, whether null is one of it, the properties inside)."""
    reference = str(schema.get("$ref", "")) if isinstance(schema, dict) else ""
    schema = _resolved(schema, reading.names)
    if not isinstance(schema, dict) or depth > DEEPEST:
        return "any", True, []
    if not reference:
        return _json_object(schema, reading, depth)
    if not reading.goes_into(reference):
        told = schema.get("type", "object")
        return told if isinstance(told, str) else "any", True, []
    with reading.opened(reference):
        return _json_object(schema, reading, depth)


def _json_object(schema: dict[str, Any], reading: _Reading, depth: int) -> tuple[str, bool, Elements]:
    variants = schema.get("oneOf") or schema.get("anyOf")
    if variants and "type" not in schema:
        found = [_json_type(one, reading, depth + 1) for one in variants]
        kinds = [kind for kind, *_ in found if kind != "null"]
        return "|".join(dict.fromkeys(kinds)) or "null", len(kinds) < len(found), next((c for *_, c in found if c), [])
    told = schema.get("type", "object" if "properties" in schema else "any")
    kinds = [one for one in (told if isinstance(told, list) else [told]) if one != "null"]
    nullable = isinstance(told, list) and "null" in told
    if kinds == ["array"]:
        inner, _, children = _json_type(schema.get("items", {}), reading, depth + 1)
        return f"array<{inner}>", nullable, children
    return "|".join(kinds) or "null", nullable or told == "null", _json_properties(schema, reading, depth)


def _json_properties(schema: dict[str, Any], reading: _Reading, depth: int) -> Elements:
    required, properties = schema.get("required", []), schema.get("properties", {})
    reading.count += len(properties)
    children = []
    for position, (name, one) in enumerate(properties.items(), 1):
        kind, can_be_null, inside = _json_type(one, reading, depth + 1)
        described = _resolved(one, reading.names)
        description = str(described.get("description", "")) if isinstance(described, dict) else ""
        is_open = can_be_null or name not in required
        children.append(_element(name, kind, is_open, position, description=description, children=inside))
    return children


def _resolved(schema: Any, whole: Mapping[str, Any]) -> Any:
    """What a `$ref` into the same document stands for; another document's stays as it is."""
    for _ in range(DEEPEST):
        if not isinstance(schema, dict) or not str(schema.get("$ref", "")).startswith("#/"):
            return schema
        target: Any = whole
        for part in schema["$ref"][2:].split("/"):
            target = target.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(target, dict) else None
        schema = target
    return {}


def _note_messages(messages: Sequence[DescriptorProto], path: str, into: dict[str, DescriptorProto]) -> None:
    for message in messages:
        into[f"{path}.{message.name}"] = message
        _note_messages(message.nested_type, f"{path}.{message.name}", into)


def _protobuf_fields(message: DescriptorProto, reading: _Reading, depth: int) -> Elements:
    elements = []
    reading.count += len(message.field)
    for position, told in enumerate(message.field, 1):
        type_name = told.type_name
        inner = reading.names.get(type_name)
        kind = _protobuf_kind(told)
        children: Elements = []
        if inner is not None and inner.options.map_entry:
            key, value = inner.field
            kind = f"map<{_protobuf_kind(key)},{_protobuf_kind(value)}>"
            type_name = value.type_name
            inner = reading.names.get(type_name)
        elif told.label == FieldDescriptorProto.LABEL_REPEATED:
            kind = f"array<{kind}>"
        if inner is not None and depth < DEEPEST and reading.goes_into(type_name):
            with reading.opened(type_name):
                children = _protobuf_fields(inner, reading, depth + 1)
        required = told.label == FieldDescriptorProto.LABEL_REQUIRED
        elements.append(_element(told.name, kind, not required, position, children=children))
    return elements


def _protobuf_kind(told: FieldDescriptorProto) -> str:
    """`int64`, `string`; of a message or an enumeration its name."""
    if told.type_name:
        return told.type_name.rpartition(".")[2]
    return FieldDescriptorProto.Type.Name(told.type).removeprefix("TYPE_").lower()

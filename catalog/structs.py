"""JSON values as protobuf's `Struct`, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from google.protobuf.struct_pb2 import ListValue, NullValue, Struct, Value

from contracts.errors import Invalid

EXACT = 2**53
"""Whole numbers up to here come through a double unchanged."""


def to_struct(value: Mapping[str, Any]) -> Struct:
    """The object as a Struct; numbers become doubles."""
    struct = Struct()
    _fill_struct(struct, value)
    return struct


def from_struct(struct: Struct) -> dict[str, Any]:
    """The Struct as an object; whole numbers become integers. Raises Invalid for a number that is none in JSON."""
    return {name: _read(value) for name, value in struct.fields.items()}


def _fill_struct(struct: Struct, value: Mapping[str, Any]) -> None:
    fields = struct.fields
    for name, item in value.items():
        _fill(fields[name], item)


def _fill(place: Value, value: Any) -> None:
    if value is None:
        place.null_value = NullValue.NULL_VALUE
    elif isinstance(value, str):
        place.string_value = value
    elif isinstance(value, bool):
        place.bool_value = value
    elif isinstance(value, int | float):
        place.number_value = value
    elif isinstance(value, Mapping):
        place.struct_value.SetInParent()
        _fill_struct(place.struct_value, value)
    else:
        place.list_value.SetInParent()
        _fill_list(place.list_value, value)


def _fill_list(values: ListValue, items: Any) -> None:
    for item in items:
        _fill(values.values.add(), item)


def _read(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "number_value":
            return _number(value.number_value)
        case "struct_value":
            return from_struct(value.struct_value)
        case "list_value":
            return [_read(item) for item in value.list_value.values]
    return None


def _number(number: float) -> float | int:
    if not math.isfinite(number):
        raise Invalid("Infinity and NaN are no numbers in JSON")
    return int(number) if number.is_integer() and abs(number) <= EXACT else number

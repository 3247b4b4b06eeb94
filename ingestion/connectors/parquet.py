"""The columns of a Parquet file, from its footer: what is read is the end of the file alone."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from ingestion.connectors.base import SourceError
from ingestion.connectors.documents import DEEPEST
from ingestion.connectors.drivers import driver

FOOTER_LIMIT = 16 * 1024 * 1024
"""Bytes of a footer; a longer one is not read."""


def parquet_columns(size: int, read: Callable[[int, int], bytes]) -> list[dict[str, Any]]:
    """Elements of an asset's schema. `read` gives the bytes from a start, so many.

    Raises SourceError where the file is damaged, or pyarrow is not installed.
    """
    arrow = driver("pyarrow", package="pyarrow", engine="Parquet files")
    parquet = driver("pyarrow.parquet", package="pyarrow", engine="Parquet files")
    end = read(max(size - 8, 0), 8)
    length = int.from_bytes(end[:4], "little")
    if end[4:] != b"PAR1" or length + 8 > size:
        raise SourceError("it does not end as a Parquet file does")
    if length > FOOTER_LIMIT:
        raise SourceError(f"its footer has more than {FOOTER_LIMIT // 1024 // 1024} MiB")
    # The footer is all that is looked at; the file before it need not be there.
    footer = b"PAR1" + read(size - 8 - length, length) + end
    try:
        schema = parquet.read_schema(io.BytesIO(footer))
    except (arrow.ArrowException, OSError) as error:
        raise SourceError(f"its footer cannot be read ({error.__class__.__name__})") from None
    return _elements(arrow.types, schema, 0)


def _elements(types: Any, fields: Any, depth: int) -> list[dict[str, Any]]:
    elements = []
    for position, one in enumerate(fields, 1):
        element: dict[str, Any] = {
            "name": one.name,
            "type": str(one.type) if not types.is_nested(one.type) else _nested_name(types, one.type),
            "nullable": one.nullable,
            "position": position,
        }
        inner = one.type
        while types.is_list(inner) or types.is_large_list(inner):
            inner = inner.value_type
        if types.is_struct(inner) and depth < DEEPEST:
            element["children"] = _elements(types, inner, depth + 1)
        elements.append(element)
    return elements


def _nested_name(types: Any, kind: Any) -> str:
    """`struct`, `list<struct>`: the fields inside are children."""
    if types.is_list(kind) or types.is_large_list(kind):
        inner = kind.value_type
        return f"list<{_nested_name(types, inner) if types.is_nested(inner) else inner}>"
    return "struct" if types.is_struct(kind) else str(kind)

"""`lineageDetails` of an edge ↔ the metadata of a relationship.

Columns are fully qualified there and plain names here; the path of a column in a column (`address.city`) is among
`nested_columns`, so that it is told from a name with a dot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from catalog.api.entities.shapes import epoch
from catalog.names import join_name, quote_part, split_name
from contracts.entities import names
from contracts.errors import Invalid
from contracts.views import uuid_of

SOURCES = names(
    "Manual ViewLineage QueryLineage PipelineLineage DashboardLineage DbtLineage SparkLineage OpenLineage"
    " ExternalTableLineage CrossDatabaseLineage ChildAssets"
)
_TEXTS = {"sqlQuery": "sql", "description": "description"}
_DERIVED = names("createdAt createdBy updatedAt updatedBy assetEdges")
"""What we say ourselves; where a client sends it back it is passed over."""
_OURS = names("sql description lineage_source pipeline column_mapping column_functions nested_columns temp_tables by")

Reference = Callable[[str], dict[str, Any] | None]
"""A pipeline's id or qualified name as a reference; None where there is none."""


def metadata_of(details: Any, source: str, target: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of an edge with these details between assets of these names; what else it had stays.

    Raises Invalid.
    """
    if details is None:
        details = {}
    if not isinstance(details, Mapping):
        raise Invalid(fields={"lineageDetails": ["This must be an object."]})
    said = {name: value for name, value in details.items() if value is not None and name not in _DERIVED}
    metadata = {key: value for key, value in known.items() if key not in _OURS}
    for name, value in said.items():
        if name in _TEXTS:
            if not isinstance(value, str):
                raise Invalid(fields={f"lineageDetails.{name}": ["This must be text."]})
            metadata[_TEXTS[name]] = value
        elif name == "source":
            if not isinstance(value, str) or value not in SOURCES:
                raise Invalid(fields={"lineageDetails.source": [f"This must be one of {', '.join(sorted(SOURCES))}."]})
            metadata["lineage_source"] = value
        elif name == "pipeline":
            metadata["pipeline"] = _pipeline(value)
        elif name == "columnsLineage":
            metadata |= _mapping(value, source, target)
        elif name == "tempLineageTables":
            metadata["temp_tables"] = value
        else:
            raise Invalid(fields={f"lineageDetails.{name}": ["There is no such field."]})
    return metadata


def details_of(
    metadata: Mapping[str, Any], source: str, target: str, *, created_at: datetime, assumed: str, pipeline: Reference
) -> dict[str, Any]:
    """The details of an edge; `assumed` is its `source` where nobody said one."""
    details: dict[str, Any] = {"createdAt": epoch(created_at)}
    for name, key in _TEXTS.items():
        if isinstance(metadata.get(key), str):
            details[name] = metadata[key]
    told = [one for one in texts_in([metadata.get("lineage_source")]) if one in SOURCES]
    details["source"] = told[0] if told else "OpenLineage" if metadata.get("by") else assumed
    for key in (*texts_in([metadata.get("pipeline")]), *texts_in(metadata.get("by"))):
        reference = pipeline(key) if key else None
        if reference is not None:
            details["pipeline"] = reference
            break
    details["columnsLineage"] = _columns(metadata, source, target)
    if isinstance(metadata.get("temp_tables"), list):
        details["tempLineageTables"] = metadata["temp_tables"]
    return details


def _pipeline(value: Any) -> str:
    key = uuid_of(value.get("id")) if isinstance(value, Mapping) else None
    if key is None or value.get("type") not in (None, "pipeline"):
        raise Invalid(fields={"lineageDetails.pipeline": ["This must be a reference to a pipeline, with its id."]})
    return str(key)


def _mapping(value: Any, source: str, target: str) -> dict[str, Any]:
    path = "lineageDetails.columnsLineage"
    if not isinstance(value, list):
        raise Invalid(fields={path: ["This must be a list."]})
    mapping: dict[str, list[str]] = {}
    functions: dict[str, str] = {}
    nested: set[str] = set()
    for index, given in enumerate(value):
        place = f"{path}.{index}"
        if not isinstance(given, Mapping) or given.keys() - {"fromColumns", "toColumn", "function"}:
            raise Invalid(fields={place: ["This must be an object with fromColumns, toColumn and function."]})
        made = _column(given.get("toColumn"), target, f"{place}.toColumn", nested)
        sources = given.get("fromColumns") or []
        if not isinstance(sources, list):
            raise Invalid(fields={f"{place}.fromColumns": ["This must be a list."]})
        known = mapping.setdefault(made, [])
        for number, each in enumerate(sources):
            name = _column(each, source, f"{place}.fromColumns.{number}", nested)
            if name not in known:
                known.append(name)
        if given.get("function") is not None:
            functions[made] = str(given["function"])
    found = {"column_mapping": mapping, "column_functions": functions, "nested_columns": sorted(nested)}
    return {key: item for key, item in found.items() if item}


def _column(fqn: Any, table: str, path: str, nested: set[str]) -> str:
    """The column of the table that is called so. Raises Invalid for another table's."""
    if not isinstance(fqn, str) or not fqn:
        raise Invalid(fields={path: ["This must be the fully qualified name of a column."]})
    try:
        parts, before = split_name(fqn), split_name(table)
    except ValueError:
        parts, before = [], [""]
    if len(parts) > len(before) and parts[: len(before)] == before:
        rest = parts[len(before) :]
        if len(rest) == 1:
            return rest[0]
        nested.add(join_name(*rest))
        return join_name(*rest)
    if not parts and fqn.startswith(f"{table}."):
        return fqn.removeprefix(f"{table}.")
    raise Invalid(fields={path: [f"'{fqn[:1000]}' is no column of '{table}'."]})


def _columns(metadata: Mapping[str, Any], source: str, target: str) -> list[dict[str, Any]]:
    mapping = metadata.get("column_mapping")
    if not isinstance(mapping, Mapping):
        return []
    functions, nested = metadata.get("column_functions"), set(texts_in(metadata.get("nested_columns")))
    columns = []
    for made, sources in sorted(mapping.items()):  # PostgreSQL keeps keys in an order of its own
        column: dict[str, Any] = {
            "fromColumns": [_full(source, each, nested) for each in texts_in(sources)],
            "toColumn": _full(target, made, nested),
        }
        if isinstance(functions, Mapping) and isinstance(functions.get(made), str):
            column["function"] = functions[made]
        columns.append(column)
    return columns


def texts_in(value: Any) -> list[str]:
    """The texts of a list, which any door may have written."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _full(table: str, column: str, nested: set[str]) -> str:
    return f"{table}.{column if column in nested else quote_part(column)}"

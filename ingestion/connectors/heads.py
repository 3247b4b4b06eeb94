"""The columns of a file, from its first bytes: CSV, JSON and lines of JSON. Others have none to be told."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from ingestion.connectors.documents import infer_schema

HEAD = 64 * 1024
"""Bytes of a file that are read."""
_LISTS = ("csv", "tsv")
_DOCUMENTS = ("json", "ndjson", "jsonl")


def is_readable(name: str) -> bool:
    """Whether a file of this name may tell its columns: not a packed one."""
    return name.lower().rpartition(".")[2] in (*_LISTS, *_DOCUMENTS, "parquet")


def columns_of(name: str, head: bytes) -> list[dict[str, Any]] | None:
    """Elements of an asset's schema; None where the format says none, or the beginning cannot be read."""
    kind = format_of(name)
    text = head.decode("utf-8-sig", errors="replace").replace("\x00", "\ufffd")
    if len(head) >= HEAD:
        text = text.rpartition("\n")[0]  # the last line may be cut off
    if kind in _LISTS:
        return _csv_columns(text, "\t" if kind == "tsv" else ",")
    if kind in _DOCUMENTS:
        return _json_columns(text)
    return None


def format_of(name: str) -> str:
    """The format that a name ends with, `csv` of `a.csv.gz` too; empty where it says none."""
    parts = name.rpartition("/")[2].lower().split(".")
    if len(parts) > 2 and parts[-1] in ("gz", "zst", "bz2", "snappy"):
        parts = parts[:-1]
    return parts[-1] if len(parts) > 1 else ""


def _csv_columns(text: str, delimiter: str) -> list[dict[str, Any]] | None:
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))[:200]
    except csv.Error:
        return None
    if not rows or not any(name.strip() for name in rows[0]):
        return None
    values = [[row[place] for row in rows[1:] if place < len(row)] for place in range(len(rows[0]))]
    return [
        {"name": name.strip() or f"column {place}", "type": _type_of(found), "nullable": "" in found, "position": place}
        for place, (name, found) in enumerate(zip(rows[0], values, strict=True), 1)
    ]


def _type_of(values: list[str]) -> str:
    filled = [value for value in values if value]
    for name, read in (("integer", int), ("double", float)):
        if filled and all(_reads(read, value) for value in filled):
            return name
    return "string"


def _reads(read: Any, value: str) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True


def _json_columns(text: str) -> list[dict[str, Any]] | None:
    """The objects of lines, of a list, or the one object there is; what was cut off at the end is left."""
    decoder = json.JSONDecoder()
    objects: list[dict[str, Any]] = []
    rest = text.lstrip().removeprefix("[").lstrip()
    while rest and len(objects) < 200:
        try:
            value, end = decoder.raw_decode(rest)
        except (ValueError, RecursionError):
            break
        if isinstance(value, dict):
            objects.append(value)
        rest = rest[end:].lstrip().removeprefix(",").lstrip()
    return infer_schema(objects).schema if objects else None

"""What the bulk paths take and give back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID

from catalog.files import BadRow
from catalog.services.references import REFERRING
from contracts.errors import Invalid


@dataclass(slots=True)
class AssetDraft:
    """An asset as somebody describes it, found again by its qualified name. None means: leave what is there."""

    type: str
    name: str
    qualified_name: str
    description: str | None = None
    metadata: dict[str, Any] | None = None
    schema: list[dict[str, Any]] | None = None
    tags: list[str] | None = None
    owner: Any = None
    domain: Any = None
    terms: list[Any] | None = None


@dataclass(slots=True)
class RelationshipDraft:
    """An edge between two assets that are named by their qualified names."""

    source: str
    target: str
    type: str
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class RowError:
    """Why one row of a batch was left out. `index` counts from 0; `details` name the fields."""

    index: int
    qualified_name: str
    message: str
    details: dict[str, Any]


@dataclass(slots=True)
class UpsertResult:
    """What a batch did. `ids` maps the key of every row that is in the catalog now to its id."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    errors: list[RowError] = field(default_factory=list)
    ids: dict[str, UUID] = field(default_factory=dict)


@dataclass(slots=True)
class Retired:
    """How many assets of an origin were newly marked stale, and how many were deleted."""

    stale: int = 0
    deleted: int = 0


_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
_DRAFT_FIELDS = tuple(entry.name for entry in fields(AssetDraft))
_EDGE_FIELDS = tuple(entry.name for entry in fields(RelationshipDraft))


def row_error(index: int, name: object, error: Invalid) -> RowError:
    """What is wrong with a row, in texts that can be stored and shown, whatever stands in the row."""
    shown = _shown(name[:1000]) if isinstance(name, str) else ""
    fields = {_shown(field): [_shown(problem) for problem in problems] for field, problems in error.fields.items()}
    details = {**error.details, "fields": fields} if fields else error.details
    return RowError(index, shown, _shown(error.message), details)


def _shown(text: str) -> str:
    return _NOT_STORABLE.sub("\ufffd", text)


def draft_fields(draft: AssetDraft) -> dict[str, Any]:
    """The fields that a draft says something about, unchecked."""
    said: dict[str, Any] = {"type": draft.type, "name": draft.name, "qualified_name": draft.qualified_name}
    if draft.description is not None:
        said["description"] = draft.description
    if draft.metadata is not None:
        said["metadata"] = draft.metadata
    if draft.schema is not None:
        said["schema"] = draft.schema
    if draft.tags is not None:
        said["tags"] = draft.tags
    for name in REFERRING:
        if (value := getattr(draft, name)) is not None:
            said[name] = value
    return said


def draft_from(row: object) -> AssetDraft:
    """A row of a batch as it came in JSON. Values are checked later, with all others. Raises Invalid."""
    return AssetDraft(**_checked(row, "asset", _DRAFT_FIELDS))


def edge_draft_from(row: object) -> RelationshipDraft:
    """The same of a relationship, whose ends are named by their qualified names."""
    return RelationshipDraft(**_checked(row, "relationship", _EDGE_FIELDS))


def _checked(row: object, noun: str, known: tuple[str, ...]) -> dict[str, Any]:
    """A row that has the first three of the known fields, and no unknown one."""
    if isinstance(row, BadRow):
        raise Invalid(row.message, resource=noun, line=row.line)
    if not isinstance(row, Mapping):
        raise Invalid(f"Each {noun} must be an object", resource=noun)
    problems = {str(name): ["There is no such field."] for name in row if name not in known}
    problems |= {name: ["This is required."] for name in known[:3] if row.get(name) is None}
    if problems:
        raise Invalid(fields=problems, resource=noun)
    return dict(row)

"""Jobs and datasets as assets: made where they are missing, described by the newest event that says something.

What a data source collects is described by its collection: an event fills what is empty there, and no more.
Elsewhere an event describes, and leaves alone what a person wrote.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from accounts.actor import Actor
from catalog.models import Origin
from catalog.records import AssetRecord, read_by_name
from catalog.services import AssetDraft, upsert_assets
from catalog.validation import TAGS_EACH, clean_asset
from contracts.errors import Invalid
from ingestion.models import LineageMark
from ingestion.services.openlineage.facets import Said

ORIGIN_NAME = "OpenLineage"
ORIGIN_TYPE = "openlineage"


@dataclass(slots=True)
class Subject:
    """An asset that events speak of, and all that they say of it: `said` with its moment, the oldest first."""

    qualified_name: str
    name: str
    type: str
    origin_id: UUID | None = None
    notes: dict[str, Any] = field(default_factory=dict)
    said: list[tuple[datetime, Said]] = field(default_factory=list)

    def check(self) -> None:
        """Raise Invalid for what could not be stored, before anything is."""
        clean_asset({"type": self.type, "name": self.name, "qualified_name": self.qualified_name})
        for _, said in self.said:
            clean_asset({"metadata": {ORIGIN_TYPE: {**self.notes, **said.notes}}, **_fields(said)})

    def with_words_of(self, other: Subject) -> Subject:
        """The same asset with what another event says of it."""
        return replace(self, said=sorted([*self.said, *other.said], key=lambda each: each[0]))


class Described:
    """The assets of these subjects after `write`: their ids, and which events are too old to say anything of them."""

    def __init__(self, actor: Actor, organization_id: UUID, subjects: Iterable[Subject]) -> None:
        self.actor = actor
        self.organization_id = organization_id
        self.subjects = {subject.qualified_name: subject for subject in subjects}
        self.there = {each.qualified_name: each for each in read_by_name(organization_id, list(self.subjects))}
        self.ids = {name: record.id for name, record in self.there.items()}
        marks = LineageMark.objects.filter(asset__in=list(self.ids.values()))
        self.marks: dict[UUID, datetime] = dict(marks.values_list("asset_id", "described_at"))
        self.origin = _origin(organization_id)

    def is_outdated(self, qualified_name: str, at: datetime) -> bool:
        """Whether a newer event than one of this moment described the asset before."""
        key = self.ids.get(qualified_name)
        mark = self.marks.get(key) if key else None
        return mark is not None and at < mark

    def write(self) -> None:
        """Make and change the assets: a constant number of statements for each origin. Raises Invalid."""
        by_origin: dict[UUID, list[AssetDraft]] = {}
        for subject in self.subjects.values():
            draft, origin_id = self._draft(subject)
            if draft is not None:
                by_origin.setdefault(origin_id, []).append(draft)
        for origin_id, drafts in by_origin.items():
            origin = Origin(pk=origin_id, organization_id=self.organization_id)
            result = upsert_assets(actor=self.actor, drafts=drafts, origin=origin)
            for error in result.errors:
                raise Invalid(f"{error.qualified_name}: {error.message}", resource="event", **error.details)
            self.ids |= result.ids

    def mark(self) -> None:
        """Keep of when the newest words about each asset are. One statement, none where they are not newer."""
        rows = []
        for name, subject in self.subjects.items():
            moments = [at for at, said in subject.said if not said.is_nothing or said.notes]
            newest = self.marks.get(self.ids[name])
            if moments and (newest is None or max(moments) > newest):
                rows.append(LineageMark(asset_id=self.ids[name], described_at=max(moments)))
        if rows:
            rows.sort(key=lambda row: row.asset_id)
            LineageMark.objects.bulk_create(
                rows, update_conflicts=True, unique_fields=["asset"], update_fields=["described_at"]
            )

    def _draft(self, subject: Subject) -> tuple[AssetDraft | None, UUID]:
        """What is to be written of an asset, and in whose name; None for nothing."""
        record = self.there.get(subject.qualified_name)
        draft = AssetDraft(subject.type, subject.name, subject.qualified_name)
        notes: dict[str, Any] = dict(subject.notes)
        for at, said in subject.said:
            if not self.is_outdated(subject.qualified_name, at):
                _lay_over(draft, notes, said)
        if record is None:
            draft.metadata = {ORIGIN_TYPE: notes}
            return draft, subject.origin_id or self.origin.pk
        if record.origin_id not in {None, self.origin.pk}:
            return _filling(draft, record), record.origin_id or self.origin.pk
        return self._changing(draft, record, notes, subject), subject.origin_id or self.origin.pk

    def _changing(self, draft: AssetDraft, record: AssetRecord, notes: dict[str, Any], subject: Subject) -> AssetDraft:
        """What an event says over what is there: facets come in pieces, so the pieces before it stay."""
        if record.type == "PIPELINE" or not any(said.type for _, said in subject.said):
            draft.type = record.type
        draft.name = record.name
        if draft.tags is not None:
            draft.tags = list(dict.fromkeys([*(tag.name for tag in record.tags), *draft.tags]))[:TAGS_EACH]
        known = record.metadata.value.get(ORIGIN_TYPE)
        draft.metadata = {ORIGIN_TYPE: {**(known if isinstance(known, dict) else {}), **notes}}
        return draft


def _lay_over(draft: AssetDraft, notes: dict[str, Any], said: Said) -> None:
    for name, value in _fields(said).items():
        setattr(draft, name, value)
    notes |= said.notes


def _fields(said: Said) -> dict[str, Any]:
    told = {"type": said.type, "description": said.description, "schema": said.schema, "tags": said.tags}
    return {name: value for name, value in told.items() if value is not None}


def _filling(draft: AssetDraft, record: AssetRecord) -> AssetDraft | None:
    """What is empty at a data source's asset and the events know."""
    empty = {"description": not record.description, "schema": not record.schema.value, "tags": not record.tags}
    kept = {name: getattr(draft, name) for name, is_empty in empty.items() if is_empty and getattr(draft, name)}
    return AssetDraft(record.type, record.name, record.qualified_name, **kept) if kept else None


def _origin(organization_id: UUID) -> Origin:
    """What an organization's events bring is of one origin, whose id follows from the organization's."""
    key = uuid5(NAMESPACE_URL, f"openlineage:{organization_id}")
    found = Origin.objects.filter(pk=key).first()
    if found is None:
        found = Origin.objects.create(pk=key, organization_id=organization_id, name=ORIGIN_NAME, type=ORIGIN_TYPE)
    return found

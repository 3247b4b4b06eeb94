"""Publishing a version: checked first, stored by content, then written and visible all at once."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Organization
from audit.services import Change, record
from audit.tables import refused_by
from contracts.errors import Conflict
from registry.entry_types import check_metadata
from registry.facts import together
from registry.live import version_published
from registry.models import DependencySet, Entry, EntryKind, EntryLabel, File, LabelKind, Statistics, Version
from registry.services.acting import publisher
from registry.services.dependencies import find_parts, refuse_cycles, write_parts
from registry.services.entry_catalog import LINEAGE, index_entries, register_source
from registry.services.entry_states import entry_state, version_state
from registry.services.organisms import find_organism
from registry.services.parts import Parts, parts_at_hand
from registry.services.publication import Checked, CheckedFile, Publication, check
from registry.specs import is_prerelease, order_key

DEFAULT_TYPE = "other"


def publish(*, actor: Actor, publication: Publication) -> Version:
    """Publish files or dependencies as a version of an entry, which is made where it is not there.

    Nothing is seen before all is there, and nothing stays of what is refused. Raises Invalid for what cannot be
    published, NotFound for an unknown organization, Forbidden for another's, Conflict for a (version, format)
    that was published before, be it deleted since.
    """
    actor, organization = publisher(actor, publication.organization)
    checked = check(publication)
    _refuse_early(organization, publication, checked)
    with parts_at_hand() as parts:
        if publication.dependencies:
            find_parts(actor=actor, specs=publication.dependencies, parts=parts)
        for file in checked.files:
            file.incoming.keep()
        return _write(actor, organization, publication, checked, parts)


def _refuse_early(organization: Organization, publication: Publication, checked: Checked) -> None:
    """What is there already is refused before bytes are put anywhere; those who race meet the constraints."""
    entry = Entry.objects.filter(
        organization=organization, kind=publication.kind, slug_key=publication.slug.lower()
    ).first()
    facts = together(file.facts for file in checked.files)
    entry_type = publication.type or (entry.type if entry else "") or facts.type
    check_metadata(publication.kind, entry_type, {**facts.metadata, **(checked.fields["metadata"] or {})})
    version = Version.objects.filter(entry=entry, version=publication.version).first() if entry else None
    if version is not None:
        _refuse_repeats(version, checked.files, publication)


@transaction.atomic
def _write(
    actor: Actor, organization: Organization, publication: Publication, checked: Checked, parts: Parts
) -> Version:
    now = timezone.now()
    entry, before = _entry(organization, publication, checked, now)
    version, was = _version(actor, entry, publication, checked, now)
    if was is not None:
        _refuse_repeats(version, checked.files, publication)
    sets: list[DependencySet] = []
    if publication.dependencies:
        if was is not None:  # nothing can be made of what was not there yet
            refuse_cycles(version, parts)
        sets = write_parts(version, parts)
    taken = Conflict("This version was published in this format just now", version=version.version)
    with refused_by({"file_format_unique_in_version": taken}):
        File.objects.bulk_create([_file(version, file, now) for file in checked.files])
    files = list(version.files.all())
    formats = sorted({file.format for file in files} | {group.format for group in sets})
    version.formats = sorted({*version.formats, *formats})
    version.size += sum(file.incoming.size for file in checked.files) + sum(group.size for group in sets)
    version.save()
    _label(entry, LabelKind.FORMAT, formats)
    refresh_latest(entry, now)
    count(
        organization.pk,
        versions=int(was is None),
        size=sum(file.incoming.size for file in checked.files),
        **({f"{entry.kind}s": 1} if before is None else {}),
    )
    record_entry(actor, entry, before)
    _record_version(actor, entry, version, was, files)
    index_entries([entry])
    register_source(actor=actor, organization=organization, entry=entry, targets=parts.entries(LINEAGE))
    transaction.on_commit(partial(version_published, version))
    return version


# The entry ---------------------------------------------------------------------------------------


def _entry(
    organization: Organization, publication: Publication, checked: Checked, now: datetime
) -> tuple[Entry, dict[str, Any] | None]:
    """The entry with what the publication says of it, locked; and its state before, None for a new or revived one."""
    entry, created = Entry.objects.get_or_create(
        organization=organization,
        kind=publication.kind,
        slug_key=publication.slug.lower(),
        defaults={
            "slug": publication.slug,
            "name": publication.slug,
            "type": "",
            "created_at": now,
            "updated_at": now,
        },
    )
    entry = Entry.objects.select_for_update(of=("self",)).select_related("organization", "organism").get(pk=entry.pk)
    before = None if created or entry.deleted_at else entry_state(entry)
    facts = together(file.facts for file in checked.files)
    said = {name: value for name, value in checked.fields.items() if value not in ("", None)}
    read = {name: getattr(facts, name) for name in ("description", "external_id") if not getattr(entry, name)}
    read |= {"name": facts.name} if entry.name == entry.slug and facts.name else {}
    for name, value in {**read, **said}.items():
        if name not in {"metadata", "tags"}:
            setattr(entry, name, value)
    entry.metadata = {**entry.metadata, **facts.metadata, **(said.get("metadata") or {})}
    tags = said.get("tags") or (facts.tags if not entry.tags else [])
    entry.tags = list({word.lower(): word for word in [*entry.tags, *tags]}.values())
    entry.type = _type(entry, publication, facts.type)
    organism = checked.organism or (facts.organism if entry.organism_id is None else {})
    entry.organism = find_organism(organization.pk, organism) or entry.organism
    entry.deleted_at = None
    _label(entry, LabelKind.TAG, [word.lower() for word in entry.tags])
    return entry, before


def _type(entry: Entry, publication: Publication, read: str) -> str:
    if publication.type and entry.type and publication.type != entry.type:
        name = "source_type" if entry.kind == EntryKind.SOURCE else "tool_type"
        raise Conflict(f"'{entry.slug}' is of type '{entry.type}'", resource=entry.kind, **{name: entry.type})
    return publication.type or entry.type or read or DEFAULT_TYPE


def _label(entry: Entry, kind: str, words: list[str]) -> None:
    labels = [EntryLabel(entry=entry, kind=kind, key=word) for word in words]
    EntryLabel.objects.bulk_create(labels, ignore_conflicts=True)


def refresh_latest(entry: Entry, now: datetime) -> None:
    """Put what lists show of the latest version on the entry, and save it."""
    newest = entry.versions.all().newest()
    entry.latest_version = newest.version if newest else ""
    entry.latest_external_version = newest.external_version if newest else ""
    entry.latest_formats = newest.formats if newest else []
    entry.size = newest.size if newest else 0
    entry.updated_at = now
    entry.revision = F("revision") + 1
    entry.save()
    entry.refresh_from_db(fields=["revision"])


# The version -------------------------------------------------------------------------------------


def _version(
    actor: Actor, entry: Entry, publication: Publication, checked: Checked, now: datetime
) -> tuple[Version, dict[str, Any] | None]:
    """The version, to be saved; and its state before, None for a new one. The entry is locked."""
    citations = together(file.facts for file in checked.files).citations
    version = Version.objects.filter(entry=entry, version=publication.version).first()
    said = {name: value for name, value in checked.version.items() if value not in ("", None)}
    if version is None:
        version = Version(
            entry=entry,
            version=publication.version,
            sort_key=order_key(publication.version),
            is_prerelease=is_prerelease(publication.version),
            published_by_id=actor.user_id,
            published_at=now,
            updated_at=now,
            **{"citations": citations, "release_date": now.date(), **said},
        )
        version.save(force_insert=True)
        return version, None
    before = version_state(version, list(version.files.all()))
    for name, value in said.items():
        setattr(version, name, value)
    version.updated_at = now
    version.revision += 1
    return version, before


def _refuse_repeats(version: Version, files: list[CheckedFile], publication: Publication) -> None:
    """Raise Conflict for what was published before: bytes never change."""
    if version.deleted_at is not None:
        raise Conflict(
            f"Version '{version.version}' was published and deleted; it is never used again",
            resource="version",
            version=version.version,
        )
    if version.yanked_at is not None:
        raise Conflict(f"Version '{version.version}' was yanked", resource="version", version=version.version)
    there = set(File.objects.filter(version=version).values_list("format", flat=True))
    sets = DependencySet.objects.filter(version=version)
    if publication.dependencies and sets.exists():
        raise Conflict(f"Version '{version.version}' has its dependencies; they never change", version=version.version)
    repeated = sorted(there.intersection(file.format for file in files))
    if repeated:
        raise Conflict(
            f"Version '{version.version}' is published as '{repeated[0]}' already; it is never replaced",
            resource="version",
            version=version.version,
            format=repeated[0],
        )


def _file(version: Version, file: CheckedFile, now: datetime) -> File:
    return File(
        version=version,
        format=file.format,
        filename=file.filename,
        media_type=file.media_type,
        compression=file.compression,
        sha256=file.incoming.sha256,
        size=file.incoming.size,
        metadata=file.facts.metadata,
        created_at=now,
    )


# What is kept count of, and the trail ------------------------------------------------------------


def count(organization_id: UUID, **changes: int) -> None:
    """Add to an organization's totals."""
    Statistics.objects.get_or_create(organization_id=organization_id)
    changed = {name: F(name) + number for name, number in changes.items() if number}
    if changed:
        Statistics.objects.filter(organization_id=organization_id).update(**changed)


def record_entry(actor: Actor, entry: Entry, before: dict[str, Any] | None) -> None:
    """Put what became of an entry on the trail; nothing where it is what it was."""
    after = entry_state(entry)
    if before != after:
        action = "CREATE" if before is None else "UPDATE"
        change = Change(action, entry.kind.upper(), entry.pk, spec_of(entry), before, after, entry.revision)
        record(actor, change, organization_id=entry.organization_id)


def _record_version(
    actor: Actor, entry: Entry, version: Version, was: dict[str, Any] | None, files: list[File]
) -> None:
    name = f"{spec_of(entry)}@{version.version}"
    change = Change("PUBLISH", "VERSION", version.pk, name, was, version_state(version, files), version.revision)
    record(actor, change, organization_id=entry.organization_id)


def spec_of(entry: Entry) -> str:
    """`org:name`."""
    return f"{entry.organization.slug}:{entry.slug}"

"""Sources and tools in the one graph: what search finds of them, and the assets that put sources into lineage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.models import Organization
from catalog.models import Asset, AssetType, RelationshipType, SearchDocument
from catalog.names import join_name
from catalog.search import Document, index_documents, remove_documents
from catalog.services import (
    AssetDraft,
    RelationshipDraft,
    delete_asset,
    delete_dependencies,
    upsert_assets,
    upsert_relationships,
)
from contracts.errors import Invalid
from registry.models import Dependency, Entry, EntryKind, LabelKind, Version

LINEAGE = 10_000
"""Sources that lineage edges are drawn to at most; the asset says so where there are more."""
BATCH = 5_000
REINDEXED = 1_000


def asset_name(organization_slug: str, slug: str) -> str:
    """The qualified name of the asset that a source is in the catalog."""
    return join_name("registry", organization_slug, slug)


def format_tag(name: str) -> str:
    """The word that search narrows by a format with."""
    return f"format:{name.lower()}"


def organism_tag(name: str) -> str:
    return f"organism:{name.lower()}"


def document_of(entry: Entry, formats: Sequence[str]) -> Document:
    """What search sees of an entry (its organization and organism loaded)."""
    organism = entry.organism
    words = [organism.scientific_name, organism.common_name] if organism else []
    narrowing = [format_tag(name) for name in formats]
    if organism:
        numbers = [str(organism.ncbi_taxonomy_id)] if organism.ncbi_taxonomy_id else []
        narrowing += [organism_tag(word) for word in (*words, *numbers) if word]
    particular = [value for value in entry.metadata.values() if isinstance(value, str) and len(value) <= 200]
    return Document(
        entity_id=entry.pk,
        organization_id=entry.organization_id,
        kind=entry.kind,
        type=entry.type,
        name=entry.name,
        path=f"{entry.organization.slug}:{entry.slug}",
        description=entry.description,
        columns=[word for word in (entry.slug, entry.external_id, *words, *particular) if word],
        tags=[*entry.tags, *narrowing],
        is_public=entry.organization.is_public,
    )


def index_entries(entries: Iterable[Entry]) -> None:
    """Put these entries into search (their organization, organism and labels loaded); a deleted one is taken out."""
    living, gone = [], []
    for entry in entries:
        formats = [label.key for label in entry.labels.all() if label.kind == LabelKind.FORMAT]
        if entry.deleted_at is None and entry.latest_version:
            living.append(document_of(entry, formats))
        else:
            gone.append(entry.pk)
    index_documents(living)
    if gone:
        remove_documents(gone)


def follow_organization(sender: object, instance: Organization, **kwargs: object) -> None:
    """Bring search up to date when an organization was made public or private, or got another slug."""
    documents = SearchDocument.objects.filter(organization=instance, kind__in=EntryKind.values)
    if not documents.exclude(is_public=instance.is_public, path__startswith=f"{instance.slug}:").exists():
        return
    entries = Entry.objects.filter(organization=instance, deleted_at=None).order_by("pk")
    entries = entries.select_related("organization", "organism").prefetch_related("labels")
    last = None
    while batch := list((entries.filter(pk__gt=last) if last else entries)[:REINDEXED]):
        index_entries(batch)
        last = batch[-1].pk


def register_source(
    *, actor: Actor, organization: Organization, entry: Entry, targets: tuple[int, Sequence[UUID]]
) -> None:
    """The source as an asset of type DATASET, with an edge to each source that this version depends on.

    `targets` are how many these are in all, and the first LINEAGE of them.
    A source of another organization becomes an asset of ours too: our lineage ends there, and says whose it is.
    """
    if entry.kind != EntryKind.SOURCE:
        return
    ours = _at_work(actor, organization)
    name = asset_name(organization.slug, entry.slug)
    count, drawn = targets
    metadata = _latest(entry)
    if count > len(drawn):
        metadata |= {"lineage_sources": count, "lineage_drawn": len(drawn)}
    _upsert(ours, [AssetDraft(AssetType.DATASET, entry.name[:255], name, entry.description or None, metadata)])
    sources = Entry.objects.filter(pk__in=drawn).select_related("organization")
    drafts: dict[str, AssetDraft] = {}
    for source in sources:
        theirs = source.organization
        if theirs.pk == organization.pk:
            drafts[asset_name(theirs.slug, source.slug)] = AssetDraft(
                AssetType.DATASET, source.name[:255], asset_name(theirs.slug, source.slug)
            )
        else:
            drafts[asset_name(theirs.slug, source.slug)] = AssetDraft(
                AssetType.DATASET,
                source.name[:255],
                asset_name(theirs.slug, source.slug),
                metadata={"kind": "source", "source": f"{theirs.slug}:{source.slug}", "publisher": theirs.name},
            )
    _upsert(ours, list(drafts.values()))
    edges = [RelationshipDraft(name, target, RelationshipType.DEPENDS_ON) for target in drafts if target != name]
    for begin in range(0, len(edges), BATCH):
        upsert_relationships(actor=ours, drafts=edges[begin : begin + BATCH])


def withdraw_source_version(*, actor: Actor, entry: Entry, version: Version) -> None:
    """Let the asset of a source tell of the version that is the latest now, after this one was yanked or deleted.

    Of what is deleted, the edges go that no other version has.
    """
    asset = _asset_of(entry)
    if asset is None:
        return
    ours, metadata = _at_work(actor, entry.organization), _latest(entry)
    living = Version.objects.filter(entry=entry, deleted_at=None)
    if version.deleted_at is not None:
        if not living.filter(dependency_count__gt=LINEAGE).exists():
            metadata |= {"lineage_sources": None, "lineage_drawn": None}
        names = _parts_only_of(version, living)
        while batch := list(islice(names, BATCH)):
            delete_dependencies(actor=ours, source=asset, targets=batch)
    _upsert(ours, [AssetDraft(AssetType(asset.type), asset.name, asset.qualified_name, metadata=metadata)])


def withdraw_source(*, actor: Actor, entry: Entry) -> None:
    """Take the asset of a source that was deleted out of the catalog, and out of lineage with it."""
    asset = _asset_of(entry)
    if asset is not None:
        delete_asset(actor=_at_work(actor, entry.organization), asset=asset)


def _parts_only_of(version: Version, others: QuerySet[Version]) -> Iterator[str]:
    """The assets of the sources that this version depends on and none of these does."""
    mine = Dependency.objects.filter(version=version).values("target__entry")
    theirs = Dependency.objects.filter(version__in=others).values("target__entry")
    found = Entry.objects.filter(pk__in=mine).exclude(pk__in=theirs).order_by()
    for organization, slug in found.values_list("organization__slug", "slug").iterator(chunk_size=BATCH):
        yield asset_name(organization, slug)


def _asset_of(entry: Entry) -> Asset | None:
    if entry.kind != EntryKind.SOURCE:
        return None
    name = asset_name(entry.organization.slug, entry.slug)
    return Asset.objects.filter(organization=entry.organization_id, qualified_name=name, deleted_at=None).first()


def _at_work(actor: Actor, organization: Organization) -> Actor:
    return actor if actor.organization_id == organization.pk else actor.within(organization)


def _latest(entry: Entry) -> dict[str, Any]:
    """What the asset says of the source and its latest version."""
    return {
        "kind": "source",
        "source": f"{entry.organization.slug}:{entry.slug}",
        "source_type": entry.type,
        "version": entry.latest_version,
        "formats": entry.latest_formats,
        "size_bytes": entry.size,
    }


def _upsert(actor: Actor, drafts: Sequence[AssetDraft]) -> None:
    for begin in range(0, len(drafts), BATCH):
        result = upsert_assets(actor=actor, drafts=drafts[begin : begin + BATCH])
        if result.errors:
            raise Invalid(f"The catalog cannot hold it: {result.errors[0].message}")

"""What comes back with a tag, term, domain or team that is restored: it is said again of what let it go.

Whoever let it go is noted when it is deleted (`LostLink`), deleted assets too. On restoring, those that have something
else in its place by then keep that: an asset has one domain and one owner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from accounts.actor import Actor
from accounts.models import DeletedRow, Team
from catalog.models import Asset, AssetTerm, Concept, Domain, GlossaryTerm, LostLink
from catalog.records import AssetRecord, DomainName, TermLink, read_by_id, sorted_terms
from catalog.services.writing import AssetWriter
from catalog.tables import among

AT_A_TIME = 2000
"""Assets that are held in memory together."""


def note_lost(table: str, column: str, ids: Iterable[UUID], *, holder: str = "id", said_of: str = "''") -> None:
    """Note whose rows of this table have one of these in this column; before they let it go. One statement."""
    condition, parameter = among(column, list(ids), "uuid")
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO catalog_lostlink (entity_id, holder_id, "column") SELECT {column}, {holder}, {said_of}'  # noqa: S608
            f" FROM {table} WHERE {condition}",
            [parameter],
        )


def forget_lost(ids: Iterable[UUID]) -> None:
    """What lets these go now lets them go for good."""
    LostLink.objects.filter(entity_id__in=list(ids)).delete()


def forget_orphans(*, dry_run: bool = False) -> int:
    """Let go of what was noted of things that cannot be restored any more; returns of how many rows.

    A dry run only counts.
    """
    found = LostLink.objects.all()
    for model in (Domain, GlossaryTerm, Team):
        gone: Any = model._base_manager.filter(pk=OuterRef("entity_id"))
        found = found.exclude(Exists(gone))
    found = found.exclude(Exists(DeletedRow.objects.filter(entity_id=OuterRef("entity_id"))))
    return found.count() if dry_run else found.delete()[0]


def lost(entity_id: UUID) -> QuerySet[LostLink, UUID]:
    """Who let this go."""
    return LostLink.objects.filter(entity_id=entity_id).values_list("holder_id", flat=True)


def lost_by(ids: Sequence[UUID]) -> Iterator[list[LostLink]]:
    """Who let these go, so many holders at a time, all of one holder together."""
    links = LostLink.objects.filter(entity_id__in=ids)
    holders = list(links.order_by("holder_id").values_list("holder_id", flat=True).distinct())
    for start in range(0, len(holders), AT_A_TIME):
        yield list(links.filter(holder_id__in=holders[start : start + AT_A_TIME]).order_by("pk"))


def give_back(
    actor: Actor,
    organization_id: UUID,
    ids: Sequence[UUID],
    changes: Callable[[AssetRecord, list[LostLink]], dict[str, Any]],
) -> None:
    """Write the living assets that let these go, as `changes` says; an empty answer leaves one as it is."""
    for links in lost_by(ids):
        by_holder: dict[UUID, list[LostLink]] = {}
        for link in links:
            by_holder.setdefault(link.holder_id, []).append(link)
        writer = AssetWriter(actor, organization_id)
        for record in read_by_id(list(by_holder), lock=True):
            changed = changes(record, by_holder[record.id]) if record.deleted_at is None else {}
            if changed:
                writer.change(record, **changed)
        writer.flush()


def return_to_assets(actor: Actor, organization_id: UUID, concepts: Iterable[Concept]) -> None:
    """Say these domains and terms again of the assets that let them go."""
    concepts = list(concepts)
    domains = {one.pk: DomainName(one.pk, one.fully_qualified_name) for one in concepts if isinstance(one, Domain)}
    terms = {one.pk: one.fully_qualified_name for one in concepts if isinstance(one, GlossaryTerm)}

    def changes(record: AssetRecord, links: list[LostLink]) -> dict[str, Any]:
        changed: dict[str, Any] = {}
        named = [link for link in links if link.entity_id in terms]
        if said := [TermLink(link.entity_id, terms[link.entity_id], link.column) for link in named]:
            changed["terms"] = sorted_terms([*record.terms, *said])
        places = [domains[link.entity_id] for link in links if link.entity_id in domains]
        if places and record.domain is None:
            changed["domain"] = places[-1]
        return changed

    ids = [*domains, *terms]
    give_back(actor, organization_id, ids, changes)
    deleted = Asset.objects.filter(organization=organization_id, deleted_at__isnull=False)
    for key in domains:
        deleted.filter(pk__in=lost(key), domain=None).update(domain=key)
    for links in lost_by(list(terms)):
        held = deleted.filter(pk__in=[link.holder_id for link in links]).order_by("pk").select_for_update()
        gone = set(held.values_list("pk", flat=True))
        rows = [
            AssetTerm(asset_id=link.holder_id, term_id=link.entity_id, column=link.column)
            for link in links
            if link.holder_id in gone
        ]
        AssetTerm.objects.bulk_create(rows, ignore_conflicts=True)
    forget_lost(ids)

"""What becomes of what a deleted team, domain or term was said of: it lets it go, and its trail says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from accounts.actor import Actor
from audit import services as audit
from audit.listening import Listener, listen
from audit.services import Author, Change
from catalog.concepts import concept_state
from catalog.models import Asset, AssetTerm, Concept, Domain, Glossary, GlossaryTerm
from catalog.records import AssetRecord, read_by_id
from catalog.services.writing import AssetWriter

AT_A_TIME = 2000
"""Assets that are held in memory together."""


def leave_assets(actor: Actor, organization_id: UUID, concepts: Iterable[Concept]) -> None:
    """Take these domains or terms from every asset that has them; a deleted asset's are gone with it when restored."""
    concepts = list(concepts)
    domains = {concept.pk for concept in concepts if isinstance(concept, Domain)}
    terms = {concept.pk for concept in concepts if isinstance(concept, GlossaryTerm)}
    if domains:
        placed = Asset.objects.filter(domain__in=domains)
        _change(actor, organization_id, placed, lambda record: {"domain": None})
        placed.update(domain=None)
    if terms:
        named = AssetTerm.objects.filter(term__in=terms)
        linked = Asset.objects.filter(pk__in=named.values("asset_id"))
        _change(actor, organization_id, linked, lambda record: {"terms": _without(record, terms)})
        named.delete()


def _without(record: AssetRecord, terms: set[UUID]) -> tuple[Any, ...]:
    return tuple(link for link in record.terms if link.id not in terms)


def _change(
    actor: Actor, organization_id: UUID, assets: QuerySet[Asset], changes: Callable[[AssetRecord], dict[str, Any]]
) -> None:
    """Write the living ones of these assets, so many at a time."""
    ids = list(assets.filter(deleted_at=None).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), AT_A_TIME):
        writer = AssetWriter(actor, organization_id)
        for record in read_by_id(ids[start : start + AT_A_TIME], lock=True):
            writer.change(record, **changes(record))
        writer.flush()


def _leave_team(author: Author, organization_id: UUID, changes: Sequence[Change]) -> None:
    """A deleted team owns nothing any more."""
    actor = cast(Actor, author)
    for team_id in [change.entity_id for change in changes if change.action == "DELETE"]:
        owned = Asset.objects.filter(owner_team=team_id)
        _change(actor, organization_id, owned, lambda record: {"owner": None})
        owned.update(owner_team=None)
        for model, entity_type in ((Domain, "DOMAIN"), (Glossary, "GLOSSARY"), (GlossaryTerm, "GLOSSARY_TERM")):
            _leave_concepts(actor, organization_id, model._default_manager.filter(owner_team=team_id), entity_type)


def _leave_concepts(actor: Actor, organization_id: UUID, owned: QuerySet[Any], entity_type: str) -> None:
    told = []
    for concept in owned.select_for_update():
        before = concept_state(concept)
        concept.owner_team, concept.version, concept.updated_at = None, concept.version + 1, timezone.now()
        concept.save(update_fields=["owner_team", "version", "updated_at"])
        if concept.deleted_at is None:
            told.append(concept_change("UPDATE", entity_type, concept, before, concept_state(concept)))
    audit.record_many(actor, told, organization_id=organization_id)


def concept_change(
    action: str, entity_type: str, concept: Concept, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> Change:
    """What the trail says of a concept's change."""
    return Change(action, entity_type, concept.pk, concept.fully_qualified_name, before, after, version=concept.version)


listen(Listener(frozenset({"TEAM"}), wants=lambda organization_id: True, hear=_leave_team, hears_batches=False))

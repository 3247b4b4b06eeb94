"""What becomes of what a deleted team, domain or term was said of: it lets it go, and its trail says so.

A restored one comes back to it (`catalog.services.returning`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Team
from audit import services as audit
from audit.listening import Listener, listen
from audit.services import Author, Change
from catalog.concepts import concept_state
from catalog.models import Asset, AssetTerm, Concept, Domain, Glossary, GlossaryTerm
from catalog.records import AssetRecord, Owner, read_by_id
from catalog.services.returning import AT_A_TIME, forget_lost, give_back, lost, note_lost
from catalog.services.writing import AssetWriter

_OWNED: Any = ((Domain, "DOMAIN"), (Glossary, "GLOSSARY"), (GlossaryTerm, "GLOSSARY_TERM"))


def leave_assets(actor: Actor, organization_id: UUID, concepts: Iterable[Concept]) -> None:
    """Take these domains or terms from every asset that has them; a deleted asset's are gone with it when restored."""
    concepts = list(concepts)
    domains = {concept.pk for concept in concepts if isinstance(concept, Domain)}
    terms = {concept.pk for concept in concepts if isinstance(concept, GlossaryTerm)}
    if domains:
        note_lost("catalog_asset", "domain_id", domains)
        placed = Asset.objects.filter(domain__in=domains)
        _change(actor, organization_id, placed, lambda record: {"domain": None})
        placed.update(domain=None)
    if terms:
        note_lost("catalog_assetterm", "term_id", terms, holder="asset_id", said_of='"column"')
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


def _follow_team(author: Author, organization_id: UUID, changes: Sequence[Change]) -> None:
    """A deleted team owns nothing any more; a restored one what has no other owner by then."""
    actor = cast(Actor, author)
    for team_id in [change.entity_id for change in changes if change.action == "RESTORE"]:
        _return_team(actor, organization_id, team_id)
    for team_id in [change.entity_id for change in changes if change.action == "DELETE"]:
        note_lost("catalog_asset", "owner_team_id", [team_id])
        owned = Asset.objects.filter(owner_team=team_id)
        _change(actor, organization_id, owned, lambda record: {"owner": None})
        owned.update(owner_team=None)
        for model, entity_type in _OWNED:
            note_lost(model._meta.db_table, "owner_team_id", [team_id])
            owned_concepts = model._default_manager.filter(owner_team=team_id)
            _own_concepts(actor, organization_id, owned_concepts, entity_type, None)


def _return_team(actor: Actor, organization_id: UUID, team_id: UUID) -> None:
    team = Team.objects.get(pk=team_id)
    owner = Owner(team.pk, team.shown_name, "team")
    give_back(actor, organization_id, [team_id], lambda record, links: {} if record.owner else {"owner": owner})
    unowned = {"pk__in": lost(team_id), "owner": None, "owner_team": None}
    Asset.objects.filter(**unowned, deleted_at__isnull=False).update(owner_team=team)
    for model, entity_type in _OWNED:
        _own_concepts(actor, organization_id, model._default_manager.filter(**unowned), entity_type, team)
    forget_lost([team_id])


def _own_concepts(
    actor: Actor, organization_id: UUID, owned: QuerySet[Any], entity_type: str, team: Team | None
) -> None:
    told = []
    for concept in owned.select_for_update():
        before = concept_state(concept)
        concept.owner_team, concept.version, concept.updated_at = team, concept.version + 1, timezone.now()
        concept.save(update_fields=["owner_team", "version", "updated_at"])
        if concept.deleted_at is None:
            told.append(concept_change("UPDATE", entity_type, concept, before, concept_state(concept)))
    audit.record_many(actor, told, organization_id=organization_id)


def concept_change(
    action: str, entity_type: str, concept: Concept, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> Change:
    """What the trail says of a concept's change."""
    return Change(action, entity_type, concept.pk, concept.fully_qualified_name, before, after, version=concept.version)


listen(Listener(frozenset({"TEAM"}), wants=lambda organization_id: True, hear=_follow_team, hears_batches=False))

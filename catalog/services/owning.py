"""What a member or a team owns, taken on and let go together: assets, domains, glossaries and terms."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from accounts.actor import Actor
from accounts.models import Role, Team, User
from catalog.models import Asset, Concept, Domain, Glossary, GlossaryTerm
from catalog.records import AssetRecord
from catalog.services.concepts import update_concept
from catalog.services.retry import retried
from catalog.services.selections import change_assets, own_assets

OWNED_CONCEPTS: tuple[type[Concept], ...] = (Domain, Glossary, GlossaryTerm)


def change_owned(
    *, actor: Actor, owner: User | Team, add: Collection[UUID] = (), remove: Collection[UUID] = ()
) -> list[UUID]:
    """Make the owner that of all in `add`, whoever had them, and let go those in `remove` that are theirs still.

    All or nothing. Returns the ids that are no living thing of the actor's organization: where there are any,
    nothing is written. Raises Invalid for an owner who is a stranger, Forbidden.
    """
    actor.require(Role.EDITOR)
    return _change(actor, owner, list(add), list(remove))


@retried
def _change(actor: Actor, owner: User | Team, add: list[UUID], remove: list[UUID]) -> list[UUID]:
    assets = set(Asset.objects.visible_to(actor).filter(pk__in=add).values_list("pk", flat=True))
    concepts = {concept.pk: concept for concept in _concepts(actor, [*add, *remove])}
    unknown = [key for key in add if key not in assets and key not in concepts]
    if unknown:
        return unknown

    def let_go(record: AssetRecord) -> Mapping[str, Any]:
        return {"owner": None} if record.owner is not None and record.owner.id == owner.pk else {}

    own_assets(actor=actor, asset_ids=assets, owner=owner)
    change_assets(actor, [key for key in remove if key not in concepts], let_go)
    named = {"id": str(owner.pk), "type": "team" if isinstance(owner, Team) else "user"}
    for key, concept in concepts.items():
        if key in add:
            update_concept(actor=actor, concept=concept, changes={"owner": named})
        elif owner.pk in {concept.owner_id, concept.owner_team_id}:
            update_concept(actor=actor, concept=concept, changes={"owner": None})
    return []


def _concepts(actor: Actor, keys: Collection[UUID]) -> list[Concept]:
    """The living ones of these."""
    if not keys:
        return []
    found: list[Concept] = []
    for model in OWNED_CONCEPTS:
        managed: Any = model._default_manager
        found += managed.visible_to(actor).filter(pk__in=keys)
    return found

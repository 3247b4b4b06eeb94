"""How many living assets there are, and of how many a tag, term or domain is said, without counting them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.actor import Actor
from catalog.models import AssetCount, UseCount


def counts_by_type(actor: Actor) -> dict[str, int]:
    """The living assets that the actor can see, by type. One statement over few rows."""
    counts = AssetCount.objects.all()
    if not actor.sees_all:
        counts = counts.filter(organization_id__in=actor.organizations)
    summed = counts.values_list("type").annotate(Sum("amount")).order_by("type")
    return {type_: number for type_, number in summed if number}


def count_assets(actor: Actor, types: Collection[str] = ()) -> int:
    """How many living assets the actor can see, of these types or of all. One statement over few rows."""
    return sum(number for type_, number in counts_by_type(actor).items() if not types or type_ in types)


def uses_of(ids: Iterable[UUID]) -> dict[UUID, int]:
    """Of how many living assets each of these tags, terms or domains is said. One statement over few rows."""
    counts = UseCount.objects.filter(entity_id__in=list(ids)).order_by()
    return {key: number for key, number in counts.values_list("entity_id").annotate(Sum("amount")) if number}


def uses() -> Coalesce:
    """An expression of the same, for each of many tags, terms or domains."""
    counts = UseCount.objects.filter(entity_id=OuterRef("pk")).order_by().values("entity_id")
    return Coalesce(Subquery(counts.annotate(amount_=Sum("amount")).values("amount_")), 0)

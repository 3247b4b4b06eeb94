"""How many living assets there are, without counting them."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Sum

from accounts.actor import Actor
from catalog.models import AssetCount


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

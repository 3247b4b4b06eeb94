"""Assets that have another name at their origin now: the same assets, with all that hangs on them."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from accounts.actor import Actor
from accounts.models import Role
from catalog.models import Asset
from catalog.records import read_by_id
from catalog.services.retry import retried
from catalog.services.writing import AssetWriter
from catalog.validation import clean_asset
from contracts.errors import Invalid


def rename_assets(*, actor: Actor, names: Mapping[UUID, tuple[str, str]]) -> set[UUID]:
    """Give assets of the actor's organization a new (name, qualified name); returns which took it.

    One whose new name another living asset has, or that cannot be kept, keeps the old one. Raises Forbidden.
    """
    actor.require(Role.EDITOR)
    left = {key: name for key, name in names.items() if _is_fit(*name)}
    done = set[UUID]()
    # A name may be taken by one that is about to leave it: each round frees what the next one takes.
    while left and (free := _rename_free(actor, left)):
        done |= free
        left = {key: name for key, name in left.items() if key not in free}
    return done


def _is_fit(name: str, qualified_name: str) -> bool:
    try:
        clean_asset({"name": name, "qualified_name": qualified_name})
    except Invalid:
        return False
    return True


@retried
def _rename_free(actor: Actor, names: Mapping[UUID, tuple[str, str]]) -> set[UUID]:
    wanted = [qualified for _, qualified in names.values()]
    living = Asset.objects.filter(organization=actor.tenant, deleted_at=None, qualified_name__in=wanted)
    taken = set(living.values_list("qualified_name", flat=True))
    free = {key: name for key, name in names.items() if name[1] not in taken}
    if not free:
        return set()
    writer, renamed = AssetWriter(actor, actor.tenant), set()
    for record in read_by_id(list(free)):
        if record.deleted_at is None and record.organization_id == actor.tenant:
            name, qualified_name = free[record.id]
            writer.change(record, name=name, qualified_name=qualified_name)
            renamed.add(record.id)
    if renamed:
        writer.flush()
    return renamed

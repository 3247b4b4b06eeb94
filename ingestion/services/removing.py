"""A data source deleted with all that hangs on it, and made anew."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.actor import Actor
from accounts.models import Role, User
from accounts.services.keeping import row_of, take
from catalog.models import Asset, Origin
from catalog.names import quote_part
from catalog.querysets import AssetQuerySet
from catalog.services.trees import delete_all, descendants, restore_all
from contracts.errors import Invalid
from ingestion.models import DataSource, SourceStatus
from ingestion.services.collections import delete_task
from ingestion.services.sources import KEPT_AS, delete_data_source, record_source, save_source

LOST_SECRETS = "It was restored without its secrets: give them again, and set it active"
_TOP = ("DATABASE", "TOPIC", "BUCKET", "INDEX", "EXCHANGE", "QUEUE", "KEYSPACE")


@transaction.atomic
def delete_with_contents(*, actor: Actor, source: DataSource, recursive: bool = False, hard: bool = False) -> None:
    """Delete a source; with `recursive` also its tasks and every asset that it brought or that is filed under it.

    Unless `hard` it can be restored, with these assets; its tasks cannot.
    Raises Invalid where there are such and `recursive` is not said, Conflict while a task runs, NotFound.
    """
    actor.require(Role.EDITOR)
    assets = _contents(source).filter(deleted_at=None)
    tasks = list(source.tasks.all())
    if not recursive and (tasks or assets.exists()):
        raise Invalid(f"'{source.name}' is not empty: delete it with recursive=true", resource="data_source")
    roots = list(assets.values_list("pk", flat=True))
    if roots:
        delete_all(actor=actor, asset_ids=[*descendants(roots), *roots])
    for task in tasks:
        delete_task(actor=actor, task=task)
    moment = Asset.objects.get(pk=roots[0]).deleted_at if roots else None
    delete_data_source(actor=actor, source=source, hard=hard, contents_deleted_at=moment)


@transaction.atomic
def restore_data_source(*, actor: Actor, source_id: UUID) -> DataSource:
    """Make a deleted source anew with its id, and bring back the assets that were deleted together with it.

    One that had secrets is inactive until it is given them again. Raises Conflict where its name or that of an
    asset is taken, NotFound, Forbidden.
    """
    actor.require(Role.EDITOR)
    state = take(actor, KEPT_AS, source_id, resource="data_source").state
    source = row_of(DataSource, state)
    source.created_by = User.objects.filter(pk=state["created_by_id"]).first()
    if state["had_secrets"]:
        source.status, source.status_message = SourceStatus.INACTIVE, LOST_SECRETS
    source.origin, _ = Origin.objects.get_or_create(
        pk=source.pk, defaults={"organization_id": source.organization_id, "name": source.name, "type": source.type}
    )
    created_at = source.created_at
    save_source(source, force_insert=True)
    DataSource.objects.filter(pk=source.pk).update(created_at=created_at)
    record_source(actor, "RESTORE", source, before=None)
    if state["contents_deleted_at"]:
        moment = datetime.fromisoformat(state["contents_deleted_at"])
        roots = list(_contents(source).filter(deleted_at=moment).values_list("pk", flat=True))
        restore_all(actor=actor, asset_ids=[*roots, *descendants(roots, deleted=True)], deleted_at=moment)
    return source


def _contents(source: DataSource) -> AssetQuerySet:
    """What it brought, and what is filed under its name; of these only what stands at the top need be named."""
    named = Q(type__in=_TOP, qualified_name__startswith=f"{quote_part(source.root)}.")
    return Asset.objects.filter(named | Q(origin=source.pk), organization=source.organization_id)

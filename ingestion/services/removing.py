"""A data source deleted with all that hangs on it."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from accounts.actor import Actor
from accounts.models import Role
from catalog.models import Asset
from catalog.names import quote_part
from catalog.services.trees import delete_all, descendants
from contracts.errors import Invalid
from ingestion.models import DataSource
from ingestion.services.collections import delete_task
from ingestion.services.sources import delete_data_source

_TOP = ("DATABASE", "TOPIC", "BUCKET", "INDEX", "EXCHANGE", "QUEUE", "KEYSPACE")


@transaction.atomic
def delete_with_contents(*, actor: Actor, source: DataSource, recursive: bool = False) -> None:
    """Delete a source; with `recursive` also its tasks and every asset that it brought or that is filed under it.

    Raises Invalid where there are such and `recursive` is not said, Conflict while a task runs, NotFound.
    """
    actor.require(Role.EDITOR)
    named = Q(type__in=_TOP, qualified_name__startswith=f"{quote_part(source.root)}.")
    assets = Asset.objects.filter(named | Q(origin=source.pk), organization=source.organization_id, deleted_at=None)
    tasks = list(source.tasks.all())
    if not recursive and (tasks or assets.exists()):
        raise Invalid(f"'{source.name}' is not empty: delete it with recursive=true", resource="data_source")
    roots = list(assets.values_list("pk", flat=True))
    if roots:
        delete_all(actor=actor, asset_ids=[*descendants(roots), *roots])
    for task in tasks:
        delete_task(actor=actor, task=task)
    delete_data_source(actor=actor, source=source)

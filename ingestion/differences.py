"""What a run changed in the catalog, read from the trail: its events carry the run's id."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Count, F, Q, TextField, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, NullIf

from accounts.actor import Actor
from audit.models import AuditEvent
from audit.querysets import AuditEventQuerySet
from ingestion.models import Job

KINDS = ("appeared", "changed", "renamed", "vanished")
_WAS_STALE = Q(stale_before__isnull=False)
_IS_STALE = Q(stale_after__isnull=False)
_OWN_ACCOUNT = {"id", "version", "updated_at", "created_at", "created_by", "origin", "curated"}
"""Parts of an asset's state that change with every change, or never."""


def _text(path: str) -> NullIf:
    """A value in a state as text. SQLite gives `null` as a word, and Django takes `isnull` of the bare value for
    "there is no such key"."""
    return NullIf(Cast(KT(path), TextField()), Value("null", output_field=TextField()))


def changes_of(actor: Actor, job: Job) -> AuditEventQuerySet:
    """The events of the assets a run changed, in the order of the run; each has a `kind`, one of KINDS.

    An asset that was marked stale or deleted has vanished, one whose stale mark was lifted has appeared.
    """
    events = AuditEvent.objects.visible_to(actor).filter(
        request_id=str(job.pk), organization_id=job.organization_id, entity_type="ASSET"
    )
    return (
        events.annotate(
            stale_before=_text("before_state__stale_since"),
            stale_after=_text("after_state__stale_since"),
            name_before=_text("before_state__qualified_name"),
            name_after=_text("after_state__qualified_name"),
        )
        .annotate(
            kind=Case(
                When(action__in=("CREATE", "RESTORE"), then=Value("appeared")),
                When(action="DELETE", then=Value("vanished")),
                When(_IS_STALE & ~_WAS_STALE, then=Value("vanished")),
                When(_WAS_STALE & ~_IS_STALE, then=Value("appeared")),
                When(~Q(name_before=F("name_after")), then=Value("renamed")),
                default=Value("changed"),
            )
        )
        .order_by("id")
    )


def count_changes(actor: Actor, job: Job) -> dict[str, int]:
    """How many assets of each kind of KINDS a run changed."""
    events = changes_of(actor, job).order_by()
    found = events.values_list("kind").annotate(number=Count("pk"))  # type: ignore[misc]  # the stubs lose `kind`
    return {**dict.fromkeys(KINDS, 0), **dict(found)}


def fields_changed(event: AuditEvent) -> list[str]:
    """Which parts of the asset are otherwise after the event."""
    before: dict[str, Any] = event.before_state or {}
    after: dict[str, Any] = event.after_state or {}
    if not before or not after:
        return []
    return sorted(name for name in after if name not in _OWN_ACCOUNT and before.get(name) != after[name])

"""What is kept for a time only: records of what was done, not what is known.

The trail is never touched, and no asset: what is stale is deleted by a full collection after its grace. Of each
task the last run stays whatever its age, and of each table the last profile. What was deleted can be restored
for ever, unless a setting says for how long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.actor import system_actor
from accounts.models import DeletedRow, Organization, Team
from audit.services import Change, record_many
from catalog.models import Domain, Glossary, GlossaryTerm
from catalog.services.returning import forget_orphans
from ingestion.models import DeliveryStatus, Job, JobStatus, Profile, SourceObject, StreamEvent, WebhookDelivery

AT_ONCE = 2000
"""Rows that one transaction removes."""

_ENDED = [status for status in JobStatus if status.is_final]


def _runs(organization: Organization, before: datetime) -> QuerySet[Any]:
    later = Job.objects.filter(task=OuterRef("task"), status__in=_ENDED, finished_at__gt=OuterRef("finished_at"))
    old = Job.objects.filter(organization=organization, status__in=_ENDED, finished_at__lt=before)
    return old.filter(Q(task=None) | Exists(later))


def _deliveries(organization: Organization, before: datetime) -> QuerySet[Any]:
    ended = WebhookDelivery.objects.exclude(status=DeliveryStatus.PENDING)
    return ended.filter(webhook__organization=organization, created_at__lt=before)


def _profiles(organization: Organization, before: datetime) -> QuerySet[Any]:
    later = Profile.objects.filter(asset=OuterRef("asset"), taken_at__gt=OuterRef("taken_at"))
    return Profile.objects.filter(Exists(later), organization=organization, taken_at__lt=before)


def _events(organization: Organization, before: datetime) -> QuerySet[Any]:
    return StreamEvent.objects.filter(organization=organization, created_at__lt=before)


def _states(organization: Organization, before: datetime) -> QuerySet[Any]:
    return SourceObject.objects.filter(origin__organization=organization, asset__deleted_at__lt=before)


def _deleted(model: Any) -> Callable[[Organization, datetime], QuerySet[Any]]:
    """Those of a model that were deleted and can still be restored."""
    return lambda organization, before: model._base_manager.filter(organization=organization, deleted_at__lt=before)


@dataclass(frozen=True, slots=True)
class Kind:
    """Records of one kind. `setting` says for how many days they are kept; 0 is for ever."""

    setting: str
    entity_type: str
    old: Callable[[Organization, datetime], QuerySet[Any]]


KINDS: Mapping[str, Kind] = {
    "runs": Kind("KEEP_RUNS_DAYS", "JOB", _runs),
    "deliveries": Kind("KEEP_DELIVERIES_DAYS", "WEBHOOK_DELIVERY", _deliveries),
    "profiles": Kind("KEEP_PROFILES_DAYS", "PROFILE", _profiles),
    "events": Kind("KEEP_EVENTS_DAYS", "STREAM_EVENT", _events),
    "states": Kind("KEEP_RUNS_DAYS", "SOURCE_OBJECT", _states),
    "deleted": Kind("KEEP_DELETED_DAYS", "DELETED_ROW", _deleted(DeletedRow)),
    "terms": Kind("KEEP_DELETED_DAYS", "GLOSSARY_TERM", _deleted(GlossaryTerm)),
    "glossaries": Kind("KEEP_DELETED_DAYS", "GLOSSARY", _deleted(Glossary)),
    "domains": Kind("KEEP_DELETED_DAYS", "DOMAIN", _deleted(Domain)),
    "teams": Kind("KEEP_DELETED_DAYS", "TEAM", _deleted(Team)),
}


def prune(*, days: Mapping[str, int] | None = None, dry_run: bool = False, door: str = "command") -> dict[str, int]:
    """Remove what is older than its kind is kept, in every organization; returns how many rows of each kind.

    `days` overrides the settings by kind. A dry run only counts. Each removal is on the trail of its organization.
    """
    now, counts = timezone.now(), dict.fromkeys(KINDS, 0)
    for name, kind in KINDS.items():
        kept = (days or {}).get(name, getattr(settings, kind.setting))
        if kept <= 0:
            continue
        before = now - timedelta(days=kept)
        for organization in Organization.objects.order_by("pk"):
            if dry_run:
                counts[name] += kind.old(organization, before).count()
                continue
            while removed := _remove(kind, organization, before, door):
                counts[name] += removed
    counts["links"] = forget_orphans(dry_run=dry_run)
    counts["sessions"] = _expired_sessions(now, dry_run=dry_run)
    return counts


@transaction.atomic
def _remove(kind: Kind, organization: Organization, before: datetime, door: str) -> int:
    """A part of them, and that they are gone on the trail."""
    old = kind.old(organization, before)
    keys = list(old.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    if not keys:
        return 0
    old.model._default_manager.filter(pk__in=keys).delete()
    state = {"count": len(keys), "older_than": before.isoformat()}
    change = Change("PRUNE", kind.entity_type, organization.pk, organization.slug, state, None)
    record_many(system_actor(organization, name="Retention", door=door), [change], organization_id=organization.pk)
    return len(keys)


def _expired_sessions(now: datetime, *, dry_run: bool) -> int:
    """Sessions of the admin that ended; signing out removes them, closing the browser does not."""
    expired = Session.objects.filter(expire_date__lt=now)
    return int(expired.count() if dry_run else expired.delete()[0])

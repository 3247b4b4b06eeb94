"""The admin's first page: how the catalog stands, what changed, what runs, what wants a curator's hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.admin_entities import entity_icon, entity_url
from accounts.admin_site import seat_of
from audit.models import AuditEvent
from catalog.admin.finding import searching
from catalog.models import Asset, AssetType
from catalog.names import split_name
from catalog.search import Hit, search
from ingestion.models import DataSource, Job, JobStatus, SourceStatus
from registry.models import Entry, EntryKind

CHANGES_SHOWN = 10
EVENTS_READ = 300
COLLECTED = "job"
"""The door of what a background job wrote."""
RUNS_SHOWN = 6
DAYS = 7
LARGE = 20_000
"""A catalog of more assets is counted at most once in COUNTS_KEPT seconds."""
COUNTS_KEPT = 60
ENDED_WELL = (JobStatus.COMPLETED,)
UNDER_WAY = (JobStatus.PENDING, JobStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class TypeCount:
    type: str
    label: str
    total: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many assets there are of each type, and how many lack something."""

    types: list[TypeCount]
    total: int
    undescribed: int
    unowned: int
    stale: int

    def share(self, lacking: int) -> int:
        """Per cent of the assets that do not lack it."""
        return round(100 * (self.total - lacking) / self.total) if self.total else 0

    @property
    def described_share(self) -> int:
        return self.share(self.undescribed)

    @property
    def owned_share(self) -> int:
        return self.share(self.unowned)


@dataclass(frozen=True, slots=True)
class Day:
    """The runs that began on one day; heights are per cent of the busiest day's."""

    date: date
    succeeded: int
    failed: int
    tallest: int

    @property
    def success_height(self) -> int:
        return round(80 * self.succeeded / self.tallest)

    @property
    def failure_height(self) -> int:
        return round(80 * self.failed / self.tallest)


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What `templates/admin/index.html` shows, of the organization one acts in. A constant number of queries."""
    seat = seat_of(request)
    if seat.organization is None:
        return {**context, "no_organization": True, "organization_add": reverse("admin:accounts_organization_add")}
    organization_id, actor = seat.organization.pk, seat.actor
    counts = count_assets(actor, organization_id)
    sources = DataSource.objects.visible_to(actor).filter(organization=organization_id)
    jobs = Job.objects.visible_to(actor).filter(organization=organization_id)
    jobs = jobs.select_related("task__data_source", "pipeline")
    days = count_runs(actor, organization_id)
    return {
        **context,
        "organization": seat.organization,
        "counts": counts,
        "changes": latest_changes(actor, organization_id),
        "source_count": sources.count(),
        "broken_sources": list(sources.filter(status=SourceStatus.ERROR).order_by("name")[:RUNS_SHOWN]),
        "running": list(jobs.filter(status__in=UNDER_WAY).order_by("created_at")[:RUNS_SHOWN]),
        "ended": list(jobs.exclude(status__in=UNDER_WAY).order_by("-created_at")[:RUNS_SHOWN]),
        "days": days,
        "succeeded": sum(day.succeeded for day in days),
        "failed": sum(day.failed for day in days),
    }


def count_assets(actor: Actor, organization_id: UUID) -> Counts:
    key = f"dashboard-counts-{organization_id}"
    kept: Counts | None = cache.get(key)
    if kept is not None:
        return kept
    rows = (
        Asset.objects.visible_to(actor)
        .filter(organization=organization_id)
        .order_by()
        .values("type")
        .annotate(
            total=Count("pk"),
            undescribed=Count("pk", filter=Q(description="")),
            unowned=Count("pk", filter=Q(owner=None, owner_team=None)),
            stale=Count("pk", filter=Q(stale_since__isnull=False)),
        )
    )
    found = sorted(rows, key=lambda row: -row["total"])
    labels = dict(AssetType.choices)
    counts = Counts(
        types=[TypeCount(row["type"], str(labels.get(row["type"], row["type"])), row["total"]) for row in found],
        total=sum(row["total"] for row in found),
        undescribed=sum(row["undescribed"] for row in found),
        unowned=sum(row["unowned"] for row in found),
        stale=sum(row["stale"] for row in found),
    )
    if counts.total > LARGE:
        cache.set(key, counts, COUNTS_KEPT)
    return counts


@dataclass(slots=True)
class Line:
    """One line of the latest changes: an event, or a row of like ones that a collection wrote in one go."""

    event: AuditEvent
    count: int = 1
    is_open: bool = False  # the row goes on beyond what was looked at

    def takes(self, event: AuditEvent) -> bool:
        first = self.event
        return first.door == event.door == COLLECTED and all(
            getattr(first, name) == getattr(event, name) for name in ("user_name", "action", "entity_type")
        )


def latest_changes(actor: Actor, organization_id: UUID) -> list[Line]:
    """The newest events that changed something, what a collection did summed up. Signing in is none. Two queries."""
    events = AuditEvent.objects.visible_to(actor).filter(organization_id=organization_id)
    newest = events.exclude(action__startswith="LOGIN").order_by("-id").defer("before_state", "after_state")
    lines: list[Line] = []
    for event in newest[:EVENTS_READ]:
        if lines and lines[-1].takes(event):
            lines[-1].count += 1
        elif len(lines) == CHANGES_SHOWN:
            break
        else:
            lines.append(Line(event))
    else:
        if lines and sum(line.count for line in lines) == EVENTS_READ:
            lines[-1].is_open = lines[-1].count > 1
    whole = events.in_bulk([line.event.pk for line in lines if line.count == 1])
    for line in lines:
        line.event = whole.get(line.event.pk, line.event)
    return lines


def count_runs(actor: Actor, organization_id: UUID) -> list[Day]:
    """The runs of the last seven days, day by day, those without a run included."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    first = midnight.date()
    rows = (
        Job.objects.visible_to(actor)
        .filter(organization=organization_id, created_at__gte=midnight)
        .order_by()
        .annotate(day=TruncDate("created_at"))
        .values("day")
        .annotate(
            succeeded=Count("pk", filter=Q(status__in=ENDED_WELL)),
            failed=Count("pk", filter=Q(status=JobStatus.FAILED)),
        )
    )
    by_day = {row["day"]: (row["succeeded"], row["failed"]) for row in rows}
    tallest = max([1, *(sum(pair) for pair in by_day.values())])
    days = [first + timedelta(days=number) for number in range(DAYS)]
    return [Day(day, *by_day.get(day, (0, 0)), tallest) for day in days]


def quick_search(request: HttpRequest, term: str) -> list[dict[str, str]]:
    """What Ctrl-K finds in the catalog: the best hits of its own search, with a link each."""
    actor = searching(request)
    page = search(actor=actor, query=term, limit=10)
    return [
        {
            "title": hit.name,
            "description": _what_it_is(hit),
            "link": url,
            "icon": entity_icon(hit.kind.upper()),
        }
        for hit in _with_a_page(actor, page.hits)
        if (url := entity_url(hit.kind.upper(), hit.id))
    ]


def _with_a_page(actor: Actor, hits: list[Hit]) -> list[Hit]:
    """Without what others publish: it is found by everybody, and its page in the admin is theirs."""
    published = [hit.id for hit in hits if hit.kind in EntryKind.values]
    if not published:
        return hits
    ours = set(Entry.objects.of_tenants(actor).filter(pk__in=published).values_list("pk", flat=True))
    return [hit for hit in hits if hit.kind not in EntryKind.values or hit.id in ours]


def _what_it_is(hit: Hit) -> str:
    """Its kind, its whole name, and in brackets what it is more exactly; of an asset the kind is its type."""
    kind, name, more = hit.kind, hit.path, hit.type
    if kind == "asset":
        kind, more = hit.type, ""
    elif kind == "component":  # its path begins with its type, which is nothing where it has no package URL
        name = name.removeprefix(f"{hit.type}/").lstrip("/")
    elif kind == "release":
        name = f"of {split_name(hit.path)[1]}"
    words = f"{kind.replace('_', ' ').capitalize()} {name}"
    return f"{words} ({more.replace('_', ' ').lower()})" if more else words

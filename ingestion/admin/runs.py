"""Runs: every background job, watched live while it works, with its result or its error in full."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.actor import Actor
from accounts.admin_base import TenantAdmin, posted
from accounts.admin_lists import DropdownFilter, VisibleFilter
from accounts.models import Role
from accounts.templatetags.cartulary import ago, seconds, thousands
from catalog.admin.tabs import asset_tab
from catalog.models import Asset, AssetType
from ingestion.differences import changes_of, count_changes
from ingestion.models import DataSource, Job, JobLog, JobStatus, JobType
from ingestion.services import jobs

CHANGES_SHOWN = 50
RUNS_SHOWN = 50
COUNTED = ("created", "updated", "renamed", "unchanged", "stale", "removed", "deleted", "failed")
"""What a result counts, in the order people want to read it."""


class StatusFilter(DropdownFilter):
    title = "status"
    parameter_name = "status"
    options = JobStatus.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset.filter(status=self.value()) if self.value() else queryset


class JobTypeFilter(DropdownFilter):
    title = "kind"
    parameter_name = "type"
    options = JobType.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset.filter(type=self.value()) if self.value() else queryset


class RunSourceFilter(VisibleFilter):
    title = "data source"
    parameter_name = "task__data_source"
    model = DataSource


def status_badge(status: str) -> SafeString:
    return render_to_string("cartulary/run_status.html", {"status": status})


def counts_of(result: Any) -> list[tuple[str, int]]:
    """The counts of a result, best known first, others after; whatever is no number is left to the details."""
    if not isinstance(result, dict):
        return []
    numbers = {key: value for key, value in result.items() if isinstance(value, int) and not isinstance(value, bool)}
    known = [key for key in COUNTED if key in numbers]
    return [(key.replace("_", " "), numbers[key]) for key in [*known, *(key for key in numbers if key not in COUNTED)]]


def warnings_of(result: Any) -> list[str]:
    """What a run could not do although it ended well."""
    told = result.get("warnings") if isinstance(result, dict) else None
    if not isinstance(told, list):
        return []
    return [_warning(one) for one in told]


def _warning(one: Any) -> str:
    if not isinstance(one, dict):
        return str(one)
    name, message = one.get("name") or one.get("object") or "", one.get("message") or ""
    return f"{name}: {message}" if name and message else str(message or name or one)


@admin.register(Job)
class JobAdmin(TenantAdmin[Job]):
    may_add = may_change = may_delete = False
    change_form_template = "cartulary/run.html"
    list_display = ("what", "state", "began", "took", "outcome", "author")
    list_filter = (StatusFilter, JobTypeFilter, RunSourceFilter)
    list_filter_submit = True
    list_filter_sheet = False
    list_select_related = ("task__data_source", "pipeline", "organization")
    ordering = ("-created_at", "-id")
    sortable_by = ()
    search_fields = ("task__name", "task__data_source__name", "pipeline__name")
    search_help_text = "A task, a data source or a pipeline"
    actions = ("cancel_selected",)

    def visible_to(self, actor: Actor) -> QuerySet[Job]:
        return Job.objects.visible_to(actor)

    def has_cancel_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.actor(request).may(Role.EDITOR)

    def object_views(self) -> Any:
        return {"progress": self.progress, "cancel": posted(self.cancel)}

    def progress(self, request: HttpRequest, job: Job) -> JsonResponse:
        """How a run stands now, in the shape of the socket's event: for pages whose socket does not open."""
        return JsonResponse(jobs.event_of(job), headers={"Cache-Control": "no-store"})

    def cancel(self, request: HttpRequest, job: Job) -> HttpResponse:
        jobs.cancel(actor=self.actor(request, job), job=job)
        messages.success(request, "The run is being cancelled: it ends at its next step.")
        return HttpResponseRedirect(self.url("change", job.pk))

    @admin.action(description="Cancel selected runs", permissions=["cancel"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        self.each(request, queryset, lambda job: jobs.cancel(actor=self.actor(request, job), job=job), "cancelled")

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        job = self.get_object(request, object_id) if object_id else None
        context = dict(extra_context or {})
        if job is not None:
            context |= {
                "job": job,
                "title": job.title,
                "counts": counts_of(job.result),
                "warnings": warnings_of(job.result),
                "waited": ((job.started_at or timezone.now()) - job.created_at).total_seconds(),
                "log": JobLog.objects.filter(job=job.pk).first(),
                **_changes(self.actor(request), job),
                "may_cancel": job.external_id is None
                and not JobStatus(job.status).is_final
                and self.has_cancel_permission(request),
            }
        return super().changeform_view(request, object_id, form_url, context)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Job | None:
        found: Job | None = super().get_object(request, object_id, from_field)
        return found

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).select_related("task__data_source", "pipeline")

    @admin.display(description="Run")
    def what(self, job: Job) -> str:
        return job.title

    @admin.display(description="Status")
    def state(self, job: Job) -> SafeString:
        if job.status == JobStatus.RUNNING:
            return format_html("{} <span class='c-muted c-small'>{} %</span>", status_badge(job.status), job.progress)
        return status_badge(job.status)

    @admin.display(description="Began")
    def began(self, job: Job) -> SafeString | str:
        return ago(job.started_at or job.created_at)

    @admin.display(description="Took")
    def took(self, job: Job) -> str:
        return seconds(job.duration)

    @admin.display(description="Outcome")
    def outcome(self, job: Job) -> SafeString | str:
        if job.error:
            return format_html('<span style="color: var(--bad)">{}</span>', str(job.error.get("message", ""))[:120])
        return ", ".join(f"{thousands(count)} {name}" for name, count in counts_of(job.result)[:4] if count) or "-"


def _changes(actor: Actor, job: Job) -> dict[str, Any]:
    """What a run changed in the catalog: how many of each kind, and the first of them. Nothing while it works."""
    if not JobStatus(job.status).is_final:
        return {}
    kinds = {kind: number for kind, number in count_changes(actor, job).items() if number}
    changed = list(changes_of(actor, job)[:CHANGES_SHOWN]) if kinds else []
    return {"kinds": kinds, "changed": changed, "changes_left": sum(kinds.values()) - len(changed)}


@asset_tab(name="runs", label="Runs", template="cartulary/asset_runs.html")
def runs_of(actor: Actor, asset: Asset) -> dict[str, Any] | None:
    """A pipeline's last runs, the newest first."""
    if asset.type != AssetType.PIPELINE:
        return None
    runs = Job.objects.visible_to(actor).filter(pipeline=asset.pk).order_by("-created_at", "-id")
    return {"runs": list(runs[:RUNS_SHOWN])}


def run_url(job: Job) -> str:
    """The page on which a run is watched."""
    return reverse("admin:ingestion_job_change", args=[job.pk])

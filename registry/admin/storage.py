"""What the registry keeps account of: the totals of an organization, and whether the stored files are whole."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import path
from django.utils.safestring import SafeString
from kombu.exceptions import OperationalError

from accounts.actor import Actor
from accounts.admin_base import TenantAdmin, badge
from accounts.templatetags.cartulary import ago
from registry.admin.charts import downloads_chart
from registry.models import Entry, FileCheck, Statistics, Version
from registry.services.integrity import spoken_of
from registry.tasks import verify

SHOWN = 10


@admin.register(Statistics)
class PublisherAdmin(TenantAdmin[Statistics]):
    """An organization as a publisher: its totals, its downloads, what is fetched most and what is new."""

    may_add = may_change = may_delete = False
    change_form_template = "registry/publisher.html"
    list_display = ("organization", "sources", "tools", "versions", "downloads", "size_")
    list_select_related = ("organization",)
    ordering = ("organization__slug",)
    fields: ClassVar[Any] = ()
    actions = None

    def visible_to(self, actor: Actor) -> QuerySet[Statistics]:
        own = Statistics.objects.select_related("organization")
        return own if actor.sees_all else own.filter(organization__in=actor.organizations)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        found = self.get_object(request, object_id) if object_id else None
        context = dict(extra_context or {})
        if found is not None:
            living = Entry.objects.filter(organization=found.organization_id, deleted_at=None)
            versions = Version.objects.filter(entry__organization=found.organization_id, deleted_at=None)
            context |= {
                "totals": found,
                "chart": downloads_chart(Q(version__entry__organization=found.organization_id)),
                "fetched": living.filter(downloads__gt=0).order_by("-downloads")[:SHOWN],
                "newest": versions.select_related("entry").order_by("-id")[:SHOWN],
            }
        return super().changeform_view(request, object_id, form_url, context)

    @admin.display(description="Size", ordering="size")
    def size_(self, found: Statistics) -> str:
        return filesizeformat(found.size)


@admin.register(FileCheck)
class FileCheckAdmin(TenantAdmin[FileCheck]):
    """For superusers: the stored files belong to all organizations together."""

    may_add = may_change = may_delete = False
    change_list_template = "registry/file_checks.html"
    change_form_template = "registry/file_check.html"
    list_display = ("started", "outcome", "checked", "bytes_", "unused_")
    ordering = ("-started_at",)
    fields: ClassVar[Any] = ()
    actions = None

    def visible_to(self, actor: Actor) -> QuerySet[FileCheck]:
        return FileCheck.objects.all() if actor.sees_all else FileCheck.objects.none()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.actor(request).sees_all

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.actor(request).sees_all

    def get_urls(self) -> list[Any]:
        start = self.admin_site.admin_view(self.start)
        return [path("start/", start, name="registry_filecheck_start"), *super().get_urls()]

    def start(self, request: HttpRequest) -> HttpResponse:
        """Have a worker read all files now."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            messages.error(request, "Only a superuser checks the stored files.")
            return HttpResponseRedirect("/admin/")
        try:
            verify.delay()
        except OperationalError:
            messages.error(request, "No worker can be reached now; run `manage.py verify_files` instead.")
        else:
            messages.success(request, "The stored files are being read; the result will stand here.")
        return HttpResponseRedirect(self.url("changelist"))

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        check = self.get_object(request, object_id) if object_id else None
        context = dict(extra_context or {})
        if check is not None:
            bad = [*check.missing, *check.damaged]
            uses = spoken_of(entry["sha256"] for entry in bad)
            context |= {
                "check": check,
                "findings": [{**entry, "uses": uses[entry["sha256"]]} for entry in bad],
            }
        return super().changeform_view(request, object_id, form_url, context)

    @admin.display(description="Started", ordering="started_at")
    def started(self, check: FileCheck) -> SafeString | str:
        return ago(check.started_at)

    @admin.display(description="Outcome")
    def outcome(self, check: FileCheck) -> SafeString:
        if check.finished_at is None:
            return badge("not finished", "warning")
        bad = len(check.missing) + len(check.damaged)
        return badge(f"{bad} missing or damaged", "danger") if bad else badge("all whole", "success")

    @admin.display(description="Read", ordering="bytes")
    def bytes_(self, check: FileCheck) -> str:
        return filesizeformat(check.bytes)

    @admin.display(description="Unused")
    def unused_(self, check: FileCheck) -> int:
        return len(check.unused)

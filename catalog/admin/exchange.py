"""Assets in from a file, after a look at what would happen, and out to one."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from unfold.widgets import UnfoldAdminFileFieldWidget

from accounts.admin_base import BULK_ROWS, TenantAdmin
from accounts.admin_difference import changed_fields
from catalog.files import text_of
from catalog.models import Asset
from catalog.services.bulk import upsert_rows
from catalog.services.drafts import RowError
from catalog.services.exchange import Plan, export_rows, plan_import, read_file
from contracts.errors import DomainError

FILE_BYTES = 32 * 1024 * 1024
KEPT_SECONDS = 1800
"""How long a file that was looked at is kept for its import."""
ERRORS_SHOWN = 100


class FileForm(forms.Form):
    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.json,.ndjson"}),
        help_text="csv, json or ndjson, in UTF-8, with the columns of an export; what is not in it is left as it is.",
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > FILE_BYTES:
            raise forms.ValidationError(f"At most {FILE_BYTES // 1024**2} MB; a task imports larger files.")
        return file


class Exchange(TenantAdmin[Asset]):
    """The import page, and the actions that export."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.import_file)
        return [path("import/", view, name="catalog_asset_import"), *super().get_urls()]

    def import_file(self, request: HttpRequest) -> HttpResponse:
        """A file is looked at first; with the key that this gave, it is imported."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "Import assets",
            "opts": self.opts,
            "form": FileForm(),
        }
        try:
            if key := request.POST.get("key"):
                return self._import(request, key)
            if request.method == "POST":
                context |= self._look(request)
        except DomainError as error:
            messages.error(request, error.message)
        return TemplateResponse(request, "cartulary/import.html", context)

    def _look(self, request: HttpRequest) -> dict[str, Any]:
        form = FileForm(request.POST, request.FILES)
        if not form.is_valid():
            return {"form": form}
        file = form.cleaned_data["file"]
        kind, content = str(file.name).rpartition(".")[2].lower(), file.read()
        plan = plan_import(actor=self.actor(request), rows=read_file(content, kind))
        key = uuid4().hex
        cache.set(self._place(request, key), (kind, content), KEPT_SECONDS)
        return {"key": key, "file_name": file.name, "plan": plan, **_told(plan)}

    def _import(self, request: HttpRequest, key: str) -> HttpResponse:
        place = self._place(request, key)
        kept = cache.get(place)
        if kept is None:
            messages.error(request, "The file is no longer kept: choose it once more.")
            return HttpResponseRedirect(request.path)
        kind, content = kept
        result = upsert_rows(actor=self.actor(request), rows=read_file(content, kind))
        cache.delete(place)
        words = f"{result.created:,} made, {result.updated:,} changed, {result.unchanged:,} as they were"
        messages.success(request, f"Imported: {words}.")
        if result.errors:
            messages.warning(request, f"{len(result.errors):,} rows were left out.")
        return HttpResponseRedirect(self.url("changelist"))

    def _place(self, request: HttpRequest, key: str) -> str:
        """Where a file is kept: only for who sent it, in the organization that it was sent to."""
        return f"import:{request.user.pk}:{self.actor(request).organization_id}:{key[:32]}"

    @admin.action(description="Export as CSV", permissions=["view"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Asset]) -> Any:
        return self._export(request, queryset, "csv", "text/csv")

    @admin.action(description="Export as JSON", permissions=["view"])
    def export_json(self, request: HttpRequest, queryset: QuerySet[Asset]) -> Any:
        return self._export(request, queryset, "json", "application/json")

    def _export(self, request: HttpRequest, queryset: QuerySet[Asset], kind: str, content_type: str) -> Any:
        keys = list(queryset.order_by("qualified_name").values_list("pk", flat=True)[: BULK_ROWS + 1])
        if len(keys) > BULK_ROWS:
            messages.error(request, f"At most {BULK_ROWS:,} assets at once: narrow the list down first.")
            return None
        response = StreamingHttpResponse(list(text_of(export_rows(keys), kind)), content_type=content_type)
        response["Content-Disposition"] = f'attachment; filename="assets.{kind}"'
        return response


def _told(plan: Plan) -> dict[str, Any]:
    """The plan in words: each change with the fields that it changes, each error with its row, from 1."""
    return {
        "changes": [
            (change.name, ", ".join(sorted(changed_fields(change.before, change.after))) if change.before else "new")
            for change in plan.changes
        ],
        "more_changes": plan.result.created + plan.result.updated - len(plan.changes),
        "errors": [
            (error.index + 1, error.qualified_name, _words(error)) for error in plan.result.errors[:ERRORS_SHOWN]
        ],
        "more_errors": len(plan.result.errors) - ERRORS_SHOWN,
    }


def _words(error: RowError) -> str:
    first = error.details.get("first_index")
    return error.message if first is None else f"{error.message} (row {first + 1})"

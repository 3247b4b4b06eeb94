"""Data sources: connected with a form of their own kind, tested and run with one click."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.html import conditional_escape, format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from accounts.actor import Actor
from accounts.admin_base import DomainForm, TenantAdmin, badge, posted
from accounts.admin_lists import DropdownFilter
from accounts.models import Role
from accounts.templatetags.cartulary import ago
from contracts.errors import DomainError, Forbidden
from ingestion.admin.charts import RUNS_DRAWN, duration_chart
from ingestion.admin.runs import run_url, status_badge
from ingestion.admin.schema_forms import fields_of, settings_from, told
from ingestion.connectors.base import Connector
from ingestion.connectors.registry import connector_types, get_connector
from ingestion.models import DataSource, Job, SourceStatus, Template
from ingestion.services.collections import collect_now
from ingestion.services.sources import (
    create_data_source,
    delete_data_source,
    test_connection,
    update_data_source,
)

STATUS_KINDS = {SourceStatus.ACTIVE: "success", SourceStatus.INACTIVE: "", SourceStatus.ERROR: "danger"}
ICONS = {
    "kafka": "stream",
    "rabbitmq": "stream",
    "minio": "folder_zip",
    "redis": "bolt",
    "elasticsearch": "manage_search",
    "mongodb": "data_object",
    "sqlite": "description",
}


class SourceForm(DomainForm):
    """What all sources share; the fields of the settings are added for the kind at hand."""

    is_active = forms.BooleanField(
        required=False, initial=True, label="Collect from it", widget=UnfoldBooleanSwitchWidget()
    )
    labels = forms.CharField(required=False, help_text="Separated by commas.", widget=UnfoldAdminTextInputWidget())

    class Meta:
        model = DataSource
        fields = ("name", "description")
        widgets: ClassVar[dict[str, Any]] = {"description": UnfoldAdminTextareaWidget(attrs={"rows": 2})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial["is_active"] = self.instance.status != SourceStatus.INACTIVE
            self.initial["labels"] = ", ".join(self.instance.tags)

    def clean_labels(self) -> list[str]:
        return list(dict.fromkeys(one.strip() for one in self.cleaned_data["labels"].split(",") if one.strip()))


class SourceStatusFilter(DropdownFilter):
    title = "status"
    parameter_name = "status"
    options = SourceStatus.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[DataSource]) -> QuerySet[DataSource]:
        return queryset.filter(status=self.value()) if self.value() else queryset


class SourceTypeFilter(DropdownFilter):
    """Of data sources, and of templates."""

    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, get_connector(name).title) for name in connector_types()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(type=self.value()) if self.value() else queryset


def connector_of(source_type: str) -> Connector | None:
    """The connector of a type, None where it is not installed (any more)."""
    return get_connector(source_type) if source_type in connector_types() else None


def type_title(source_type: str) -> str:
    connector = connector_of(source_type)
    return connector.title if connector else source_type


@admin.register(DataSource)
class DataSourceAdmin(TenantAdmin[DataSource]):
    form = SourceForm
    secret_fields = ("secrets",)
    change_form_template = "cartulary/source.html"
    list_display = ("name", "kind", "state", "tested", "last_run", "one_click")
    list_filter = (SourceStatusFilter, SourceTypeFilter)
    list_select_related = ("organization",)
    ordering = ("name",)
    sortable_by = ("name",)
    search_fields = ("name", "description")
    actions = ("test_selected", "delete_selected")
    reader_fieldsets = ((None, {"fields": ("name", "description", "labels", "settings")}),)
    readonly_fields = ("labels", "settings")

    def visible_to(self, actor: Actor) -> QuerySet[DataSource]:
        """Annotated with its latest run."""
        runs = Job.objects.filter(task__data_source=OuterRef("pk")).order_by("-created_at")
        latest = {f"run_{name}": Subquery(runs.values(name)[:1]) for name in ("pk", "status", "created_at")}
        return DataSource.objects.visible_to(actor).annotate(**latest)

    # The form ------------------------------------------------------------------------------------

    def _type(self, request: HttpRequest, obj: DataSource | None) -> str:
        return obj.type if obj else request.GET.get("type", "")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        """First the kind, from a gallery; then its form."""
        if not self.has_add_permission(request) or self._type(request, None) in connector_types():
            return super().add_view(request, form_url, extra_context)
        context = {
            **self.admin_site.each_context(request),
            "title": "Connect a data source",
            "opts": self.opts,
            "templates": list(Template.objects.visible_to(self.actor(request)).order_by("name")[:50]),
            "kinds": [(name, get_connector(name).title, ICONS.get(name, "database")) for name in connector_types()],
        }
        return TemplateResponse(request, "cartulary/source_kinds.html", context)

    def _settings(self, request: HttpRequest, obj: DataSource | None) -> dict[str, forms.Field]:
        """The fields of the settings: filled with what is stored, or with what a chosen template says."""
        connector = connector_of(self._type(request, obj))
        template = _template_of(self.actor(request), request.GET.get("template", "")) if obj is None else None
        known = obj.config if obj else template.config_template if template else {}
        return fields_of(connector.schema_of(known), known) if connector else {}

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        own = self._settings(request, obj)
        kwargs["form"] = type("SourceFormOfKind", (SourceForm,), dict(own))
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return self.reader_fieldsets
        own = list(self._settings(request, obj))
        head = ["name", "description", "labels", "is_active"] if obj else ["name", "description", "labels"]
        return [(None, {"fields": head}), *([("Connection", {"fields": own})] if own else [])]

    def create(self, actor: Actor, form: Any) -> DataSource:
        data = form.cleaned_data
        source_type = form.source_type
        return create_data_source(
            actor=actor,
            data={
                "type": source_type,
                "name": data["name"],
                "description": data["description"],
                "tags": data["labels"],
                "config": settings_from(get_connector(source_type).config_schema, data, {}),
            },
        )

    def update(self, actor: Actor, obj: DataSource, form: Any) -> DataSource:
        data, changes = form.cleaned_data, {}
        for field, key in (("name", "name"), ("description", "description"), ("labels", "tags")):
            if field in form.changed_data:
                changes[key] = data[field]
        if "is_active" in form.changed_data:
            changes["status"] = SourceStatus.ACTIVE if data["is_active"] else SourceStatus.INACTIVE
        connector = connector_of(obj.type)
        if connector and (settings := settings_from(connector.schema_of(obj.config), data, obj.config)):
            changes["config"] = settings
        return update_data_source(actor=actor, source=obj, changes=changes)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        form.source_type = self._type(request, obj if change else None)
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: DataSource, post_url_continue: Any = None) -> HttpResponse:
        """To its page, where the next steps are: test it, run it."""
        messages.success(request, f"“{obj.name}” is connected. Test the connection, then run it.")
        return HttpResponseRedirect(self.url("change", obj.pk))

    def remove(self, actor: Actor, obj: DataSource) -> None:
        delete_data_source(actor=actor, source=obj)

    # One click -----------------------------------------------------------------------------------

    def object_views(self) -> Any:
        return {"test": posted(self.test), "run": posted(self.run)}

    def test(self, request: HttpRequest, source: DataSource) -> HttpResponse:
        """Try the connection; the answer is shown where the button was pressed."""
        wants_json = "application/json" in request.headers.get("Accept", "")
        try:
            result = test_connection(actor=self.actor(request, source), source=source)
        except DomainError as error:
            if not wants_json:
                raise
            return JsonResponse({"success": False, "message": error.message})
        if wants_json:
            answer = {
                "success": result.success,
                "message": result.message,
                "latency_ms": result.latency_ms,
                "server": result.server_info,
                "version": result.version,
                "shown": {name: conditional_escape(value) for name, value in _facts(source).items()},
            }
            return JsonResponse(answer)
        tell = messages.success if result.success else messages.error
        tell(request, f"{source.name}: {result.message or result.server_info} ({result.latency_ms} ms)")
        came_from = request.headers.get("Referer", "")
        is_ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure())
        return HttpResponseRedirect(came_from if is_ours else self.url("change", source.pk))

    def run(self, request: HttpRequest, source: DataSource) -> HttpResponse:
        """Queue a full collection and go and watch it."""
        job = collect_now(actor=self.actor(request, source), source=source)
        return HttpResponseRedirect(run_url(job))

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        source = self.get_object(request, object_id) if object_id else None
        context = dict(extra_context or {})
        if source is not None:
            found = Job.objects.filter(task__data_source=source).select_related("task").order_by("-created_at")
            runs = list(found[:RUNS_DRAWN])
            context |= {
                "source": source,
                "title": source.name,
                "kind": type_title(source.type),
                "facts": _facts(source),
                "runs": runs[:8],
                "chart": duration_chart(runs),
                "tasks": list(source.tasks.order_by("name")[:20]),
                "may_run": self.actor(request).may(Role.EDITOR),
            }
        elif self._type(request, None):
            context["title"] = f"Connect {type_title(self._type(request, None))}"
        return super().changeform_view(request, object_id, form_url, context)

    # The list ------------------------------------------------------------------------------------

    @admin.action(description="Test the connections of selected data sources", permissions=["change"])
    def test_selected(self, request: HttpRequest, queryset: QuerySet[DataSource]) -> None:
        self.each(request, queryset, lambda one: self._must_answer(request, one), "answered")

    def _must_answer(self, request: HttpRequest, source: DataSource) -> None:
        result = test_connection(actor=self.actor(request, source), source=source)
        if not result.success:
            raise Forbidden(result.message)

    @admin.display(description="Labels")
    def labels(self, source: DataSource) -> str:
        return ", ".join(source.tags) or "-"

    @admin.display(description="Connection")
    def settings(self, source: DataSource) -> SafeString | str:
        connector = connector_of(source.type)
        return told(connector.config_schema if connector else {}, source.config)

    @admin.display(description="Type", ordering="type")
    def kind(self, source: DataSource) -> str:
        return type_title(source.type)

    @admin.display(description="Status")
    def state(self, source: DataSource) -> SafeString:
        kind = STATUS_KINDS.get(SourceStatus(source.status), "")
        return badge(source.get_status_display().lower(), kind, title=source.status_message)

    @admin.display(description="Tested")
    def tested(self, source: DataSource) -> SafeString | str:
        return ago(source.tested_at) if source.tested_at else "never"

    @admin.display(description="Last run")
    def last_run(self, source: Any) -> SafeString | str:
        if source.run_pk is None:
            return "never"
        url = run_url(Job(pk=source.run_pk))
        when = ago(source.run_created_at)
        return format_html('<a class="c-link" href="{}">{}</a> {}', url, when, status_badge(source.run_status))

    @admin.display(description="Actions")
    def one_click(self, source: DataSource) -> SafeString:
        return render_to_string("cartulary/source_buttons.html", {"source": source})


def _facts(source: DataSource) -> dict[str, SafeString | str]:
    """What a test changes on the page of a source, by the place it stands in (`data-source-…`)."""
    return {
        "status": badge(source.get_status_display(), STATUS_KINDS.get(SourceStatus(source.status), "")),
        "version": source.server_version or "not known yet",
        "tested": ago(source.tested_at),
    }


def _template_of(actor: Actor, template_id: str) -> Template | None:
    try:
        return Template.objects.visible_to(actor).filter(pk=UUID(template_id)).first()
    except ValueError:
        return None

"""Templates: settings that many data sources share, without their secrets."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.actor import Actor
from accounts.admin_base import DomainForm, TenantAdmin
from ingestion.admin.schema_forms import fields_of, settings_from, told
from ingestion.admin.sources import ICONS, SourceTypeFilter, connector_of, type_title
from ingestion.connectors.registry import connector_types, get_connector
from ingestion.models import Template
from ingestion.services.templates import create_template, delete_template, update_template


class TemplateForm(DomainForm):
    class Meta:
        model = Template
        fields = ("name", "description")
        widgets: ClassVar[dict[str, Any]] = {"description": UnfoldAdminTextareaWidget(attrs={"rows": 2})}


def open_schema(source_type: str) -> dict[str, Any]:
    """The connector's schema as a template fills it: no secrets, and nothing is required yet."""
    connector = connector_of(source_type)
    properties = connector.config_schema.get("properties", {}) if connector else {}
    return {"properties": {name: rule for name, rule in properties.items() if not rule.get("writeOnly")}}


@admin.register(Template)
class TemplateAdmin(TenantAdmin[Template]):
    form = TemplateForm
    change_form_template = "cartulary/template.html"
    list_display = ("name", "kind", "description", "apply")
    list_select_related = ("organization",)
    ordering = ("name",)
    search_fields = ("name", "description")
    reader_fieldsets = ((None, {"fields": ("name", "kind", "description", "settings")}),)
    readonly_fields = ("kind", "settings")
    list_filter = (SourceTypeFilter,)

    def visible_to(self, actor: Actor) -> QuerySet[Template]:
        return Template.objects.visible_to(actor)

    def _type(self, request: HttpRequest, obj: Template | None) -> str:
        return obj.type if obj else request.GET.get("type", "")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        if not self.has_add_permission(request) or self._type(request, None) in connector_types():
            return super().add_view(request, form_url, extra_context)
        context = {
            **self.admin_site.each_context(request),
            "title": "A template for which kind of source?",
            "opts": self.opts,
            "kinds": [(name, get_connector(name).title, ICONS.get(name, "database")) for name in connector_types()],
        }
        return TemplateResponse(request, "cartulary/source_kinds.html", context)

    def _settings(self, request: HttpRequest, obj: Template | None) -> dict[str, Any]:
        return fields_of(open_schema(self._type(request, obj)), obj.config_template if obj else {})

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = type("TemplateFormOfKind", (TemplateForm,), dict(self._settings(request, obj)))
        form = super().get_form(request, obj, change=change, **kwargs)
        form.source_type = self._type(request, obj)
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return self.reader_fieldsets
        own = list(self._settings(request, obj))
        return [(None, {"fields": ["name", "description"]}), ("Connection", {"fields": own})]

    def create(self, actor: Actor, form: Any) -> Template:
        data = form.cleaned_data
        settings = settings_from(open_schema(form.source_type), data, {})
        return create_template(
            actor=actor,
            data={
                "name": data["name"],
                "type": form.source_type,
                "description": data["description"],
                "config_template": settings,
            },
        )

    def update(self, actor: Actor, obj: Template, form: Any) -> Template:
        data, changes = form.cleaned_data, {name: form.cleaned_data[name] for name in ("name", "description")}
        if settings := settings_from(open_schema(obj.type), data, obj.config_template):
            changes["config_template"] = settings
        return update_template(actor=actor, template=obj, changes=changes)

    def remove(self, actor: Actor, obj: Template) -> None:
        delete_template(actor=actor, template=obj)

    @admin.display(description="Type", ordering="type")
    def kind(self, template: Template) -> str:
        return type_title(template.type)

    @admin.display(description="Connection")
    def settings(self, template: Template) -> SafeString | str:
        return told(open_schema(template.type), template.config_template)

    @admin.display(description="Actions")
    def apply(self, template: Template) -> SafeString:
        url = reverse("admin:ingestion_datasource_add")
        return format_html(
            '<a class="c-link" href="{}?type={}&amp;template={}">Connect a source</a>', url, template.type, template.pk
        )

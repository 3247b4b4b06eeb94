"""Sources and tools: publishing, versions with their files, downloads, dependencies, yanking."""

from __future__ import annotations

import json
from typing import Any, ClassVar, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget, UnfoldAdminURLInputWidget

from accounts.actor import Actor
from accounts.admin_base import DomainForm, TenantAdmin, posted
from accounts.admin_lists import DropdownFilter, TextFilter
from accounts.admin_site import actor_of
from accounts.models import Organization, Role
from accounts.templatetags.cartulary import ago
from catalog.asking import uuid_of
from catalog.search import search
from contracts.errors import BadRequest, DomainError, Invalid, NotFound
from registry.admin.charts import downloads_chart
from registry.entry_types import SOURCE_TYPES, TOOL_TYPES
from registry.models import Dependency, Entry, EntryKind, Source, Tool, Version
from registry.receiving import ContentUploadHandler
from registry.services.describing import update_entry
from registry.services.publication import FileDraft, Publication
from registry.services.publishing import publish
from registry.services.withdrawing import delete_entry, delete_version, unyank, yank

HITS = 500
VERSIONS = 100
"""Versions that a page lists."""
BRANCHES = 200
"""Dependencies that one level of the tree shows."""
PLAIN_FIELDS = ("name", "description", "external_id", "license", "homepage_url", "repository_url", "metadata")
PUBLISH_FIELDS = (
    "slug", "version", "type", "name", "description", "external_version", "release_date", "license", "notes",
)  # fmt: skip


class Indented(json.JSONEncoder):
    """JSON as people read it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "indent": 2, "ensure_ascii": False})

    def encode(self, o: Any) -> str:
        # Half of a surrogate pair, which somebody may have sent, is no Unicode: shown as it was escaped.
        return super().encode(o).encode(errors="backslashreplace").decode()


class EntryForm(DomainForm):
    """What is said of an entry; `tag_words` are its tags, with commas between."""

    tag_words = forms.CharField(
        label="Tags", required=False, widget=UnfoldAdminTextInputWidget, help_text="Words with commas between."
    )

    homepage_url = forms.URLField(
        label="Homepage", assume_scheme="https", required=False, widget=UnfoldAdminURLInputWidget
    )
    repository_url = forms.URLField(
        label="Repository", assume_scheme="https", required=False, widget=UnfoldAdminURLInputWidget
    )
    metadata = forms.JSONField(
        required=False,
        encoder=Indented,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 10, "class": "c-mono"}),
        help_text="What is particular to its type.",
    )

    class Meta:
        model = Entry
        fields = PLAIN_FIELDS
        widgets: ClassVar[dict[str, Any]] = {"description": UnfoldAdminTextareaWidget(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("tag_words", ", ".join(self.instance.tags or []))

    def said(self) -> dict[str, Any]:
        data = {name: self.cleaned_data[name] for name in PLAIN_FIELDS if name in self.cleaned_data}
        data["metadata"] = data["metadata"] or {}
        if "tag_words" not in self.changed_data:  # a tag may have a comma in it
            return data
        words = self.cleaned_data.get("tag_words", "")
        return {**data, "tags": [word.strip() for word in words.split(",") if word.strip()]}


class OrganismFilter(TextFilter):
    title = "organism"
    parameter_name = "organism"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.of_organism(value) if value else queryset  # type: ignore[attr-defined]


class VersionStateFilter(DropdownFilter):
    title = "yanked versions"
    parameter_name = "yanked"
    options = (("some", "Some are yanked"),)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() != "some":
            return queryset
        return queryset.filter(pk__in=Version.objects.filter(yanked_at__isnull=False).values("entry"))


class EntryAdmin(TenantAdmin[Any]):
    """What sources and tools share."""

    kind: ClassVar[EntryKind]
    form = EntryForm
    change_form_template = "registry/entry.html"
    list_display: Any = (
        "name",
        "slug",
        "type",
        "organism",
        "latest_version",
        "size_",
        "downloads",
        "changed",
    )
    list_filter: ClassVar[Any] = ("type", OrganismFilter, VersionStateFilter)
    list_filter_submit = True
    list_select_related = ("organization", "organism")
    ordering = ("slug_key",)
    search_fields = ("name",)
    fields = (
        "name",
        "description",
        "tag_words",
        "external_id",
        "license",
        "homepage_url",
        "repository_url",
        "metadata",
    )

    def visible_to(self, actor: Actor) -> QuerySet[Any]:
        """The curator's own: those of others are read through the API."""
        own: Any = self.model._default_manager.all()
        return cast(QuerySet[Any], own.of_tenants(actor).filter(deleted_at=None))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.actor(request).may(Role.ADMIN)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """With the catalog's own search."""
        if not search_term.strip():
            return queryset, False
        found = search(actor=actor_of(request), query=search_term, kinds=[self.kind], limit=HITS)
        return queryset.filter(pk__in=[hit.id for hit in found.hits]), False

    def update(self, actor: Actor, obj: Any, form: Any) -> Any:
        return update_entry(actor=actor, entry=obj, changes=form.said())

    def remove(self, actor: Actor, obj: Any) -> None:
        delete_entry(actor=actor, entry=obj)

    # Pages ---------------------------------------------------------------------------------------

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """With its versions, their files and the downloads of the last days."""
        entry = self.get_object(request, object_id) if object_id else None
        context = dict(extra_context or {})
        if entry is not None:
            living = Version.objects.filter(entry=entry, deleted_at=None).order_by("-sort_key", "-version")
            context |= {
                "entry": entry,
                "path": f"/api/v1/{self.kind}s/{entry.organization.slug}/{entry.slug}",
                "versions": living.prefetch_related(Prefetch("files"))[:VERSIONS],
                "version_count": living.count(),
                "chart": downloads_chart(Q(version__entry=entry)),
                "may_edit": self.has_change_permission(request, entry),
                "may_remove": self.has_delete_permission(request, entry),
                "urls": {name: self.url(name, entry.pk) for name in ("yank", "unyank", "remove_version")},
                "publish_url": f"{self.url('add')}?slug={entry.slug}",
            }
        return super().changeform_view(request, object_id, form_url, context)

    @method_decorator(csrf_exempt)  # `_received` asks for the token, once it has said where files go
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """The publish form; a POST by its script is answered with JSON, so that the page can show progress."""
        if not self.has_add_permission(request):
            raise Http404
        if request.method == "POST":
            return self._received(request)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Publish a {self.opts.verbose_name}",
            "opts": self.opts,
            "kind": self.kind,
            "slug": request.GET.get("slug", ""),
            "organization": self._organization(request),
            "types": SOURCE_TYPES if self.kind == EntryKind.SOURCE else TOOL_TYPES,
        }
        return TemplateResponse(request, "registry/publish.html", context)

    def _organization(self, request: HttpRequest) -> Organization:
        return Organization.objects.get(pk=self.actor(request).tenant)

    def _received(self, request: HttpRequest) -> HttpResponse:
        """Publish what comes in, hashed on its way to the storage; what is refused leaves nothing behind."""
        handler = ContentUploadHandler(request)
        request.upload_handlers = [handler]
        try:
            return self._publish(request)
        except DomainError as error:
            fields = error.fields if isinstance(error, Invalid) else {}
            return JsonResponse({"message": error.message, "fields": fields}, status=400)
        finally:
            handler.discard()

    @method_decorator(csrf_protect)
    def _publish(self, request: HttpRequest) -> HttpResponse:
        given = request.POST
        format_name = given.get("format", "").strip()
        uploaded: list[Any] = request.FILES.getlist("file")
        if len(uploaded) > 1 and format_name:
            raise Invalid(fields={"format": ["Several files tell their formats by their names."]})
        said: dict[str, Any] = {name: given.get(name, "").strip() for name in PUBLISH_FIELDS}
        publication = Publication(
            organization=self._organization(request).slug,
            kind=self.kind,
            **said,
            organism=given.get("organism", "").strip() or None,
            tags=[word.strip() for word in given.get("tags", "").split(",") if word.strip()] or None,
            dependencies=given.get("dependencies", "").split() or None,
            files=[FileDraft(file.incoming, file.name or "", format_name) for file in uploaded],
        )
        version = publish(actor=self.actor(request), publication=publication)
        messages.success(request, f"Published {version.entry.slug} {version.version}.")
        return JsonResponse({"url": self.url("change", version.entry_id)}, status=201)

    def object_views(self) -> Any:
        return {
            "yank": posted(self.yank),
            "unyank": posted(self.unyank),
            "remove_version": posted(self.remove_version),
        }

    def yank(self, request: HttpRequest, entry: Any) -> HttpResponse:
        version = self._version(request, entry)
        yank(actor=self.actor(request, entry), version=version, reason=request.POST.get("reason", ""))
        messages.success(request, f"Version {version.version} is yanked: nobody is given it who does not pin it.")
        return HttpResponseRedirect(self.url("change", entry.pk))

    def unyank(self, request: HttpRequest, entry: Any) -> HttpResponse:
        version = self._version(request, entry)
        unyank(actor=self.actor(request, entry), version=version)
        messages.success(request, f"Version {version.version} can be chosen again.")
        return HttpResponseRedirect(self.url("change", entry.pk))

    def remove_version(self, request: HttpRequest, entry: Any) -> HttpResponse:
        version = self._version(request, entry)
        delete_version(actor=self.actor(request, entry), version=version)
        messages.success(request, f"Version {version.version} is deleted; it is never used again.")
        return HttpResponseRedirect(self.url("change", entry.pk))

    @staticmethod
    def _version(request: HttpRequest, entry: Any) -> Version:
        key = uuid_of(request.POST.get("version", ""))
        if key is None:
            raise BadRequest("No version was named")
        found = Version.objects.filter(pk=key, entry_id=entry.pk, deleted_at=None).first()
        if found is None:
            raise NotFound("There is no such version")
        return found

    @admin.display(description="Size", ordering="size")
    def size_(self, entry: Any) -> str:
        return filesizeformat(entry.size)

    @admin.display(description="Changed", ordering="updated_at")
    def changed(self, entry: Any) -> SafeString | str:
        return ago(entry.updated_at)


@admin.register(Source)
class SourceAdmin(EntryAdmin):
    kind = EntryKind.SOURCE

    def get_urls(self) -> list[Any]:
        tree = self.admin_site.admin_view(self.tree)
        return [path("tree/<uuid:version>/", tree, name="registry_source_tree"), *super().get_urls()]

    def tree(self, request: HttpRequest, version: UUID) -> HttpResponse:
        """One level of a dependency tree, as the page's script asks for it when a branch is opened."""
        found = Version.objects.visible_to(self.actor(request)).filter(pk=version).first()
        if found is None:
            raise Http404
        branches = Dependency.objects.filter(version=found, position__lt=BRANCHES).order_by("position")
        context = {
            "branches": branches.select_related("target__entry__organization"),
            "more": max(found.dependency_count - BRANCHES, 0),
        }
        return TemplateResponse(request, "registry/tree.html", context)


@admin.register(Tool)
class ToolAdmin(EntryAdmin):
    kind = EntryKind.TOOL
    list_display = ("name", "slug", "type", "latest_version", "size_", "downloads", "changed")
    list_filter = ("type", VersionStateFilter)

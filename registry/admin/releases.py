"""Products with their tree, projects, and releases: what they hold, what changed, and when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.defaultfilters import pluralize
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from accounts.actor import Actor
from accounts.admin_base import TenantAdmin, badge, posted
from accounts.admin_lists import DropdownFilter, VisibleFilter
from accounts.models import Role
from accounts.templatetags.cartulary import ago
from catalog.asking import uuid_of
from contracts.errors import DomainError, Invalid
from registry.admin.releases_forms import ProductForm, ProjectForm, ReleaseForm
from registry.admin.releases_parts import (
    SHOWN,
    compared_with,
    contents_of,
    difference_part,
    licences_part,
    vulnerabilities_part,
)
from registry.models import Artifact, Product, Project, Release, ReleaseStatus
from registry.models.releases import STEPS
from registry.services.artifacts import Upload
from registry.services.collections import remove_from_release, upload_to_release
from registry.services.products import (
    create_product,
    create_project,
    delete_product,
    delete_project,
    update_product,
    update_project,
)
from registry.services.releases import create_release, delete_release, update_release

KINDS = {ReleaseStatus.DRAFT: "info", ReleaseStatus.RELEASED: "success", ReleaseStatus.ARCHIVED: ""}
ASK = {
    ReleaseStatus.RELEASED: "Release it? Its artifacts are kept from now on; changes make new collections.",
    ReleaseStatus.ARCHIVED: "Archive it? An archived release never changes again.",
}
WORDS = {ReleaseStatus.RELEASED: "Release", ReleaseStatus.ARCHIVED: "Archive"}


class StatusFilter(DropdownFilter):
    title = "status"
    parameter_name = "status"
    options = ReleaseStatus.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(status=self.value()) if self.value() else queryset


class ProductFilter(VisibleFilter):
    title = "product"
    parameter_name = "product"
    model = Product


class ReleaseProductFilter(ProductFilter):
    parameter_name = "project__product"


def _lines() -> QuerySet[Release]:
    """Releases as a line each, newest version first."""
    return Release.objects.order_by("-sort_key").annotate(artifact_count=Count("collection__items"))


@admin.register(Product)
class ProductAdmin(TenantAdmin[Product]):
    form = ProductForm
    change_form_template = "registry/product.html"
    list_display = ("name", "category", "lifecycle_status", "labels", "projects_", "changed")
    list_filter_submit = True
    list_select_related = ("organization",)
    ordering = ("name",)
    search_fields = ("name", "category", "description")
    fields = ("name", "description", "category", "lifecycle_status", "tag_words", "tei", "is_public")

    def visible_to(self, actor: Actor) -> QuerySet[Product]:
        return Product.objects.all().visible_to(actor).annotate(project_count=Count("projects"))

    def create(self, actor: Actor, form: Any) -> Product:
        return create_product(actor=actor, data=form.said())

    def update(self, actor: Actor, obj: Product, form: Any) -> Product:
        return update_product(actor=actor, product=obj, changes=form.said())

    def remove(self, actor: Actor, obj: Product) -> None:
        delete_product(actor=actor, product=obj)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """With the tree: its projects, and the releases of each, newest version first."""
        product = self.get_object(request, object_id) if object_id else None
        context = dict(extra_context or {})
        if product is not None:
            projects = product.projects.prefetch_related(Prefetch("releases", queryset=_lines())).order_by("name")
            context |= {"product": product, "projects": projects, "kinds": KINDS}
            context["may_edit"] = self.has_change_permission(request, product)
        return super().changeform_view(request, object_id, form_url, context)

    @admin.display(description="Tags")
    def labels(self, product: Product) -> str:
        return ", ".join(product.tags) or "-"

    @admin.display(description="Projects", ordering="project_count")
    def projects_(self, product: Any) -> int:
        return int(product.project_count)

    @admin.display(description="Changed", ordering="updated_at")
    def changed(self, product: Product) -> SafeString | str:
        return ago(product.updated_at)


@admin.register(Project)
class ProjectAdmin(TenantAdmin[Project]):
    form = ProjectForm
    change_form_template = "registry/project.html"
    list_display = ("name", "product", "type", "status", "releases_", "changed")
    list_filter = (ProductFilter,)
    list_filter_submit = True
    list_select_related = ("product", "organization")
    ordering = ("product__name", "name")
    search_fields = ("name", "description", "product__name")
    fields = ("product", "name", "description", "type", "status", "tag_words")

    def visible_to(self, actor: Actor) -> QuerySet[Project]:
        return Project.objects.all().visible_to(actor).annotate(release_count=Count("releases"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("product",) if obj else ()

    def create(self, actor: Actor, form: Any) -> Project:
        return create_project(actor=actor, product=form.cleaned_data["product"], data=form.said())

    def update(self, actor: Actor, obj: Project, form: Any) -> Project:
        return update_project(actor=actor, project=obj, changes=form.said())

    def remove(self, actor: Actor, obj: Project) -> None:
        delete_project(actor=actor, project=obj)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """With its releases, newest version first."""
        project = self.get_object(request, object_id) if object_id else None
        context = dict(extra_context or {})
        if project is not None:
            releases = list(_lines().filter(project=project)[: SHOWN + 1])
            context |= {"project": project, "releases": releases[:SHOWN], "has_more": len(releases) > SHOWN}
            context |= {"kinds": KINDS, "may_edit": self.has_change_permission(request, project)}
        return super().changeform_view(request, object_id, form_url, context)

    @admin.display(description="Releases", ordering="release_count")
    def releases_(self, project: Any) -> int:
        return int(project.release_count)

    @admin.display(description="Changed", ordering="updated_at")
    def changed(self, project: Project) -> SafeString | str:
        return ago(project.updated_at)


@admin.register(Release)
class ReleaseAdmin(TenantAdmin[Release]):
    form = ReleaseForm
    change_form_template = "registry/release.html"
    list_display = ("named", "product", "state", "release_date", "artifacts_", "changed")
    list_filter = (ReleaseProductFilter, StatusFilter)
    list_filter_submit = True
    list_select_related = ("project__product", "organization", "collection")
    ordering = ("-created_at", "-id")
    search_fields = ("version", "project__name", "project__product__name")
    fields = ("project", "version", "release_type", "release_notes", "approvers", "inputs")
    to_be_read = ("project", "version", "its_type", "its_notes", "approved_by", "made_from")
    reader_fieldsets = ((None, {"fields": to_be_read}),)

    def visible_to(self, actor: Actor) -> QuerySet[Release]:
        return Release.objects.all().visible_to(actor).annotate(artifact_count=Count("collection__items"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.to_be_read if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_final = obj is not None and obj.status == ReleaseStatus.ARCHIVED
        return not is_final and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_draft = obj is None or obj.status == ReleaseStatus.DRAFT
        return is_draft and super().has_delete_permission(request, obj)

    def create(self, actor: Actor, form: Any) -> Release:
        metadata = {name: value for name, value in form.said().items() if value is not None}
        data = {"version": form.cleaned_data["version"], "metadata": metadata}
        return create_release(actor=actor, project=form.cleaned_data["project"], data=data)

    def update(self, actor: Actor, obj: Release, form: Any) -> Release:
        return update_release(actor=actor, release=obj, changes={"metadata": form.said()})

    def remove(self, actor: Actor, obj: Release) -> None:
        delete_release(actor=actor, release=obj)

    # The list ------------------------------------------------------------------------------------

    @admin.display(description="Release", ordering="sort_key")
    def named(self, release: Release) -> str:
        return f"{release.project.name} {release.version}"

    @admin.display(description="Product", ordering="project__product__name")
    def product(self, release: Release) -> str:
        return release.project.product.name

    @admin.display(description="Status", ordering="status")
    def state(self, release: Release) -> SafeString:
        return badge(release.get_status_display(), KINDS[ReleaseStatus(release.status)])

    @admin.display(description="Artifacts", ordering="artifact_count")
    def artifacts_(self, release: Any) -> int:
        return int(release.artifact_count)

    @admin.display(description="Changed", ordering="updated_at")
    def changed(self, release: Release) -> SafeString | str:
        return ago(release.updated_at)

    # What one reads who may not change it --------------------------------------------------------

    @admin.display(description="Release type")
    def its_type(self, release: Release) -> str:
        return release.metadata.get("release_type") or "-"

    @admin.display(description="Release notes")
    def its_notes(self, release: Release) -> str:
        return release.metadata.get("release_notes") or "-"

    @admin.display(description="Approvers")
    def approved_by(self, release: Release) -> str:
        return ", ".join(release.metadata.get("approvers", [])) or "-"

    @admin.display(description="Made from")
    def made_from(self, release: Release) -> str:
        return "\n".join(release.metadata.get("inputs", [])) or "-"

    # The page ------------------------------------------------------------------------------------

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        release = self.get_object(request, object_id) if object_id else None
        context = dict(extra_context or {})
        if release is not None:
            context |= self._page(request, release)
        return super().changeform_view(request, object_id, form_url, context)

    def _page(self, request: HttpRequest, release: Release) -> dict[str, Any]:
        may_edit = self.has_change_permission(request, release)
        artifacts = list(Artifact.objects.all().in_release(release))
        return {
            "release": release,
            "title": str(release),
            "status_kind": KINDS[ReleaseStatus(release.status)],
            "steps": [
                {"status": step, "words": WORDS[step], "ask": ASK[step]}
                for step in (ReleaseStatus.RELEASED, ReleaseStatus.ARCHIVED)
                if may_edit and step in STEPS[release.status]
            ],
            "may_upload": may_edit and release.status != ReleaseStatus.ARCHIVED,
            "artifacts": artifacts,
            "collections": release.collections.prefetch_related("items__artifact").select_related("created_by"),
            "since": compared_with(release, request.GET.get("since", "")),
            "others": release.project.releases.exclude(pk=release.pk).order_by("-sort_key")[:100],
            **contents_of(artifacts, request.GET.get("q", "")),
        }

    def object_views(self) -> Any:
        return {
            "status": posted(self.status),
            "upload": posted(self.upload),
            "take_out": posted(self.take_out),
            "difference": self.difference,
            "licences": self.licences,
            "vulnerabilities": self.vulnerabilities,
        }

    def difference(self, request: HttpRequest, release: Release) -> HttpResponse:
        """A part of the page, as its script asks for it when it is opened; likewise the two below."""
        context = difference_part(release, request.GET.get("since", ""))
        return TemplateResponse(request, "registry/release_difference.html", context)

    def licences(self, request: HttpRequest, release: Release) -> HttpResponse:
        return TemplateResponse(request, "registry/release_licences.html", licences_part(release))

    def vulnerabilities(self, request: HttpRequest, release: Release) -> HttpResponse:
        return TemplateResponse(request, "registry/release_vulnerabilities.html", vulnerabilities_part(release))

    def status(self, request: HttpRequest, release: Release) -> HttpResponse:
        actor = self.actor(request, release)
        done = update_release(actor=actor, release=release, changes={"status": request.POST.get("status", "")})
        messages.success(request, f"{done} is {done.get_status_display().lower()} now.")
        return HttpResponseRedirect(self.url("change", release.pk))

    def upload(self, request: HttpRequest, release: Release) -> HttpResponse:
        """One dropped file; answers a script in JSON: what became of it, or why it was refused."""
        actor, file = self.actor(request, release), request.FILES.get("file")
        try:
            actor.require(Role.EDITOR)
            if file is None:
                raise Invalid(fields={"file": ["Choose a file."]})
            upload = Upload(
                content=file.chunks(),
                type=request.POST.get("type", "sbom"),
                format=request.POST.get("format", ""),
                filename=(file.name or "")[:255],
                media_type=(file.content_type or "")[:100],
            )
            added, placement = upload_to_release(actor=actor, release=release, upload=upload)
        except DomainError as error:
            return JsonResponse({"error": _words(error)}, status=400)
        return JsonResponse({"words": _summary(added.artifact), "new": placement.is_new})

    def take_out(self, request: HttpRequest, release: Release) -> HttpResponse:
        """Take an artifact out of the release's current set."""
        actor = self.actor(request, release)
        key = uuid_of(request.POST.get("artifact", ""))
        held = Artifact.objects.all().in_release(release).filter(pk=key).first() if key else None
        if held is None:
            messages.error(request, "The release does not hold this artifact.")
        else:
            remove_from_release(actor=actor, release=release, artifact=held, comment=request.POST.get("comment", ""))
            messages.success(request, f"{held} is out of {release}.")
        return HttpResponseRedirect(f"{self.url('change', release.pk)}#artifacts")


def _summary(artifact: Artifact) -> str:
    """What an upload was found to hold."""
    counts = ((artifact.component_count, "component"), (artifact.statement_count, "statement"))
    held = [f"{count:,} {name}{pluralize(count)}" for count, name in counts if count]
    return f"kept as {artifact.get_type_display()}" + (f" with {' and '.join(held)}" if held else "")


def _words(error: DomainError) -> str:
    if isinstance(error, Invalid) and error.fields:
        listed: Iterable[tuple[str, list[str]]] = list(error.fields.items())[:5]
        words = [f"{path}: {problems[0].removesuffix('.')}" for path, problems in listed]
        return f"{'; '.join(words)}."
    return error.message

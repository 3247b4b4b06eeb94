"""Tags: what curators classify with, in categories and colours."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminColorInputWidget

from accounts.actor import Actor
from accounts.admin_base import DomainForm, TenantAdmin, posted
from accounts.admin_lists import DropdownFilter, names_page
from accounts.admin_site import actor_of
from accounts.models import Role
from catalog.counts import uses
from catalog.models import Tag
from catalog.services import create_tag, delete_tag, merge_tags, update_tag
from contracts.errors import NotFound

NO_COLOUR = "#94a3b8"


class TagForm(DomainForm):
    class Meta:
        model = Tag
        fields = ("name", "category", "description", "colour")
        widgets: ClassVar[dict[str, Any]] = {"colour": UnfoldAdminColorInputWidget(attrs={"type": "color"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.initial.get("colour"):
            self.initial["colour"] = NO_COLOUR


class CategoryFilter(DropdownFilter):
    title = "category"
    parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        named = Tag.objects.visible_to(actor_of(request)).exclude(category="")
        return [(name, name) for name in named.order_by("category").values_list("category", flat=True).distinct()[:200]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Tag]) -> QuerySet[Tag]:
        return queryset.filter(category=self.value()) if self.value() else queryset


@admin.register(Tag)
class TagAdmin(TenantAdmin[Tag]):
    form = TagForm
    change_form_template = "cartulary/tag.html"
    list_display = ("shown", "category", "summary", "used")
    list_filter = (CategoryFilter,)
    list_filter_submit = True
    list_select_related = ("organization",)
    ordering = ("name",)
    search_fields = ("name", "category", "description")
    fields = ("name", "category", "description", "colour")

    def visible_to(self, actor: Actor) -> QuerySet[Tag]:
        """Annotated with how many living assets carry it."""
        return Tag.objects.visible_to(actor).annotate(uses_=uses())

    def create(self, actor: Actor, form: Any) -> Tag:
        return create_tag(actor=actor, data=form.cleaned_data)

    def update(self, actor: Actor, obj: Tag, form: Any) -> Tag:
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        return update_tag(actor=actor, tag=obj, changes=changes)

    def remove(self, actor: Actor, obj: Tag) -> None:
        delete_tag(actor=actor, tag=obj)

    def get_urls(self) -> list[Any]:
        names = path("names/", self.admin_site.admin_view(self.names), name="catalog_tag_names")
        return [names, *super().get_urls()]

    def names(self, request: HttpRequest) -> JsonResponse:
        """Names for the picker of tags."""
        actor = actor_of(request)
        tags = Tag.objects.visible_to(actor).filter(organization=actor.organization_id)
        return names_page(request, lambda term: tags.filter(name__icontains=term).order_by("name"), "name")

    # Merging -------------------------------------------------------------------------------------

    def object_views(self) -> Any:
        return {"merge": posted(self.merge)}

    def merge(self, request: HttpRequest, tag: Tag) -> HttpResponse:
        """Every asset that carries this tag gets the other one, named in the request, in its place."""
        actor = self.actor(request, tag)
        actor.require(Role.EDITOR)
        name = request.POST.get("into", "").strip()
        others = Tag.objects.visible_to(actor).filter(organization=tag.organization_id).exclude(pk=tag.pk)
        into = others.filter(name__iexact=name).first()
        if into is None:
            raise NotFound(f"There is no other tag '{name}'")
        merge_tags(actor=actor, tag=tag, into=into)
        messages.success(request, f"“{tag.name}” is “{into.name}” now, on every asset that carried it.")
        return HttpResponseRedirect(self.url("change", into.pk))

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        tag = self.get_object(request, object_id) if object_id else None
        context = dict(extra_context or {})
        if tag is not None:
            others = Tag.objects.visible_to(self.actor(request)).filter(organization=tag.organization_id)
            context |= {
                "tag": tag,
                "may_merge": self.has_change_permission(request, tag),
                "others": others.exclude(pk=tag.pk).order_by("name").values_list("name", flat=True)[:500],
            }
        return super().changeform_view(request, object_id, form_url, context)

    # The list ------------------------------------------------------------------------------------

    @admin.display(description="Tag", ordering="name")
    def shown(self, tag: Tag) -> SafeString:
        return format_html('<span class="c-tag"><i style="--dot: {}"></i>{}</span>', tag.colour or NO_COLOUR, tag.name)

    @admin.display(description="Description")
    def summary(self, tag: Tag) -> str:
        return tag.description if len(tag.description) < 100 else f"{tag.description[:97]}…"

    @admin.display(description="Assets", ordering="uses_")
    def used(self, tag: Any) -> SafeString:
        url = reverse("admin:catalog_asset_changelist")
        return format_html('<a class="c-link" href="{}?tags={}">{}</a>', url, tag.pk, f"{tag.uses_:,}")

"""Domains, glossaries and terms: the words of the business, and which data they are said of."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, JsonResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.actor import Actor
from accounts.admin_base import DomainForm, TenantAdmin, badge
from accounts.admin_lists import DropdownFilter, LivingFilter, VisibleFilter, names_page
from accounts.admin_site import actor_of
from accounts.managers import name_key
from catalog.admin.asset_form import owner_said
from catalog.counts import uses
from catalog.models import AssetTerm, Concept, Domain, DomainType, Glossary, GlossaryTerm, TermStatus
from catalog.querysets import ConceptQuerySet
from catalog.services import create_concept, delete_concept, restore_concept, update_concept

LINKS_SHOWN = 200
COLOURS = {"draft": "warning", "approved": "success", "deprecated": "danger"}


class ConceptForm(DomainForm):
    """A concept as a person writes it; one owner, who is a member or a team."""

    actor: ClassVar[Actor]

    def said(self) -> dict[str, Any]:
        """What the form says that differs from what is stored, in the words of the services."""
        changed = set(self.changed_data)
        said = {name: self.cleaned_data[name] for name in changed - {"owner", "owner_team", "parent", "glossary"}}
        for name in changed & {"parent", "glossary"}:
            said[name] = {"id": self.cleaned_data[name].pk} if self.cleaned_data[name] else None
        if self.instance._state.adding and said.get("glossary", "") is None:
            del said["glossary"]
        return said | owner_said(self)


class TermForm(ConceptForm):
    synonyms = forms.CharField(
        required=False, help_text="Other words for the same, with commas between.", widget=UnfoldAdminTextInputWidget()
    )

    class Meta:
        model = GlossaryTerm
        fields = ("glossary", "parent", "name", "display_name", "description", "status", "owner", "owner_team")
        labels: ClassVar[dict[str, str]] = {"description": "Definition"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["synonyms"] = ", ".join(self.instance.synonyms)
        if "glossary" in self.fields:
            self.fields["glossary"].required = False
            self.fields["glossary"].help_text = "Of a term below another one it is that one's."

    def said(self) -> dict[str, Any]:
        said = super().said()
        if "description" in said:
            said["definition"] = said.pop("description")
        if "synonyms" in said:
            said["synonyms"] = [word.strip() for word in said["synonyms"].split(",") if word.strip()]
        return said


class ConceptAdmin(TenantAdmin[Any]):
    form = ConceptForm
    change_form_template = "cartulary/concept.html"
    list_display: Any = ("shown", "summary", "owned_by", "used")
    list_filter: ClassVar[Any] = (LivingFilter,)
    list_filter_submit = True
    list_select_related: ClassVar[Any] = ("owner", "owner_team", "organization")
    ordering = ("key",)
    search_fields = ("key", "display_name", "description")
    search_help_text = "Names and descriptions"
    autocomplete_fields: ClassVar[Any] = ("owner", "owner_team")
    actions = ("delete_selected", "restore_selected")
    filter_name: ClassVar[str] = ""
    """The filter of the list of assets that finds those this concept is said of."""

    def uses(self) -> Coalesce:
        """An expression of how many there are of what the list counts for one concept: its living assets."""
        return uses()

    def visible_to(self, actor: Actor) -> QuerySet[Any]:
        return ConceptQuerySet(self.model).of_tenants(actor).annotate(uses_=self.uses())

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and getattr(obj, "deleted_at", None) is None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and getattr(obj, "deleted_at", None) is None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        match = request.resolver_match
        if match is not None and match.url_name == "autocomplete":
            queryset = queryset.filter(deleted_at=None, organization=actor_of(request).organization_id)
        return super().get_search_results(request, queryset, name_key(search_term.replace("\0", "")))

    def create(self, actor: Actor, form: Any) -> Any:
        return create_concept(actor=actor, model=self.model, data=form.said())

    def update(self, actor: Actor, obj: Any, form: Any) -> Any:
        return update_concept(actor=actor, concept=obj, changes=form.said())

    def remove(self, actor: Actor, obj: Any) -> None:
        delete_concept(actor=actor, concept=obj)

    @admin.action(description="Restore", permissions=["change"])
    def restore_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        deleted = queryset.filter(deleted_at__isnull=False)
        self.each(
            request, deleted, lambda one: restore_concept(actor=self.actor(request, one), concept=one), "restored"
        )

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        concept = self.get_object(request, object_id) if object_id else None
        context = dict(extra_context or {})
        if concept is not None:
            context |= {"concept": concept, "filter_name": self.filter_name, **self.told(request, concept)}
        return super().changeform_view(request, object_id, form_url, context)

    def told(self, request: HttpRequest, concept: Any) -> dict[str, Any]:
        """What the page shows below the form."""
        return {}

    @admin.display(description="Name", ordering="key")
    def shown(self, concept: Concept) -> SafeString | str:
        full = concept.fully_qualified_name
        if not concept.display_name:
            return full
        return format_html('<b>{}</b><br><span class="c-muted">{}</span>', concept.display_name, full)

    @admin.display(description="Description")
    def summary(self, concept: Concept) -> str:
        return concept.description if len(concept.description) < 100 else f"{concept.description[:97]}…"

    @admin.display(description="Owner")
    def owned_by(self, concept: Concept) -> str:
        return str(concept.owner or concept.owner_team or "-")

    @admin.display(description="Assets", ordering="uses_")
    def used(self, concept: Any) -> SafeString:
        url = reverse("admin:catalog_asset_changelist")
        return format_html(
            '<a class="c-link" href="{}?{}={}">{}</a>', url, self.filter_name, concept.pk, f"{concept.uses_:,}"
        )


class GlossaryFilter(VisibleFilter):
    title = "glossary"
    parameter_name = "glossary"
    model = Glossary


class StatusFilter(DropdownFilter):
    title = "status"
    parameter_name = "status"
    options = TermStatus.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(status=self.value()) if self.value() in TermStatus.values else queryset


class DomainTypeFilter(DropdownFilter):
    title = "type"
    parameter_name = "type"
    options = DomainType.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(type=self.value()) if self.value() in DomainType.values else queryset


@admin.register(Domain)
class DomainAdmin(ConceptAdmin):
    filter_name = "domain"
    list_display: Any = ("shown", "type", "summary", "owned_by", "used")
    list_filter: ClassVar[Any] = (DomainTypeFilter, LivingFilter)
    fields = ("name", "parent", "type", "display_name", "description", "owner", "owner_team")
    autocomplete_fields: ClassVar[Any] = ("parent", "owner", "owner_team")

    def told(self, request: HttpRequest, concept: Any) -> dict[str, Any]:
        return {"children": concept.children.filter(deleted_at=None).order_by("key")[:LINKS_SHOWN]}


@admin.register(Glossary)
class GlossaryAdmin(ConceptAdmin):
    list_display: Any = ("shown", "summary", "owned_by", "term_count")
    fields = ("name", "display_name", "description", "owner", "owner_team")

    def uses(self) -> Coalesce:
        terms = GlossaryTerm.objects.filter(glossary=OuterRef("pk"), deleted_at=None).order_by()
        return Coalesce(Subquery(terms.values("glossary").annotate(n=Count("pk")).values("n")), 0)

    def told(self, request: HttpRequest, concept: Any) -> dict[str, Any]:
        return {"children": concept.terms.filter(deleted_at=None).order_by("key")[:LINKS_SHOWN]}

    @admin.display(description="Terms", ordering="uses_")
    def term_count(self, glossary: Any) -> SafeString:
        url = reverse("admin:catalog_glossaryterm_changelist")
        count = f"{glossary.uses_:,}"
        return format_html('<a class="c-link" href="{}?glossary={}">{}</a>', url, glossary.pk, count)


@admin.register(GlossaryTerm)
class TermAdmin(ConceptAdmin):
    form = TermForm
    filter_name = "terms"
    list_display: Any = ("shown", "state", "summary", "owned_by", "used")
    list_filter: ClassVar[Any] = (GlossaryFilter, StatusFilter, LivingFilter)
    list_select_related: ClassVar[Any] = ("owner", "owner_team", "organization", "glossary")
    fields = (
        "glossary",
        "parent",
        "name",
        "display_name",
        "description",
        "synonyms",
        "status",
        "owner",
        "owner_team",
    )
    autocomplete_fields: ClassVar[Any] = ("glossary", "parent", "owner", "owner_team")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("glossary",) if obj else ()

    def told(self, request: HttpRequest, concept: Any) -> dict[str, Any]:
        links = AssetTerm.objects.filter(term=concept, asset__deleted_at=None).select_related("asset")
        return {
            "children": concept.children.filter(deleted_at=None).order_by("key")[:LINKS_SHOWN],
            "links": links.order_by("asset__qualified_name", "column")[:LINKS_SHOWN],
        }

    def get_urls(self) -> list[Any]:
        names = path("names/", self.admin_site.admin_view(self.names), name="catalog_term_names")
        return [names, *super().get_urls()]

    def names(self, request: HttpRequest) -> JsonResponse:
        """Full names for the picker of terms."""
        actor = actor_of(request)
        terms = GlossaryTerm.objects.visible_to(actor).filter(organization=actor.organization_id)
        return names_page(
            request, lambda term: terms.filter(key__contains=name_key(term)).order_by("key"), "fully_qualified_name"
        )

    @admin.display(description="Status", ordering="status")
    def state(self, term: GlossaryTerm) -> SafeString:
        return badge(term.get_status_display(), COLOURS[term.status])

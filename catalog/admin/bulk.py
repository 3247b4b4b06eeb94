"""What a curator does to many assets at once: tag, say terms of, own, place, describe, merge, delete, restore."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import VERTICAL, helpers
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.actor import Actor
from accounts.admin_base import BULK_ROWS, TenantAdmin
from accounts.models import Team, User
from catalog.admin.asset_form import TagsField, TermsField
from catalog.models import Asset, Domain
from catalog.services.assets import restore_asset
from catalog.services.duplicates import AT_ONCE, merge_assets
from catalog.services.selections import (
    delete_assets,
    describe_assets,
    own_assets,
    place_assets,
    tag_assets,
    term_assets,
)
from contracts.errors import DomainError

Selection = Collection[UUID]


class NamesForm(forms.Form):
    """Names of what the assets get, and of what they lose."""

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("add", "remove"):
            field = self.fields[name]
            if isinstance(field, TagsField) and self.is_bound:
                field.show(field.chosen(self, name))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("add") and not data.get("remove"):
            raise forms.ValidationError("Choose one at least.")
        return data


class TagSelectionForm(NamesForm):
    add = TagsField(required=False, label="Give these tags", help_text="Pick one, or type a new one and press Enter.")
    remove = TagsField(required=False, label="Take these tags")

    def apply(self, actor: Actor, selection: Selection) -> int:
        data = self.cleaned_data
        return tag_assets(actor=actor, asset_ids=selection, add=data["add"], remove=data["remove"])


class TermSelectionForm(NamesForm):
    add = TermsField(required=False, label="Give these terms", help_text="Of a glossary.")
    remove = TermsField(
        required=False, label="Take these terms", help_text="Columns keep theirs: they are on each asset's page."
    )

    def apply(self, actor: Actor, selection: Selection) -> int:
        data = self.cleaned_data
        return term_assets(actor=actor, asset_ids=selection, add=data["add"], remove=data["remove"])


class OwnSelectionForm(forms.Form):
    owner = forms.ModelChoiceField(
        queryset=User.objects.none(),
        required=False,
        label="A member",
        empty_label="Nobody",
        widget=UnfoldAdminSelectWidget(),
    )
    team = forms.ModelChoiceField(
        queryset=Team.objects.none(),
        required=False,
        label="or a team",
        empty_label="-",
        widget=UnfoldAdminSelectWidget(),
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field, team = self.fields["owner"], self.fields["team"]
        if isinstance(field, forms.ModelChoiceField) and isinstance(team, forms.ModelChoiceField):
            members = User.objects.filter(organizations=actor.organization_id, is_active=True)
            field.queryset = members.order_by("name", "username")
            team.queryset = Team.objects.visible_to(actor).filter(organization=actor.organization_id)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("owner") and data.get("team"):
            raise forms.ValidationError("Choose a member or a team, not both.")
        return data

    def apply(self, actor: Actor, selection: Selection) -> int:
        data = self.cleaned_data
        return own_assets(actor=actor, asset_ids=selection, owner=data["owner"] or data["team"])


class PlaceSelectionForm(forms.Form):
    domain = forms.ModelChoiceField(
        queryset=Domain.objects.none(), required=False, empty_label="None", widget=UnfoldAdminSelectWidget()
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["domain"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Domain.objects.visible_to(actor).filter(organization=actor.organization_id)

    def apply(self, actor: Actor, selection: Selection) -> int:
        return place_assets(actor=actor, asset_ids=selection, domain=self.cleaned_data["domain"])


class KeptField(forms.ModelChoiceField[Asset]):
    """One of the duplicates, told from the others by more than its name."""

    def label_from_instance(self, obj: Asset) -> str:
        origin = f"from {obj.origin.name}" if obj.origin else "by hand"
        facts = [obj.get_type_display(), origin, *(["described"] if obj.description else [])]
        return f"{obj.qualified_name} ({', '.join(facts)})"


class MergeSelectionForm(forms.Form):
    keep = KeptField(
        queryset=Asset.objects.none(),
        label="The one that stays",
        empty_label=None,
        help_text="It gets the relationships, tags and terms of the others; description, owner and domain where it "
        "has none. The others are deleted. One that a source still shows comes back at its next collection.",
        widget=UnfoldAdminRadioSelectWidget(radio_style=VERTICAL),
    )

    def __init__(self, *args: Any, actor: Actor, selection: QuerySet[Asset], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["keep"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = selection.filter(deleted_at=None).select_related("origin")

    def apply(self, actor: Actor, selection: Selection) -> int:
        keep = self.cleaned_data["keep"]
        duplicates = [key for key in selection if key != keep.pk]
        merge_assets(actor=actor, keep=keep, duplicates=duplicates)
        return len(duplicates)


class DescribeSelectionForm(forms.Form):
    description = forms.CharField(widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}))
    replace = forms.BooleanField(
        required=False,
        label="Also where there is a description already",
        widget=UnfoldBooleanSwitchWidget(),
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    def apply(self, actor: Actor, selection: Selection) -> int:
        data = self.cleaned_data
        return describe_assets(
            actor=actor, asset_ids=selection, description=data["description"], replace=data["replace"]
        )


@dataclass(frozen=True, slots=True)
class Question:
    """What an action wants to know, and how it speaks of itself."""

    action: str
    form: Any
    verb: str
    done: str


class BulkActions(TenantAdmin[Asset]):
    """The actions of the list of assets. Those that want to know something ask on a page between."""

    actions = (
        "tag_selected",
        "term_selected",
        "own_selected",
        "place_selected",
        "describe_selected",
        "merge_selected",
        "delete_selected",
        "restore_selected",
        "export_csv",
        "export_json",
    )

    @admin.action(description="Tag…", permissions=["change"])
    def tag_selected(self, request: HttpRequest, queryset: QuerySet[Asset]) -> HttpResponse | None:
        return self._ask(request, queryset, Question("tag_selected", TagSelectionForm, "Tag", "tagged"))

    @admin.action(description="Give or take terms…", permissions=["change"])
    def term_selected(self, request: HttpRequest, queryset: QuerySet[Asset]) -> HttpResponse | None:
        question = Question("term_selected", TermSelectionForm, "Set the terms of", "changed")
        return self._ask(request, queryset, question)

    @admin.action(description="Set the owner…", permissions=["change"])
    def own_selected(self, request: HttpRequest, queryset: QuerySet[Asset]) -> HttpResponse | None:
        return self._ask(request, queryset, Question("own_selected", OwnSelectionForm, "Set the owner of", "changed"))

    @admin.action(description="Describe…", permissions=["change"])
    def describe_selected(self, request: HttpRequest, queryset: QuerySet[Asset]) -> HttpResponse | None:
        return self._ask(
            request, queryset, Question("describe_selected", DescribeSelectionForm, "Describe", "described")
        )

    @admin.action(description="Put into a domain…", permissions=["change"])
    def place_selected(self, request: HttpRequest, queryset: QuerySet[Asset]) -> HttpResponse | None:
        question = Question("place_selected", PlaceSelectionForm, "Set the domain of", "changed")
        return self._ask(request, queryset, question)

    @admin.action(description="Merge duplicates…", permissions=["change", "delete"])
    def merge_selected(self, request: HttpRequest, queryset: QuerySet[Asset]) -> HttpResponse | None:
        if not 2 <= queryset[: AT_ONCE + 2].count() <= AT_ONCE + 1:
            messages.error(request, f"Choose 2 to {AT_ONCE + 1} assets to merge.")
            return None
        form = partial(MergeSelectionForm, selection=queryset)
        return self._ask(request, queryset, Question("merge_selected", form, "Merge", "merged into the one that stays"))

    @admin.action(description="Delete", permissions=["delete"])
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[Asset]) -> Any:
        if not request.POST.get("post"):
            return super().delete_selected(request, queryset)

        def delete(actor: Actor, selection: Selection) -> int:
            return delete_assets(actor=actor, asset_ids=selection)

        self._apply(request, queryset, delete, "deleted. The filter “Deleted” finds what can be restored")
        return None

    @admin.action(description="Restore", permissions=["change"])
    def restore_selected(self, request: HttpRequest, queryset: QuerySet[Asset]) -> None:
        deleted = queryset.filter(deleted_at__isnull=False)
        if not deleted.exists():
            messages.warning(request, "None of these is deleted.")
        self.each(request, deleted, lambda one: restore_asset(actor=self.actor(request, one), asset=one), "restored")

    def _ask(self, request: HttpRequest, queryset: QuerySet[Asset], question: Question) -> HttpResponse | None:
        """The page between: the form, and what was selected in hidden fields; then the same action once more."""
        asked = "apply" in request.POST
        form = question.form(request.POST if asked else None, actor=self.actor(request))
        if asked and form.is_valid() and self._apply(request, queryset, form.apply, question.done):
            return None
        total = queryset[: BULK_ROWS + 1].count()
        named = 0 if "keep" in form.fields else 5  # its choices name them all
        context = {
            **self.admin_site.each_context(request),
            "title": f"{question.verb} {total:,} {'asset' if total == 1 else 'assets'}",
            "opts": self.opts,
            "form": form,
            "media": self.media + form.media,
            "button": question.verb.removesuffix(" of"),
            "action": question.action,
            "across": request.POST.get("select_across", "0"),
            "checkbox": helpers.ACTION_CHECKBOX_NAME,
            "selected": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
            "some": list(queryset[:named]),
            "more": max(0, total - named) if named else 0,
        }
        return TemplateResponse(request, "cartulary/bulk.html", context)

    def _apply(
        self, request: HttpRequest, queryset: QuerySet[Asset], do: Callable[[Actor, Selection], int], done: str
    ) -> bool:
        ids = list(queryset.order_by().values_list("pk", flat=True)[: BULK_ROWS + 1])
        if len(ids) > BULK_ROWS:
            messages.error(request, f"At most {BULK_ROWS:,} assets at once: narrow the list down first.")
            return True
        try:
            count = do(self.actor(request), ids)
        except DomainError as error:
            messages.error(request, error.message)
            return False
        messages.success(request, f"{count:,} {'asset' if count == 1 else 'assets'} {done}.")
        return True

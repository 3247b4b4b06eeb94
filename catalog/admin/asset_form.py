"""The form of an asset: what a curator writes, in the words of the services."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.admin.widgets import AutocompleteMixin
from django.urls import reverse_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.actor import Actor
from accounts.admin_base import DomainForm
from catalog.models import Asset
from catalog.records import TermLink, read_terms, sorted_terms
from contracts.errors import Invalid

if TYPE_CHECKING:
    from django.forms import SelectMultiple as StockPicker
else:
    from unfold.widgets import UnfoldAdminMultipleAutocompleteWidget as StockPicker


class TagPicker(StockPicker):
    """Names of tags: those there are appear while one types, and a new one may be typed."""

    def __init__(self) -> None:
        attrs = {
            "data-ajax--url": reverse_lazy("admin:catalog_tag_names"),
            "data-tags": "true",
            "data-token-separators": '[","]',
            "style": "width: 100%",
        }
        super().__init__(attrs=attrs)

    @property
    def media(self) -> forms.Media:
        return AutocompleteMixin(field=None, admin_site=None).media  # type: ignore[arg-type]


class TermPicker(TagPicker):
    """Full names of terms; only such as are there."""

    def __init__(self) -> None:
        super().__init__()
        self.attrs |= {"data-ajax--url": reverse_lazy("admin:catalog_term_names"), "data-tags": "false"}


class TagsField(forms.MultipleChoiceField):
    """A list of names, whether or not there are such tags."""

    widget = TagPicker

    def valid_value(self, value: Any) -> bool:
        return True

    def chosen(self, form: forms.BaseForm, name: str) -> list[str]:
        """What was sent, before it is checked."""
        return list(form.fields[name].widget.value_from_datadict(form.data, form.files, name) or ())

    def show(self, names: Iterable[str]) -> None:
        """Let the widget know what is chosen: only these become options."""
        self.choices = [(name, name) for name in names]


class TermsField(TagsField):
    widget = TermPicker


def owner_said(form: forms.ModelForm[Any]) -> dict[str, Any]:
    """`owner` as the services take it, of a form that asks for a member and for a team; {} where neither changed.

    Of the two, the one that was changed is meant. Raises Invalid where both were.
    """
    user, team = form.cleaned_data.get("owner"), form.cleaned_data.get("owner_team")
    changed = {"owner", "owner_team"} & set(form.changed_data)
    if not changed:
        return {}
    if user and team and len(changed) == 2:
        raise Invalid(fields={"owner_team": ["Choose a member or a team, not both."]})
    if team and (not user or changed == {"owner_team"}):
        return {"owner": {"id": team.pk, "type": "team"}}
    return {"owner": {"id": user.pk, "type": "user"} if user else None}


class AssetForm(DomainForm):
    """An asset as a person writes it. `seen_version` tells the service which state was before their eyes."""

    actor: ClassVar[Actor]
    tag_names = TagsField(required=False, label="Tags", help_text="Pick one, or type a new one and press Enter.")
    term_names = TermsField(
        required=False, label="Terms", help_text="Of a glossary. What is said of single columns stands beside them."
    )
    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput())

    class Meta:
        model = Asset
        fields = (
            "type",
            "name",
            "qualified_name",
            "description",
            "owner",
            "owner_team",
            "domain",
            "metadata",
            "schema",
        )
        labels: ClassVar[dict[str, str]] = {"owner": "Owner: a member", "owner_team": "or a team"}
        widgets: ClassVar[dict[str, Any]] = {
            "description": UnfoldAdminTextareaWidget(attrs={"rows": 6}),
            "metadata": UnfoldAdminTextareaWidget(attrs={"rows": 8, "class": "c-mono", "spellcheck": "false"}),
            "schema": UnfoldAdminTextareaWidget(attrs={"rows": 8, "class": "c-mono", "spellcheck": "false"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.instance
        is_new = stored._state.adding
        self.initial["seen_version"] = None if is_new else stored.version
        named = {
            "tag_names": [] if is_new else [tag.name for tag in stored.tags.all()],
            "term_names": [] if is_new else [link.name for link in terms_of(stored) if not link.column],
        }
        for name, names in named.items():
            field = self.fields.get(name)
            if isinstance(field, TagsField):
                self.initial[name] = names
                field.show(field.chosen(self, name) if self.is_bound else names)

    def said(self, stored: Asset | None) -> dict[str, Any]:
        """What the form says that the stored asset does not, for the services."""
        data = self.cleaned_data
        said: dict[str, Any] = {
            name: data[name] for name in ("type", "name", "qualified_name", "description") if name in data
        }
        if "domain" in data:
            said["domain"] = {"id": data["domain"].pk} if data["domain"] else None
        if "tag_names" in data:
            said["tags"] = list(data["tag_names"])
        if "term_names" in data:
            kept = [link for link in terms_of(stored) if link.column] if stored else []
            said["terms"] = [*data["term_names"], *({"id": link.id, "column": link.column} for link in kept)]
        if "schema" in data:
            said["schema"] = data["schema"] or []
        if "metadata" in data:
            said["metadata"] = _whole(data["metadata"], stored.metadata if stored else {})
        owner = owner_said(self)
        if stored is None:
            return owner | {name: value for name, value in said.items() if value not in (None, "", [], {})}
        return owner | {name: value for name, value in said.items() if name in self._changed()}

    def _changed(self) -> set[str]:
        called = {"tag_names": "tags", "term_names": "terms"}
        return {called.get(name, name) for name in self.changed_data}


def terms_of(asset: Asset) -> list[TermLink]:
    """The terms of an asset and of its columns. One statement."""
    return list(sorted_terms(read_terms([asset.pk]).get(asset.pk, ())))


def _whole(metadata: Any, stored: dict[str, Any]) -> Any:
    """The services merge metadata: a key that the form no longer has is sent as null, which removes it."""
    if not isinstance(metadata, dict):
        return {} if metadata is None else metadata
    return {**dict.fromkeys(stored), **metadata}

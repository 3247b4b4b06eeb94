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


class AssetForm(DomainForm):
    """An asset as a person writes it. `seen_version` tells the service which state was before their eyes."""

    actor: ClassVar[Actor]
    tag_names = TagsField(required=False, label="Tags", help_text="Pick one, or type a new one and press Enter.")
    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput())

    class Meta:
        model = Asset
        fields = ("type", "name", "qualified_name", "description", "owner", "metadata", "schema")
        widgets: ClassVar[dict[str, Any]] = {
            "description": UnfoldAdminTextareaWidget(attrs={"rows": 6}),
            "metadata": UnfoldAdminTextareaWidget(attrs={"rows": 8, "class": "c-mono", "spellcheck": "false"}),
            "schema": UnfoldAdminTextareaWidget(attrs={"rows": 8, "class": "c-mono", "spellcheck": "false"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields.get("tag_names")
        if not isinstance(field, TagsField):
            return
        stored = [] if self.instance._state.adding else [tag.name for tag in self.instance.tags.all()]
        self.initial["tag_names"] = stored
        self.initial["seen_version"] = None if self.instance._state.adding else self.instance.version
        field.show(field.chosen(self, "tag_names") if self.is_bound else stored)

    def said(self, stored: Asset | None) -> dict[str, Any]:
        """What the form says that the stored asset does not, for the services."""
        data = self.cleaned_data
        said: dict[str, Any] = {
            name: data[name] for name in ("type", "name", "qualified_name", "description") if name in data
        }
        if "owner" in data:
            said["owner"] = data["owner"].pk if data["owner"] else None
        if "tag_names" in data:
            said["tags"] = list(data["tag_names"])
        if "schema" in data:
            said["schema"] = data["schema"] or []
        if "metadata" in data:
            said["metadata"] = _whole(data["metadata"], stored.metadata if stored else {})
        if stored is None:
            return {name: value for name, value in said.items() if value not in (None, "", [], {})}
        return {name: value for name, value in said.items() if name in self._changed()}

    def _changed(self) -> set[str]:
        return {"tags" if name == "tag_names" else name for name in self.changed_data}


def _whole(metadata: Any, stored: dict[str, Any]) -> Any:
    """The services merge metadata: a key that the form no longer has is sent as null, which removes it."""
    if not isinstance(metadata, dict):
        return {} if metadata is None else metadata
    return {**dict.fromkeys(stored), **metadata}

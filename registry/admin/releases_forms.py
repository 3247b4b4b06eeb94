"""Forms of products, projects and releases: words instead of JSON where there are only words."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.admin_base import DomainForm
from registry.models import Product, Project, Release


class TaggedForm(DomainForm):
    """`tag_words` are the tags, with commas between."""

    tag_words = forms.CharField(
        label="Tags", required=False, widget=UnfoldAdminTextInputWidget, help_text="Words with commas between."
    )
    plain: ClassVar[tuple[str, ...]] = ()
    """The fields that are given to the service as they are."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("tag_words", ", ".join(self.instance.tags or []))

    def said(self) -> dict[str, Any]:
        """What the service is told; of tags nothing where they stayed, since one may have a comma in it."""
        data = {name: self.cleaned_data[name] for name in self.plain if name in self.cleaned_data}
        if "tag_words" not in self.changed_data:
            return data
        words = self.cleaned_data.get("tag_words", "")
        return {**data, "tags": [word.strip() for word in words.split(",") if word.strip()]}


class ProductForm(TaggedForm):
    plain = ("name", "description", "category", "lifecycle_status", "is_public")
    tei = forms.CharField(
        label="TEI",
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="The Transparency Exchange Identifier, as urn:tei:purl:example.com:pkg:generic/shop.",
    )

    class Meta:
        model = Product
        fields = ("name", "description", "category", "lifecycle_status", "is_public")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teis = [entry["idValue"] for entry in self.instance.identifiers or [] if entry["idType"] == "TEI"]
        self.initial.setdefault("tei", teis[0] if teis else "")

    def said(self) -> dict[str, Any]:
        """With the first TEI that there is replaced; further identifiers stay."""
        if "tei" not in self.changed_data:
            return super().said()
        given, tei = list(self.instance.identifiers or []), self.cleaned_data.get("tei", "").strip()
        place = next((place for place, entry in enumerate(given) if entry["idType"] == "TEI"), 0)
        had = place < len(given) and given[place]["idType"] == "TEI"
        given[place : place + had] = [{"idType": "TEI", "idValue": tei}] if tei else []
        return {**super().said(), "identifiers": given}


class ProjectForm(TaggedForm):
    plain = ("name", "description", "type", "status")

    class Meta:
        model = Project
        fields = ("product", "name", "description", "type", "status")


class ReleaseForm(DomainForm):
    """What people write about a release lives in its metadata."""

    release_type = forms.CharField(required=False, widget=UnfoldAdminTextInputWidget, help_text="major, minor, patch …")
    release_notes = forms.CharField(required=False, widget=UnfoldAdminTextareaWidget)
    approvers = forms.CharField(
        required=False, widget=UnfoldAdminTextInputWidget, help_text="Names with commas between."
    )
    inputs = forms.CharField(
        label="Made from",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Qualified names of assets, one a line: they stand upstream of the release in the lineage.",
    )

    class Meta:
        model = Release
        fields = ("project", "version")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        metadata = self.instance.metadata or {}
        for name in ("release_type", "release_notes"):
            self.initial.setdefault(name, metadata.get(name, ""))
        self.initial.setdefault("approvers", ", ".join(metadata.get("approvers", [])))
        self.initial.setdefault("inputs", "\n".join(metadata.get("inputs", [])))

    def said(self) -> dict[str, Any]:
        """Metadata for the service: what was changed; what is empty is taken away."""
        data = self.cleaned_data
        found: dict[str, Any] = {name: data.get(name, "") or None for name in ("release_type", "release_notes")}
        found["approvers"] = [word.strip() for word in data.get("approvers", "").split(",") if word.strip()] or None
        found["inputs"] = [line.strip() for line in data.get("inputs", "").splitlines() if line.strip()] or None
        return {name: value for name, value in found.items() if name in self.changed_data}

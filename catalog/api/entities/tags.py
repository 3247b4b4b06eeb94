"""`/api/v1/tags` and `/api/v1/classifications`: our tags and their categories.

A classification is a category. It has a tag's row: the one that bears its own name, or else the first tag in it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from rest_framework import serializers

from accounts.api.entity_rows import RestorableRows
from accounts.models import DeletedRow
from accounts.permissions import actor_of
from accounts.services.keeping import row_of
from audit.models import AuditEvent
from catalog.api.entities.described import EntityReferenceSerializer, EntitySerializer
from catalog.api.entities.labels import named, parts_of
from catalog.models import Tag
from catalog.names import full_tag_name, join_name, normal_name, quote_part, split_name
from catalog.numbering import decimal_of
from catalog.querysets import TagQuerySet
from catalog.services import (
    create_tag,
    delete_category,
    delete_tag,
    forget_tag,
    restore_category,
    restore_tag,
    update_tag,
)
from catalog.services.tags import CATEGORY, TAG
from catalog.validation import tag_key
from contracts.entities import names
from contracts.entity_routes import routes
from contracts.entity_views import text_of
from contracts.errors import Conflict, Invalid

_BOTH = (
    "id name fullyQualifiedName displayName description version updatedAt updatedBy href usageCount changeDescription"
    " deleted provider disabled mutuallyExclusive domains owners reviewers"
)
_ROOT = Q(name=F("category"))


def classifications(tags: TagQuerySet) -> QuerySet[Tag]:
    """One row for each category: the tag that bears its name, else the first in it."""
    same = Tag.objects.filter(organization=OuterRef("organization"), category=OuterRef("category"))
    first = ~Exists(same.filter(_ROOT)) & ~Exists(same.filter(pk__lt=OuterRef("pk")))
    return tags.exclude(category="").filter(_ROOT | first).order_by("id")


class ClassificationBody(serializers.Serializer[Any]):
    """A classification to be made or replaced."""

    name = serializers.CharField()
    description = serializers.CharField(required=False)


class ClassificationEntitySerializer(ClassificationBody, EntitySerializer):
    """A category of tags."""


class EntityTagBody(ClassificationBody):
    """A tag to be made or replaced."""

    classification = serializers.CharField(required=False, help_text="Its classification's fully qualified name.")
    style = serializers.DictField(required=False, help_text="`color`, as #rrggbb.")  # type: ignore[assignment]


class EntityTagEntitySerializer(ClassificationEntitySerializer):
    """A tag."""

    classification = EntityReferenceSerializer(required=False)


class _TagRows(RestorableRows[Tag]):
    """What the two collections share: both are rows of tags."""

    queryset = Tag.objects.none()
    trail = "TAG"
    kept_as: ClassVar[Mapping[str, str]] = {name: name for name in ("name", "category", "description", "colour")}

    def as_it_was(self, kept: DeletedRow) -> Tag:
        return row_of(Tag, {**kept.state, "id": kept.entity_id, "updated_at": kept.deleted_at})

    def remove(self, row: Tag, *, recursive: bool, hard: bool) -> None:
        actor = actor_of(self.request)
        if not row._state.adding:
            self.remove_living(row, recursive=recursive, hard=hard)
        elif kept := self.kept_of(row):
            forget_tag(actor=actor, kept=kept)

    @abstractmethod
    def remove_living(self, row: Tag, *, recursive: bool, hard: bool) -> None:
        """Delete one that lives."""

    def tags(self) -> TagQuerySet:
        return Tag.objects.visible_to(actor_of(self.request))

    def told(self, row: Tag, version: int, path: str) -> dict[str, Any]:
        return {
            "id": row.pk,
            "description": row.description,
            "version": decimal_of(version, 0),
            "updatedAt": int(row.updated_at.timestamp() * 1000),
            "href": self.href(f"{path}/{row.pk}"),
            "deleted": row._state.adding,
            "disabled": False,
            "mutuallyExclusive": False,
        }

    def counted(self, rows: Sequence[Tag]) -> dict[Any, int]:
        events = AuditEvent.objects.visible_to(actor_of(self.request))
        return events.counted("TAG", [row.pk for row in rows])


class TagViews(_TagRows):
    """Tags."""

    entity = "tag"
    scopes = ("classification",)
    kept_kind = TAG
    shown = names(_BOTH, "style classification parent children")
    requested = frozenset({"name", "description", "classification", "style"})
    words: ClassVar[Mapping[str, str]] = {"category": "classification", "colour": "style.color"}
    serializer_class: Any = EntityTagBody

    def get_queryset(self) -> QuerySet[Tag]:
        found = self.tags().exclude(_ROOT).order_by("id")
        category = self.request.query_params.get("parent", "")
        return found.filter(category=_category(category)) if category else found

    def kept(self) -> QuerySet[DeletedRow]:
        category = self.request.query_params.get("parent", "")
        return super().kept().filter(state__category=_category(category)) if category else super().kept()

    def kept_key(self, fqn: str) -> str:
        return tag_key(normal_name(fqn))

    def stale_name(self, fqn: str) -> str:
        return tag_key(normal_name(fqn))

    def inside(self, scope: str, fqn: str) -> QuerySet[Tag]:
        return self.tags().exclude(_ROOT).filter(category=_category(fqn)).order_by("id")

    def named(self, fqn: str) -> Tag | None:
        wanted = tag_key(normal_name(fqn))
        candidates = self.tags().exclude(_ROOT).filter(named([fqn, normal_name(fqn)])).order_by("id")
        return next((tag for tag in candidates if tag_key(full_tag_name(tag.name, tag.category)) == wanted), None)

    def name_of(self, said: Mapping[str, Any]) -> str:
        category = text_of(said, "classification")
        return join_name(*split_name(category), said["name"]) if category else quote_part(said["name"])

    def said(self, body: Any) -> dict[str, Any]:
        said = super().said(body)
        try:
            self.name_of(said)
        except ValueError:
            raise Invalid(fields={"classification": ["This is no fully qualified name: look at its quotes."]}) from None
        return said

    def shapes(self, rows: Sequence[Tag], fields: Collection[str]) -> list[dict[str, Any]]:
        versions = self.counted(rows)
        categories = {_classification(row) for row in rows} - {""}
        known = {row.category: row for row in classifications(self.tags()).filter(category__in=categories)}
        return [self._shape(row, versions.get(row.pk, 1), known) for row in rows]

    def _shape(self, row: Tag, version: int, known: Mapping[str, Tag]) -> dict[str, Any]:
        fqn = full_tag_name(row.name, row.category)
        entity = {"name": parts_of(fqn)[1], "fullyQualifiedName": fqn, **self.told(row, version, "tags")}
        if row.colour:
            entity["style"] = {"color": row.colour}
        held = known.get(_classification(row))
        if held is not None:
            entity["classification"] = {
                "id": held.pk,
                "type": "classification",
                "name": held.category,
                "fullyQualifiedName": quote_part(held.category),
                "href": self.href(f"classifications/{held.pk}"),
            }
        return entity

    def make(self, said: Mapping[str, Any], key: UUID | None = None) -> Tag:
        data = {"name": self.name_of(said), "category": _category(text_of(said, "classification")), **_data(said)}
        return create_tag(actor=actor_of(self.request), data=data, tag_id=key)

    def change(self, row: Tag, said: Mapping[str, Any]) -> Tag:
        changes = _data(said)
        category = said.get("classification")
        if isinstance(category, str) and _category(category) != row.category:
            changes["category"] = _category(category)
        elif category is not None and not isinstance(category, str):
            raise Invalid(fields={"classification": ["This cannot be changed."]})
        return update_tag(actor=actor_of(self.request), tag=row, changes=changes)

    def remove_living(self, row: Tag, *, recursive: bool, hard: bool) -> None:
        delete_tag(actor=actor_of(self.request), tag=row, hard=hard)

    def bring_back(self, row: Tag) -> Tag:
        return restore_tag(actor=actor_of(self.request), tag_id=row.pk)


class ClassificationViews(_TagRows):
    """Categories."""

    entity = "classification"
    kept_kind = CATEGORY
    shown = names(_BOTH, "termCount")
    requested = frozenset({"name", "description"})
    serializer_class: Any = ClassificationBody

    def get_queryset(self) -> QuerySet[Tag]:
        return classifications(self.tags())

    def named(self, fqn: str) -> Tag | None:
        return self.get_queryset().filter(category=_category(fqn)).first()

    def name_of(self, said: Mapping[str, Any]) -> str:
        return quote_part(said["name"])

    def shapes(self, rows: Sequence[Tag], fields: Collection[str]) -> list[dict[str, Any]]:
        versions = self.counted(rows)
        return [
            {
                "name": row.category,
                "fullyQualifiedName": quote_part(row.category),
                **self.told(row, versions.get(row.pk, 1), "classifications"),
                **({"description": ""} if row.name != row.category else {}),
            }
            for row in rows
        ]

    def make(self, said: Mapping[str, Any], key: UUID | None = None) -> Tag:
        """The tag that bears the classification's name; one that is there already becomes it."""
        actor, name = actor_of(self.request), said["name"]
        there = self.tags().filter(key=tag_key(name)).first()
        data = {"category": name, **_data(said)}
        if there is not None and key is not None:
            raise Conflict(f"There is a tag '{there.name}' already, with another id", resource="tag")
        if there is not None:
            return update_tag(actor=actor, tag=there, changes={"name": name, **data})
        return create_tag(actor=actor, data={"name": name, **data}, tag_id=key)

    def change(self, row: Tag, said: Mapping[str, Any]) -> Tag:
        changes = _data(said)
        if row.name != row.category:  # no tag bears its name yet
            return self.make({"name": row.category, **said}) if changes.get("description") else row
        return update_tag(actor=actor_of(self.request), tag=row, changes=changes)

    def remove_living(self, row: Tag, *, recursive: bool, hard: bool) -> None:
        inside = self.tags().filter(category=row.category).exclude(_ROOT)
        if not recursive and inside.exists():
            raise Invalid(f"'{row.category}' is not empty: delete it with recursive=true", resource="tag")
        organization_id = row.organization_id
        delete_category(actor=actor_of(self.request), organization_id=organization_id, category=row.category, hard=hard)

    def bring_back(self, row: Tag) -> Tag:
        if not row._state.adding:
            return row
        return restore_category(actor=actor_of(self.request), tag_id=row.pk)


def _category(fqn: str) -> str:
    """The category that a classification's fully qualified name means."""
    try:
        parts = split_name(fqn) if fqn else []
    except ValueError:
        raise Invalid(fields={"classification": ["This is no fully qualified name: look at its quotes."]}) from None
    return parts[0] if len(parts) == 1 else fqn


def _classification(row: Tag) -> str:
    return row.category or parts_of(row.name)[0]


def _data(said: Mapping[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if "description" in said:
        data["description"] = text_of(said, "description")
    if "style" in said:
        style = {} if said["style"] is None else said["style"]
        if not isinstance(style, Mapping) or set(style) - {"color", "iconURL"} or style.get("iconURL"):
            raise Invalid(fields={"style": ["This must be an object with 'color', as #rrggbb."]})
        data["colour"] = "" if style.get("color") is None else style["color"]
    return data


urlpatterns = [
    *routes("tags", TagViews, EntityTagEntitySerializer),
    *routes("classifications", ClassificationViews, ClassificationEntitySerializer),
]

"""`/api/v1/domains`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from rest_framework import serializers

from catalog.api.entities.concepts import ConceptViews
from catalog.api.entities.described import EntityReferenceSerializer, EntitySerializer
from catalog.models import Domain, DomainType
from contracts.entities import names
from contracts.entity_routes import routes
from contracts.errors import Invalid

_TYPES = {
    "Source-aligned": DomainType.SOURCE_ALIGNED,
    "Consumer-aligned": DomainType.CONSUMER_ALIGNED,
    "Aggregate": DomainType.AGGREGATE,
}
_TYPE_NAME = {str(type_): name for name, type_ in _TYPES.items()}


class DomainEntityBody(serializers.Serializer[Any]):
    """A domain to be made or replaced."""

    name = serializers.CharField()
    displayName = serializers.CharField(required=False)
    description = serializers.CharField(required=False)
    domainType = serializers.ChoiceField(list(_TYPES), required=False, help_text="Aggregate where it is not said.")
    owners = EntityReferenceSerializer(many=True, required=False)
    # A name in a request, a reference in an answer.
    parent: Any = serializers.CharField(required=False, help_text="The wider domain's fully qualified name.")


class DomainEntitySerializer(DomainEntityBody, EntitySerializer):
    """A part of the business that data belongs to."""

    parent = EntityReferenceSerializer(required=False)
    children = EntityReferenceSerializer(many=True, required=False)
    childrenCount = serializers.IntegerField(required=False)
    deleted = serializers.BooleanField(required=False, help_text="Of a deleted one only.")


class EntityDomainViews(ConceptViews[Domain]):
    """Domains."""

    entity = "domain"
    model = Domain
    where = "domains"
    above = ("parent",)
    scopes = ("domain",)
    kept_as: ClassVar[Mapping[str, str]] = {**ConceptViews.kept_as, "type": "type"}
    words: ClassVar[Mapping[str, str]] = {**ConceptViews.words, "type": "domainType"}
    shown = names(
        "id domainType name fullyQualifiedName displayName description style version updatedAt updatedBy href parent"
        " children childrenCount owners experts tags assets changeDescription extension followers"
    )
    requested = names("name displayName description domainType owners parent")
    passed_over = names("tags experts style extension domains")
    trail = "DOMAIN"
    queryset = Domain.objects.none()
    serializer_class: Any = DomainEntityBody

    def shapes(self, rows: Sequence[Domain], fields: Collection[str]) -> list[dict[str, Any]]:
        entities = super().shapes(rows, fields)
        if "children" in fields or "childrenCount" in fields:
            inside: dict[Any, list[Domain]] = {}
            for child in Domain.objects.filter(parent__in=[row.pk for row in rows], deleted_at=None).order_by("key"):
                inside.setdefault(child.parent_id, []).append(child)
            for entity in entities:
                children = inside.get(entity["id"], [])
                if "children" in fields:
                    entity["children"] = [self.reference(child, "domain", "domains") for child in children]
                if "childrenCount" in fields:
                    entity["childrenCount"] = len(children)
        return entities

    def shape(self, row: Domain, fields: Collection[str]) -> dict[str, Any]:
        entity = super().shape(row, fields)
        if not entity["deleted"]:
            del entity["deleted"]  # the public schema of a domain has no such field: only a deleted one says so
        entity["domainType"] = _TYPE_NAME[str(row.type)]
        if row.parent is not None:
            entity["parent"] = self.reference(row.parent, "domain", "domains")
        return entity

    def data(self, said: Mapping[str, Any]) -> dict[str, Any]:
        data = super().data(said)
        if "domainType" in said:
            type_ = said["domainType"]
            if type_ is not None and (not isinstance(type_, str) or type_ not in _TYPES):
                raise Invalid(fields={"domainType": [f"This must be one of {', '.join(_TYPES)}."]})
            data["type"] = str(_TYPES[type_] if type_ else DomainType.AGGREGATE)
        return data


urlpatterns = routes("domains", EntityDomainViews, DomainEntitySerializer)

"""The entities as the OpenAPI schema describes them, made from the same declarations."""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from catalog.api.entities.kinds import Kept, Kind
from contracts.entities import names


class EntityReferenceSerializer(serializers.Serializer[Any]):
    """Another entity."""

    id = serializers.UUIDField()
    type = serializers.CharField()
    name = serializers.CharField(required=False)
    fullyQualifiedName = serializers.CharField(required=False)
    displayName = serializers.CharField(required=False)
    deleted = serializers.BooleanField(required=False)
    href = serializers.URLField(required=False)


class EntitySerializer(serializers.Serializer[Any]):
    """What every entity answers beside its body."""

    id = serializers.UUIDField()
    fullyQualifiedName = serializers.CharField()
    version = serializers.FloatField()
    updatedAt = serializers.IntegerField(help_text="Milliseconds since 1970.")
    deleted = serializers.BooleanField()
    href = serializers.URLField()


class EntityTagLabelSerializer(serializers.Serializer[Any]):
    """A tag on an entity or a column."""

    tagFQN = serializers.CharField()
    name = serializers.CharField(required=False)
    source = serializers.ChoiceField(["Classification", "Glossary"], required=False)  # type: ignore[assignment]  # the page's name for it
    labelType = serializers.CharField(required=False)
    state = serializers.CharField(required=False)
    href = serializers.CharField(required=False)


def _list(child: Any) -> Any:
    return lambda: serializers.ListField(child=child(), required=False)


_SHAPES: dict[str, Any] = {
    "text": lambda: serializers.CharField(required=False),
    "number": lambda: serializers.FloatField(required=False),
    "whole": lambda: serializers.IntegerField(required=False, min_value=0),
    "flag": lambda: serializers.BooleanField(required=False),
    "object": lambda: serializers.DictField(required=False),
    "texts": _list(serializers.CharField),
    "objects": _list(serializers.DictField),
}

_FIELDS: dict[str, Any] = {
    "version": lambda: serializers.FloatField(required=False),
    "deleted": lambda: serializers.BooleanField(required=False),
    "updatedAt": lambda: serializers.IntegerField(required=False, help_text="Milliseconds since 1970."),
    **dict.fromkeys(
        ("service", "database", "databaseSchema", "parent"), lambda: EntityReferenceSerializer(required=False)
    ),
    **dict.fromkeys(("owners", "charts", "children"), lambda: EntityReferenceSerializer(many=True, required=False)),
    "tags": lambda: EntityTagLabelSerializer(many=True, required=False),
    **dict.fromkeys(("columns", "fields", "tableConstraints"), _list(serializers.DictField)),
    **dict.fromkeys(("extension", "changeDescription"), lambda: serializers.DictField(required=False)),
}
"""How a field is described; one that is not here is text."""


def _field(name: str, kept: Kept | None) -> Any:
    if kept is not None:
        return _SHAPES[kept.shape]()
    made = _FIELDS.get(name)
    return made() if made else serializers.CharField(required=False)


ANSWERED = names(
    "id name fullyQualifiedName displayName description version updatedAt updatedBy href owners tags changeDescription"
    " deleted extension service serviceType database databaseSchema parent charts children columns fields tableType"
    " tableConstraints"
)
"""What is answered beside what `Kind.kept` holds."""


@cache
def entity_serializer(kind: Kind) -> Any:
    """What is answered of one entity."""
    fields: dict[str, Any] = {"id": serializers.UUIDField(), "name": serializers.CharField()}
    for name in sorted(kind.shown & (ANSWERED | kind.kept.keys())):
        fields.setdefault(name, _field(name, kind.kept.get(name)))
    fields["href"] = serializers.URLField()
    name = f"{kind.entity[0].upper()}{kind.entity[1:]}EntitySerializer"
    return type(name, (serializers.Serializer,), {**fields, "__doc__": f"A {kind.entity}."})


@cache
def body_serializer(kind: Kind) -> Any:
    """What a request says of one entity."""
    fields: dict[str, Any] = {}
    for name in sorted(kind.requested):
        text = name in {"service", "database", "databaseSchema", "parent"}
        fields[name] = serializers.CharField() if text else _field(name, kind.kept.get(name))
        fields[name].required = name in kind.required
    name = f"{kind.entity[0].upper()}{kind.entity[1:]}Body"
    return type(name, (serializers.Serializer,), {**fields, "__doc__": f"A {kind.entity} to be made or replaced."})


def query(name: str, description: str, choices: tuple[str, ...] = ()) -> OpenApiParameter:
    return OpenApiParameter(name, str, description=description, enum=list(choices) or None)


FIELDS = query("fields", "Fields to answer beside those that always are, with commas between; `*` for all.")
INCLUDE = query("include", "Whether deleted ones are answered.", ("non-deleted", "deleted", "all"))
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The version that is to be changed; 412 where it is another."
)

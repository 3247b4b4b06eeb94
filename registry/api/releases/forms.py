"""What the searches of the releases contract can be asked, by query string and by body: each name once.

These describe; `registry.api.releases.asked` reads, and takes the names from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from drf_spectacular.drainage import set_override
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers

from registry.api.releases.filters import ARTIFACT_SORTS, RELATIONSHIP_SORTS, RELEASE_SORTS
from registry.models import ArtifactRelationType, ArtifactType, ReleaseStatus


class _Words(serializers.ListField):
    """One text, or a list of them: `"sbom"`, `["sbom", "vex"]`; with commas between in a query string."""

    def __init__(self, choices: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.choices = list(choices)
        text: dict[str, Any] = {"type": "string", **({"enum": self.choices} if self.choices else {})}
        set_override(self, "field", {"oneOf": [text, {"type": "array", "items": text}]})


def _text(help_text: str = "") -> serializers.CharField:
    return serializers.CharField(required=False, help_text=help_text)


class ComponentQuery(serializers.Serializer[Any]):
    """Components: all that is given must hold."""

    name = _text("Alone or as `group/name`.")
    purl = _text("With or without a version.")
    version = _text("Exactly this one.")
    version_range = _text("As `vers:pypi/>=1.0|<2.0`.")
    licence = _text("An SPDX identifier, or a whole expression.")


class _ReleaseFields(serializers.Serializer[Any]):
    q = _text("A part of the project's name or of the version.")
    project_id = _Words()
    product_id = _Words()
    version_pattern = _text("`*` stands for anything, `?` for one character.")
    status = _Words(ReleaseStatus.values)


class _ReleaseParameters(_ReleaseFields):
    start = _text("Released on this day (2024-01-31), at this moment, or later.")
    end = _text("Released then or earlier.")


class DateRange(serializers.Serializer[Any]):
    start = _text("Released on this day (2024-01-31), at this moment, or later.")
    end = _text("Released then or earlier.")


class ReleaseQuery(_ReleaseFields):
    date_range = DateRange(required=False)
    components = ComponentQuery(required=False)


class _ArtifactFields(serializers.Serializer[Any]):
    type = _Words(ArtifactType.values)
    format = _Words()
    release_version = _Words()
    project_id = _Words()
    has_relationship = _Words(
        [*ArtifactType.values, *ArtifactRelationType.values],
        help_text="A type of relationship, or of the artifact at its other end.",
    )


class _ArtifactParameters(_ArtifactFields, ComponentQuery):
    pass


class ContentQuery(serializers.Serializer[Any]):
    components = ComponentQuery(required=False)


class ArtifactQuery(_ArtifactFields):
    content = ContentQuery(required=False)


class RelationshipQuery(serializers.Serializer[Any]):
    source_type = _Words(ArtifactType.values)
    target_type = _Words(ArtifactType.values)
    relationship_type = _Words(ArtifactRelationType.values)
    source_id = _Words()
    target_id = _Words()


WANTED = tuple(ComponentQuery().fields)


@dataclass(frozen=True)
class Form:
    """One search: what may stand in its query string, in its body's `query`, and what it sorts by and includes."""

    name: str
    parameters: type[serializers.Serializer[Any]]
    query: type[serializers.Serializer[Any]]
    sorts: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()

    @cached_property
    def query_fields(self) -> frozenset[str]:
        return frozenset(self.parameters().fields)

    @cached_property
    def body_fields(self) -> frozenset[str]:
        return frozenset(self.query().fields)

    @property
    def parts(self) -> frozenset[str]:
        """Of a body."""
        return frozenset({"query", "sort", "page", "limit", *(["include"] if self.includes else [])})

    def documented(self, answer: type[serializers.Serializer[Any]]) -> Callable[[Any], Any]:
        """A decorator of the view's method, for the OpenAPI schema."""
        by_get = extend_schema(methods=["GET"], parameters=self._parameters(), responses=answer(many=True))
        in_the_body = [OpenApiParameter(name, exclude=True) for name in ("page", "limit")]
        by_post = extend_schema(
            methods=["POST"], parameters=in_the_body, request=self._body(), responses={200: answer(many=True)}
        )
        return lambda method: by_get(by_post(method))

    def _parameters(self) -> list[OpenApiParameter]:
        found = []
        for name, field in self.parameters().fields.items():
            several = isinstance(field, _Words)
            choices = field.choices if isinstance(field, _Words) else None
            found.append(_parameter(name, str(field.help_text or ""), several=several, choices=choices))
        if self.sorts:
            words = [*self.sorts, *(f"-{word}" for word in self.sorts)]
            found.append(_parameter("sort", "`-` before one descends.", several=True, choices=words))
        if self.includes:
            found.append(_parameter("include", "", several=True, choices=list(self.includes)))
        return found

    def _body(self) -> serializers.Serializer[Any]:
        fields: dict[str, Any] = {"query": self.query(required=False)}
        if self.sorts:
            term: dict[str, Any] = {
                "field": serializers.ChoiceField(list(self.sorts)),
                "order": serializers.ChoiceField(["asc", "desc"], required=False),
            }
            fields["sort"] = inline_serializer(f"{self.name}SearchTerm", term, many=True, required=False)
        if self.includes:
            words = serializers.ChoiceField(list(self.includes))
            fields["include"] = serializers.ListField(child=words, required=False)
        fields["page"] = serializers.IntegerField(min_value=1, required=False, default=1)
        fields["limit"] = serializers.IntegerField(min_value=1, max_value=100, required=False, default=20)
        body: serializers.Serializer[Any] = inline_serializer(f"{self.name}Search", fields)
        return body


def _parameter(name: str, description: str, *, several: bool, choices: list[str] | None) -> OpenApiParameter:
    return OpenApiParameter(
        name, many=several, explode=False if several else None, description=description, enum=choices or None
    )


RELEASES = Form("Release", _ReleaseParameters, ReleaseQuery, tuple(RELEASE_SORTS))
ARTIFACTS = Form(
    "Artifact", _ArtifactParameters, ArtifactQuery, tuple(ARTIFACT_SORTS), ("metadata", "relationships", "releases")
)
RELATIONSHIPS = Form("Relationship", RelationshipQuery, RelationshipQuery, tuple(RELATIONSHIP_SORTS))
COMPONENTS = Form("Component", ComponentQuery, ComponentQuery)

"""`/v1/domains`, `/v1/glossaries` and `/v1/glossary-terms`, in the style of the metastore contract."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.checks import DISPLAY_NAME_LENGTH, NAME_LENGTH
from catalog.api.concepts import ConceptViews, DomainViews, GlossaryViews, TermViews
from catalog.api.parameters import parameter
from catalog.api.serializers import LineageAssetSerializer, OwnerSerializer, ReferenceSerializer
from catalog.models import DomainType, TermStatus
from contracts.metastore import Metastore

_OWNER = "A member (id, user name or e-mail address) or a team (id or name); null for nobody."


class ConceptBody(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=NAME_LENGTH)
    display_name = serializers.CharField(max_length=DISPLAY_NAME_LENGTH, required=False, allow_blank=True)
    owner = serializers.CharField(required=False, allow_null=True, help_text=_OWNER)


class GlossaryBody(ConceptBody):
    description = serializers.CharField(required=False, allow_blank=True)


class DomainBody(GlossaryBody):
    type = serializers.ChoiceField(DomainType.values, required=False, help_text="aggregate where it is not said.")
    parent = serializers.CharField(  # type: ignore[assignment]  # the field's name in the contract
        required=False, allow_null=True, help_text="A domain, by its id or full name."
    )


class TermBody(ConceptBody):
    glossary = serializers.CharField(
        required=False, help_text="By its id or name. A term stays in it; without one it is its parent's."
    )
    parent = serializers.CharField(  # type: ignore[assignment]  # the field's name in the contract
        required=False, allow_null=True, help_text="A wider term of the glossary, by its id or full name."
    )
    definition = serializers.CharField(required=False, allow_blank=True)
    synonyms = serializers.ListField(child=serializers.CharField(max_length=NAME_LENGTH), required=False)
    status = serializers.ChoiceField(TermStatus.values, required=False, help_text="draft where it is not said.")


class _Patch(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=NAME_LENGTH, required=False)
    version = serializers.IntegerField(required=False, help_text="The version that is to be changed, as `If-Match`.")


class GlossaryPatch(_Patch, GlossaryBody):
    """What is to be changed; the rest stays. What cannot be changed may come back as it was shown."""

    name = serializers.CharField(max_length=NAME_LENGTH, required=False)


class DomainPatch(_Patch, DomainBody):
    """What is to be changed; the rest stays. What cannot be changed may come back as it was shown."""

    name = serializers.CharField(max_length=NAME_LENGTH, required=False)


class TermPatch(_Patch, TermBody):
    """What is to be changed; the rest stays. What cannot be changed may come back as it was shown."""

    name = serializers.CharField(max_length=NAME_LENGTH, required=False)


class ConceptSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    fully_qualified_name = serializers.CharField(help_text="The names from the top down, with dots between.")
    display_name = serializers.CharField()
    owner = OwnerSerializer(allow_null=True)
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class GlossarySerializer(ConceptSerializer):
    description = serializers.CharField()


class DomainSerializer(GlossarySerializer):
    type = serializers.ChoiceField(DomainType.values)
    parent = ReferenceSerializer(allow_null=True)


class TermSerializer(ConceptSerializer):
    glossary = ReferenceSerializer()
    parent = ReferenceSerializer(allow_null=True)
    definition = serializers.CharField()
    synonyms = serializers.ListField(child=serializers.CharField())
    status = serializers.ChoiceField(TermStatus.values)


class LinkBody(serializers.Serializer[Any]):
    asset_id = serializers.UUIDField()
    column = serializers.CharField(
        required=False, allow_null=True, help_text="Of a column of it; a nested one as `address.city`."
    )


class LinkSerializer(serializers.Serializer[Any]):
    asset = LineageAssetSerializer()
    column = serializers.CharField(allow_null=True, help_text="Null where the term is said of the asset itself.")


_CHANGE = [parameter("recursive", "`true`: with all that lies in it; else (`false`) one that holds others is a 409.")]


def _described(shown: Any, body: Any, patch: Any) -> Any:
    """The operations that all three have, for the OpenAPI schema."""
    return extend_schema_view(
        list=extend_schema(responses=shown(many=True)),
        retrieve=extend_schema(responses=shown),
        create=extend_schema(request=body, responses={201: shown}),
        update=extend_schema(request=patch, responses=shown),
        destroy=extend_schema(parameters=_CHANGE, responses={204: None}),
    )


@_described(DomainSerializer, DomainBody, DomainPatch)
class MetastoreDomains(Metastore, DomainViews):
    """Parts of the business that data belongs to."""

    serializer_class: Any = DomainBody

    @extend_schema(operation_id="metastore_domain_by_name", responses=DomainSerializer)
    def by_name(self, request: Request, name: str) -> Response:
        """By the full name, whatever its case."""
        return super().by_name(request, name)

    @extend_schema(operation_id="metastore_domain_restore", request=None, responses=DomainSerializer)
    def restore(self, request: Request, pk: str) -> Response:
        """Bring a deleted one back, and what was deleted with it."""
        return super().restore(request, pk)


@_described(GlossarySerializer, GlossaryBody, GlossaryPatch)
class MetastoreGlossaries(Metastore, GlossaryViews):
    """Books of terms."""

    serializer_class: Any = GlossaryBody

    @extend_schema(operation_id="metastore_glossary_by_name", responses=GlossarySerializer)
    def by_name(self, request: Request, name: str) -> Response:
        """By the full name, whatever its case."""
        return super().by_name(request, name)

    @extend_schema(operation_id="metastore_glossary_restore", request=None, responses=GlossarySerializer)
    def restore(self, request: Request, pk: str) -> Response:
        """Bring a deleted one back, and what was deleted with it."""
        return super().restore(request, pk)


@_described(TermSerializer, TermBody, TermPatch)
class MetastoreTerms(Metastore, TermViews):
    """Words of the business, what they mean, and which assets and columns they are said of."""

    serializer_class: Any = TermBody

    @extend_schema(operation_id="metastore_glossary_term_by_name", responses=TermSerializer)
    def by_name(self, request: Request, name: str) -> Response:
        """By the full name, whatever its case."""
        return super().by_name(request, name)

    @extend_schema(operation_id="metastore_glossary_term_restore", request=None, responses=TermSerializer)
    def restore(self, request: Request, pk: str) -> Response:
        """Bring a deleted one back, and what was deleted with it."""
        return super().restore(request, pk)

    @extend_schema(operation_id="metastore_glossary_term_assets", responses=LinkSerializer(many=True))
    def assets(self, request: Request, pk: str) -> Response:
        """Which assets and columns the term is said of."""
        return super().assets(request, pk)

    @extend_schema(
        operation_id="metastore_glossary_term_link",
        request=LinkBody,
        responses={201: LinkSerializer, 200: LinkSerializer},
    )
    def link(self, request: Request, pk: str) -> Response:
        """Say the term of an asset or of one of its columns; 200 where it was said already."""
        return super().link(request, pk)

    @extend_schema(
        operation_id="metastore_glossary_term_unlink",
        parameters=[parameter("column", "The column that it is said of; without, the asset itself.")],
        responses={204: None},
    )
    def unlink(self, request: Request, pk: str, asset_id: str) -> Response:
        """Say the term no longer of an asset or of one of its columns."""
        return super().unlink(request, pk, asset_id)


class MetastoreTermLinks(MetastoreTerms):
    """Which assets and columns a term is said of."""

    serializer_class: Any = LinkBody
    filterset_class = None


def _routes(segment: str, name: str, view: type[ConceptViews]) -> list[URLPattern]:
    one: dict[str, Any] = {"get": "retrieve", "put": "update", "delete": "destroy"}
    return [
        path(segment, view.as_view({"get": "list", "post": "create"}), name=f"{name}s"),
        path(f"{segment}/name/<path:name>", view.as_view({"get": "by_name"}), name=f"{name}-by-name"),
        path(f"{segment}/<str:pk>", view.as_view(one), name=name),
        path(f"{segment}/<str:pk>/restore", view.as_view({"post": "restore"}), name=f"{name}-restore"),
    ]


urlpatterns = [
    *_routes("domains", "domain", MetastoreDomains),
    *_routes("glossaries", "glossary", MetastoreGlossaries),
    *_routes("glossary-terms", "term", MetastoreTerms),
    path(
        "glossary-terms/<str:pk>/assets",
        MetastoreTermLinks.as_view({"get": "assets", "post": "link"}),
        name="term-assets",
    ),
    path(
        "glossary-terms/<str:pk>/assets/<str:asset_id>",
        MetastoreTermLinks.as_view({"delete": "unlink"}),
        name="term-asset",
    ),
]

"""Organizations as publishers."""

from __future__ import annotations

from typing import ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Organization
from accounts.permissions import PublicReads, actor_of
from accounts.services import create_organization, update_organization
from contracts.errors import NotFound
from contracts.registry import Registry
from contracts.serializers import Strict
from contracts.views import ContractViewSet
from registry.api.registry.shapes import OrganizationDetailSerializer, OrganizationSerializer


class NewOrganizationSerializer(Strict):
    slug = serializers.CharField(max_length=100)
    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    description = serializers.CharField(required=False, allow_blank=True)
    website = serializers.CharField(max_length=500, required=False, allow_blank=True)
    logo_url = serializers.CharField(max_length=500, required=False, allow_blank=True)
    is_public = serializers.BooleanField(required=False)


class OrganizationChangeSerializer(NewOrganizationSerializer):
    slug = serializers.CharField(max_length=100, required=False)


@extend_schema_view(
    list=extend_schema(operation_id="registry_organizations", responses=OrganizationSerializer),
    create=extend_schema(
        operation_id="registry_organization_create",
        request=NewOrganizationSerializer,
        responses={201: OrganizationDetailSerializer},
    ),
    retrieve=extend_schema(operation_id="registry_organization"),
    partial_update=extend_schema(
        operation_id="registry_organization_update",
        request=OrganizationChangeSerializer,
        responses=OrganizationDetailSerializer,
    ),
)
class RegistryOrganizations(Registry, ContractViewSet[Organization]):
    """Publishers."""

    resource: ClassVar[str] = "organization"
    permission_classes = [PublicReads]
    serializer_class = OrganizationDetailSerializer

    def get_queryset(self) -> QuerySet[Organization]:
        readable = Organization.objects.readable_by(actor_of(self.request))
        return readable.select_related("registry_statistics").order_by("slug")

    def find(self, slug: str) -> Organization:
        found = Organization.objects.readable_by(actor_of(self.request)).by_slug(slug)
        organization = found.select_related("registry_statistics").first()
        if organization is None:
            raise NotFound(f"Organization '{slug}' not found", resource=self.resource)
        return organization

    def list(self, request: Request) -> Response:
        rows = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(OrganizationSerializer(rows, many=True).data)

    def create(self, request: Request) -> Response:
        given = NewOrganizationSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = create_organization(actor=actor_of(request), **given.validated_data)
        return Response(OrganizationDetailSerializer(made).data, status=status.HTTP_201_CREATED)

    def retrieve(self, request: Request, slug: str) -> Response:
        return Response(OrganizationDetailSerializer(self.find(slug)).data)

    def partial_update(self, request: Request, slug: str) -> Response:
        given = OrganizationChangeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        organization = self.find(slug)
        update_organization(actor=actor_of(request), organization=organization, changes=given.validated_data)
        return Response(OrganizationDetailSerializer(self.find(given.validated_data.get("slug", slug))).data)

"""People and access in the registry contract: `/api/v1/auth/token`, members and keys of an organization.

A key, and a password that was made, is in the answer that made it and in no other. Members are
listed to any member, keys to administrators; to others the organization's members and keys are not there.
"""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.login import NEVER_STORED, Issued, LogInView
from accounts.models import ApiKey, Membership, Organization, Role, User
from accounts.permissions import actor_of
from accounts.services import change_role, create_api_key, create_member, remove_member, revoke_api_key
from contracts.registry import Registry, SignInThrottle
from contracts.serializers import Strict
from contracts.views import ContractViewSet

M = TypeVar("M", bound=Model)


class TokenSerializer(serializers.Serializer[Issued]):
    token = serializers.CharField(source="tokens.access")
    expires_at = serializers.DateTimeField()


@extend_schema_view(post=extend_schema(operation_id="registry_token", auth=[], responses=TokenSerializer))
class RegistryToken(Registry, LogInView):
    answer_class = TokenSerializer
    throttle_classes = [SignInThrottle]


class PersonSerializer(serializers.ModelSerializer[User]):
    name = serializers.CharField(source="display_name")

    class Meta:
        model = User
        fields = ["id", "email", "username", "name"]


class MemberSerializer(serializers.ModelSerializer[Membership]):
    user = PersonSerializer()

    class Meta:
        model = Membership
        fields = ["id", "user", "role", "created_at"]


class NewMemberSerializer(Strict):
    """A person by e-mail address; whoever has no account yet gets one, with this password or one that is made."""

    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=Role.choices, default=Role.VIEWER)
    name = serializers.CharField(required=False, max_length=200, allow_blank=True)
    username = serializers.CharField(required=False, max_length=150, allow_blank=True)
    password = serializers.CharField(required=False, max_length=1024, trim_whitespace=False, write_only=True)


class MemberChangeSerializer(Strict):
    role = serializers.ChoiceField(choices=Role.choices)


class MadeMemberSerializer(MemberSerializer):
    password = serializers.CharField(required=False, help_text="Where one was made: shown this once.")

    class Meta(MemberSerializer.Meta):
        fields = [*MemberSerializer.Meta.fields, "password"]


class KeyMakerSerializer(serializers.ModelSerializer[User]):
    name = serializers.CharField(source="display_name")

    class Meta:
        model = User
        fields = ["id", "name"]


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    created_by = KeyMakerSerializer(allow_null=True)

    class Meta:
        model = ApiKey
        fields = [
            "id",
            "name",
            "role",
            "prefix",
            "created_by",
            "created_at",
            "expires_at",
            "revoked_at",
            "last_used_at",
        ]


class NewApiKeySerializer(Strict):
    name = serializers.CharField(max_length=200)
    role = serializers.ChoiceField(choices=Role.choices, default=Role.VIEWER)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class MadeApiKeySerializer(ApiKeySerializer):
    key = serializers.CharField(help_text="Shown this once.")

    class Meta(ApiKeySerializer.Meta):
        fields = [*ApiKeySerializer.Meta.fields, "key"]


class OrganizationPart(ContractViewSet[M], Generic[M]):
    """What hangs below `organizations/{slug}`: of the actor's own organization, else not there."""

    @property
    def organization(self) -> Organization:
        return Organization.objects.visible_to(actor_of(self.request)).named(self.kwargs["slug"])


@extend_schema_view(
    list=extend_schema(operation_id="registry_members"),
    create=extend_schema(
        operation_id="registry_member_create", request=NewMemberSerializer, responses={201: MadeMemberSerializer}
    ),
    retrieve=extend_schema(operation_id="registry_member"),
    partial_update=extend_schema(operation_id="registry_member_update", request=MemberChangeSerializer),
    destroy=extend_schema(operation_id="registry_member_delete"),
)
class RegistryMembers(Registry, OrganizationPart[Membership]):
    """Who belongs to an organization, and with which role."""

    resource: ClassVar[str] = "member"
    queryset = Membership.objects.none()
    serializer_class = MemberSerializer

    def get_queryset(self) -> QuerySet[Membership]:
        return self.organization.memberships.select_related("user")

    def list(self, request: Request, slug: str) -> Response:
        return self.paged(self.get_queryset())

    def create(self, request: Request, slug: str) -> Response:
        given = NewMemberSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = create_member(actor=actor_of(request), organization=self.organization, **given.validated_data)
        data = MemberSerializer(made.membership).data
        if made.password is not None:
            data["password"] = made.password
        return Response(data, status=status.HTTP_201_CREATED, headers=NEVER_STORED)

    def retrieve(self, request: Request, slug: str, pk: str) -> Response:
        return self.one(self.get_object())

    def partial_update(self, request: Request, slug: str, pk: str) -> Response:
        membership = self.get_object()
        given = MemberChangeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return self.one(change_role(actor=actor_of(request), membership=membership, role=given.validated_data["role"]))

    def destroy(self, request: Request, slug: str, pk: str) -> Response:
        remove_member(actor=actor_of(request), membership=self.get_object())
        return self.deleted()


@extend_schema_view(
    list=extend_schema(operation_id="registry_api_keys"),
    create=extend_schema(
        operation_id="registry_api_key_create", request=NewApiKeySerializer, responses={201: MadeApiKeySerializer}
    ),
    retrieve=extend_schema(operation_id="registry_api_key"),
    destroy=extend_schema(operation_id="registry_api_key_revoke", description="Revoke it: it stays on the list."),
)
class RegistryApiKeys(Registry, OrganizationPart[ApiKey]):
    """The keys that programs use in an organization. A key is shown when it is made, and never again."""

    resource: ClassVar[str] = "api_key"
    queryset = ApiKey.objects.none()
    serializer_class = ApiKeySerializer

    def get_queryset(self) -> QuerySet[ApiKey]:
        organization = self.organization
        actor_of(self.request).require(Role.ADMIN)
        return organization.api_keys.select_related("created_by")

    def list(self, request: Request, slug: str) -> Response:
        return self.paged(self.get_queryset())

    def create(self, request: Request, slug: str) -> Response:
        given = NewApiKeySerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = create_api_key(actor=actor_of(request), organization=self.organization, **given.validated_data)
        data = {**ApiKeySerializer(made.api_key).data, "key": made.key}
        return Response(data, status=status.HTTP_201_CREATED, headers=NEVER_STORED)

    def retrieve(self, request: Request, slug: str, pk: str) -> Response:
        return self.one(self.get_object())

    def destroy(self, request: Request, slug: str, pk: str) -> Response:
        revoke_api_key(actor=actor_of(request), api_key=self.get_object())
        return self.deleted()


urlpatterns: list[URLPattern] = [
    path("auth/token", RegistryToken.as_view(), name="registry_token"),
    path(
        "organizations/<str:slug>/members",
        RegistryMembers.as_view({"get": "list", "post": "create"}),
        name="registry_members",
    ),
    path(
        "organizations/<str:slug>/members/<str:pk>",
        RegistryMembers.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="registry_member",
    ),
    path(
        "organizations/<str:slug>/api-keys",
        RegistryApiKeys.as_view({"get": "list", "post": "create"}),
        name="registry_api_keys",
    ),
    path(
        "organizations/<str:slug>/api-keys/<str:pk>",
        RegistryApiKeys.as_view({"get": "retrieve", "delete": "destroy"}),
        name="registry_api_key",
    ),
]

"""Teams in the style of the metastore contract: `/v1/teams`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.urls import URLPattern, path
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.checks import DISPLAY_NAME_LENGTH, NAME_LENGTH
from accounts.managers import name_key
from accounts.models import Team
from accounts.permissions import actor_of
from accounts.querysets import TeamQuerySet
from accounts.services import create_team, delete_team, restore_team, update_team
from contracts.conditional import expected_version
from contracts.errors import NotFound
from contracts.metastore import Metastore
from contracts.returned import WasShown, changes_of, earlier_time, same, same_time
from contracts.views import ContractViewSet, uuid_of

READ_ONLY: Mapping[str, WasShown] = {"id": same, "created_at": same_time, "updated_at": earlier_time}
"""What is shown of a team and cannot be changed."""


class TeamBody(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=NAME_LENGTH)
    display_name = serializers.CharField(max_length=DISPLAY_NAME_LENGTH, required=False, allow_blank=True)
    description = serializers.CharField(required=False, allow_blank=True)
    members = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="All of them, by id, user name or e-mail address."
    )


class TeamPatch(TeamBody):
    """What is to be changed; the rest stays. What cannot be changed may come back as it was shown."""

    name = serializers.CharField(max_length=NAME_LENGTH, required=False)
    version = serializers.IntegerField(required=False, help_text="The version that is to be changed, as `If-Match`.")


class TeamMemberSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField(source="display_name")


class TeamSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    display_name = serializers.CharField()
    description = serializers.CharField()
    members = TeamMemberSerializer(many=True)
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class TeamFilters(filters.FilterSet):  # type: ignore[misc]
    search = filters.CharFilter(method="called", help_text="A part of the name or of the display name.")
    member = filters.CharFilter(method="having", help_text="Teams of this member: id, user name or e-mail address.")

    def called(self, teams: TeamQuerySet, name: str, value: str) -> TeamQuerySet:
        return teams.filter(Q(key__contains=name_key(value)) | Q(display_name__icontains=value))

    def having(self, teams: TeamQuerySet, name: str, value: str) -> TeamQuerySet:
        named = Q(members__username__iexact=value) | Q(members__email__iexact=value)
        return teams.filter(named | Q(members=key) if (key := uuid_of(value)) else named).distinct()


class TeamViews(ContractViewSet[Team]):
    """The teams of the actor's organization."""

    resource = "team"
    queryset = Team.objects.none()
    filterset_class = TeamFilters

    def get_queryset(self) -> TeamQuerySet:
        return Team.objects.visible_to(actor_of(self.request)).prefetch_related("members")

    def list(self, request: Request) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset().order_by("key"))) or []
        return self.get_paginated_response(TeamSerializer(rows, many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.one(self.get_object())

    @extend_schema(operation_id="metastore_team_by_name", responses=TeamSerializer)
    def by_name(self, request: Request, name: str) -> Response:
        """By the name, whatever its case."""
        found = self.get_queryset().filter(key=name_key(name)).first()
        if found is None:
            raise NotFound(resource=self.resource, name=name)
        return self.one(found)

    def create(self, request: Request) -> Response:
        return self.created(create_team(actor=actor_of(request), data=dict(request.data)))

    def update(self, request: Request, pk: str) -> Response:
        team, expected = self.get_object(), expected_version(request)
        said = {name: value for name, value in dict(request.data).items() if name != "version"}
        changes = changes_of(
            said, READ_ONLY, lambda: TeamSerializer(team).data, resource=self.resource, expected_version=expected
        )
        team = update_team(actor=actor_of(request), team=team, changes=changes, expected_version=expected)
        return self.one(team)

    def destroy(self, request: Request, pk: str) -> Response:
        expected = expected_version(request)
        delete_team(actor=actor_of(request), team=self.get_object(), expected_version=expected)
        return Response(status=204)

    @extend_schema(operation_id="metastore_team_restore", request=None, responses=TeamSerializer)
    def restore(self, request: Request, pk: str) -> Response:
        """Bring a deleted team back, with its members; what it owned it no longer owns."""
        key = uuid_of(pk)
        team = Team.objects.of_tenants(actor_of(request)).filter(pk=key).first() if key else None
        if team is None:
            raise NotFound(resource=self.resource, team_id=pk)
        return self.one(restore_team(actor=actor_of(request), team=team))

    def one(self, instance: Team, *, code: int = 200) -> Response:
        self.serializer_class = TeamSerializer
        return super().one(instance, code=code)


@extend_schema_view(
    list=extend_schema(responses=TeamSerializer(many=True)),
    retrieve=extend_schema(responses=TeamSerializer),
    create=extend_schema(request=TeamBody, responses={201: TeamSerializer}),
    update=extend_schema(request=TeamPatch, responses=TeamSerializer),
    destroy=extend_schema(
        responses={204: None}, description="Delete a team; what it owned has no owner then, and its history says so."
    ),
)
class MetastoreTeams(Metastore, TeamViews):
    """People of an organization who own things together. Its administrators make them."""

    serializer_class: Any = TeamBody


urlpatterns: list[URLPattern] = [
    path("teams", MetastoreTeams.as_view({"get": "list", "post": "create"}), name="teams"),
    path("teams/name/<path:name>", MetastoreTeams.as_view({"get": "by_name"}), name="team-by-name"),
    path(
        "teams/<str:pk>",
        MetastoreTeams.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
        name="team",
    ),
    path("teams/<str:pk>/restore", MetastoreTeams.as_view({"post": "restore"}), name="team-restore"),
]

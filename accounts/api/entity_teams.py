"""Teams of the entities contract. Routed where what they own is known."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers

from accounts.api.entity_rows import unquoted
from accounts.managers import name_key
from accounts.models import Team
from accounts.permissions import actor_of
from accounts.services import create_team, delete_team, restore_team, update_team
from audit.api.entities import VersionedRows
from contracts.entities import names
from contracts.entity_kept import KeptRows
from contracts.entity_views import text_of
from contracts.errors import Invalid

SHOWN = names(
    "id teamType name email fullyQualifiedName displayName description version updatedAt updatedBy href profile parents"
    " children users childrenCount userCount owns owners isJoinable changeDescription deleted defaultRoles"
    " inheritedRoles policies domains"
)
KIND = "Group"
"""The one `teamType` that our teams are of: people who own things together."""


class TeamBody(serializers.Serializer[Any]):
    """A team to be made or replaced."""

    name = serializers.CharField()
    teamType = serializers.ChoiceField([KIND], required=False)
    displayName = serializers.CharField(required=False)
    description = serializers.CharField(required=False)
    users = serializers.ListField(child=serializers.UUIDField(), required=False)


class TeamEntitySerializer(serializers.Serializer[Any]):
    """People who own things together."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    fullyQualifiedName = serializers.CharField()
    teamType = serializers.CharField()
    displayName = serializers.CharField(required=False)
    description = serializers.CharField(required=False)
    users = serializers.ListField(child=serializers.DictField(), required=False)
    userCount = serializers.IntegerField(required=False)
    version = serializers.FloatField()
    updatedAt = serializers.IntegerField(help_text="Milliseconds since 1970.")
    deleted = serializers.BooleanField()
    href = serializers.URLField()


class TeamViews(KeptRows[Team], VersionedRows[Team]):
    """Teams."""

    entity = "team"
    shown = SHOWN
    requested = frozenset({"name", "teamType", "displayName", "description", "users"})
    passed_over = names("domains owners policies defaultRoles parents children isJoinable profile")
    words: ClassVar[Mapping[str, str]] = {"members": "users", "display_name": "displayName"}
    trail = "TEAM"
    kept_as: ClassVar[Mapping[str, str]] = {name: name for name in ("name", "display_name", "description")}
    queryset = Team.objects.none()
    serializer_class: Any = TeamBody

    def everything(self) -> QuerySet[Team]:
        return Team.objects.of_tenants(actor_of(self.request))

    def key_of(self, fqn: str) -> str:
        return name_key(unquoted(fqn))

    def shapes(self, rows: Sequence[Team], fields: Collection[str]) -> list[dict[str, Any]]:
        people: dict[Any, list[dict[str, Any]]] = {}
        if rows and {"users", "userCount"} & set(fields):
            members = Team.members.through.objects.filter(team__in=[row.pk for row in rows]).order_by("user__username")
            for team, user, name in members.values_list("team_id", "user_id", "user__username"):
                href = self.href(f"users/{user}")
                people.setdefault(team, []).append({"id": user, "type": "user", "name": name, "href": href})
        return [self._shape(row, people.get(row.pk, []), fields) for row in rows]

    def _shape(self, row: Team, people: list[dict[str, Any]], fields: Collection[str]) -> dict[str, Any]:
        quoted = row.name.replace('"', '""')
        entity: dict[str, Any] = {
            "id": row.pk,
            "name": row.name,
            "fullyQualifiedName": f'"{quoted}"' if "." in row.name or '"' in row.name else row.name,
            "teamType": KIND,
            "version": row.version / 10,
            "updatedAt": int(row.updated_at.timestamp() * 1000),
            "href": self.href(f"teams/{row.pk}"),
            "deleted": row.deleted_at is not None,
        }
        if row.display_name:
            entity["displayName"] = row.display_name
        if row.description:
            entity["description"] = row.description
        if "users" in fields:
            entity["users"] = people
        if "userCount" in fields:
            entity["userCount"] = len(people)
        return entity

    def make(self, said: Mapping[str, Any], key: UUID | None = None) -> Team:
        return create_team(actor=actor_of(self.request), data={"name": said["name"], **_data(said)}, team_id=key)

    def change(self, row: Team, said: Mapping[str, Any]) -> Team:
        return update_team(actor=actor_of(self.request), team=row, changes=_data(said))

    def remove(self, row: Team, *, recursive: bool, hard: bool) -> None:
        delete_team(actor=actor_of(self.request), team=row, hard=hard)

    def bring_back(self, row: Team) -> Team:
        return restore_team(actor=actor_of(self.request), team=row)


def _data(said: Mapping[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if said.get("teamType") not in (None, KIND):
        raise Invalid(fields={"teamType": [f"This must be {KIND}."]})
    for name, field in (("displayName", "display_name"), ("description", "description")):
        if name in said:
            data[field] = text_of(said, name)
    if "users" in said:
        data["members"] = [_member(place, one) for place, one in enumerate(_list(said["users"]))]
    return data


def _list(value: Any) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise Invalid(fields={"users": ["This must be a list."]})
    return value or []


def _member(place: int, one: Any) -> str:
    """The id of a user, as text or in a reference."""
    key = one.get("id") if isinstance(one, Mapping) else one
    if not isinstance(key, str):
        raise Invalid(fields={f"users.{place}": ["This must be the id of a user."]})
    return key

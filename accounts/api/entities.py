"""Users of the entities contract: the members of the actor's organization. Routed where what they own is known."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from rest_framework import serializers

from accounts.api.entity_rows import RestorableRows, unquoted
from accounts.models import DeletedRow, Membership, Organization, Role, Team, User
from accounts.permissions import actor_of
from accounts.services import change_role, create_member, forget_deleted, remove_member, restore_member, update_user
from accounts.services.keeping import row_of
from accounts.services.members import KEPT_AS as MEMBER_KEPT_AS
from audit.models import AuditEvent
from contracts.entities import names
from contracts.entity_views import text_of
from contracts.errors import Invalid, NotFound

SHOWN = names(
    "id name fullyQualifiedName description displayName version updatedAt updatedBy email href timezone isBot isAdmin"
    " profile teams defaultPersona personas owns follows changeDescription deleted roles inheritedRoles domains"
)


class UserBody(serializers.Serializer[Any]):
    """A member to be made. A name that is an e-mail address needs no other."""

    name = serializers.CharField()
    email = serializers.EmailField(required=False)
    displayName = serializers.CharField(required=False)
    isAdmin = serializers.BooleanField(required=False)


class UserEntitySerializer(UserBody):
    """A person."""

    id = serializers.UUIDField()
    fullyQualifiedName = serializers.CharField()
    isBot = serializers.BooleanField()
    deleted = serializers.BooleanField()
    teams = serializers.ListField(child=serializers.DictField(), required=False)
    href = serializers.URLField()


class UserViews(RestorableRows[User]):
    """Members as users."""

    entity = "user"
    shown = SHOWN
    requested = frozenset({"name", "email", "displayName", "isAdmin"})
    words: ClassVar[Mapping[str, str]] = {"username": "name", "role": "isAdmin"}
    trail = "USER"
    told_by = frozenset({"CREATE", "UPDATE"})  # who signs in is nobody else then
    kept_kind = MEMBER_KEPT_AS
    kept_as: ClassVar[Mapping[str, str]] = {"username": "username", "email": "email", "name": "name"}
    queryset = User.objects.none()
    serializer_class: Any = UserBody

    def get_queryset(self) -> QuerySet[User]:
        actor = actor_of(self.request)
        return User.objects.filter(memberships__organization__in=actor.organizations).order_by("id")

    def named(self, fqn: str) -> User | None:
        return self.get_queryset().filter(username__iexact=unquoted(fqn)).first()

    def as_it_was(self, kept: DeletedRow) -> User:
        return row_of(User, kept.state)

    def shapes(self, rows: Sequence[User], fields: Collection[str]) -> list[dict[str, Any]]:
        actor = actor_of(self.request)
        members = Membership.objects.filter(organization__in=actor.organizations, user__in=[row.pk for row in rows])
        roles = dict(members.values_list("user_id", "role")) if rows else {}
        events = AuditEvent.objects.visible_to(actor).filter(action__in=self.told_by)
        counts = events.counted(self.trail, [row.pk for row in rows])
        entities = [self._shape(row, roles.get(row.pk), counts.get(row.pk, 1)) for row in rows]
        if "teams" in fields:
            teams = self._teams([row.pk for row in rows])
            for entity in entities:
                entity["teams"] = teams.get(entity["id"], [])
        return entities

    def _shape(self, row: User, role: str | None, version: int) -> dict[str, Any]:
        entity: dict[str, Any] = {
            "id": row.pk,
            "name": row.username,
            "fullyQualifiedName": f'"{row.username}"' if "." in row.username else row.username,
            "email": row.email,
            "isAdmin": role == Role.ADMIN,
            "isBot": False,
            "version": version / 10,
            "deleted": role is None,
            "href": self.href(f"users/{row.pk}"),
        }
        if row.name:
            entity["displayName"] = row.name
        return entity

    def _teams(self, users: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
        """The living teams that each of these belongs to, by user."""
        found: dict[UUID, list[dict[str, Any]]] = {}
        teams = (
            Team.objects.visible_to(actor_of(self.request)).filter(members__in=users) if users else Team.objects.none()
        )
        for user, key, name in teams.order_by("name", "pk").values_list("members", "pk", "name"):
            href = self.href(f"teams/{key}")
            found.setdefault(user, []).append({"id": key, "type": "team", "name": name, "href": href})
        return found

    def make(self, said: Mapping[str, Any], key: UUID | None = None) -> User:
        email = text_of(said, "email") or (said["name"] if "@" in said["name"] else "")
        if not email:
            raise Invalid(fields={"email": ["This is required."]})
        actor = actor_of(self.request)
        member = create_member(
            actor=actor,
            organization=Organization.objects.get(pk=actor.tenant),
            email=email,
            role=Role.ADMIN if _flag(said, "isAdmin") else Role.VIEWER,
            name=text_of(said, "displayName"),
            username=said["name"],
            user_id=key,
        )
        return member.membership.user

    @transaction.atomic
    def change(self, row: User, said: Mapping[str, Any]) -> User:
        actor = actor_of(self.request)
        if said.get("email") not in (None, row.email):
            raise Invalid(fields={"email": ["This cannot be changed here."]})
        if "displayName" in said and text_of(said, "displayName") != row.name:
            row = update_user(actor=actor, user=row, changes={"name": text_of(said, "displayName")})
        if said.get("isAdmin") is not None:
            membership = self._membership(row)
            if _flag(said, "isAdmin") != (membership.role == Role.ADMIN):
                role = Role.ADMIN if said["isAdmin"] else Role.EDITOR
                change_role(actor=actor, membership=membership, role=role)
        return row

    def remove(self, row: User, *, recursive: bool, hard: bool) -> None:
        """End the membership: the person may belong to other organizations."""
        actor = actor_of(self.request)
        kept = self.kept_of(row) if row._state.adding else None
        if kept is not None:
            forget_deleted(actor=actor, kept=kept, role=Role.ADMIN)
        else:
            remove_member(actor=actor, membership=self._membership(row), hard=hard)

    def bring_back(self, row: User) -> User:
        if row._state.adding:
            actor = actor_of(self.request)
            organization = Organization.objects.get(pk=actor.tenant)
            return restore_member(actor=actor, organization=organization, user_id=row.pk).user
        return row

    def _membership(self, row: User) -> Membership:
        actor = actor_of(self.request)
        found = Membership.objects.select_related("organization", "user").filter(
            organization__in=actor.organizations, user=row
        )
        membership = found.first()
        if membership is None:
            raise NotFound(resource="user")
        return membership


def _flag(said: Mapping[str, Any], name: str) -> bool:
    value = said.get(name)
    if not isinstance(value, bool | None):
        raise Invalid(fields={name: ["This must be true or false."]})
    return bool(value)

"""Teams: made, described, renamed, filled with members, deleted and brought back.

A deleted team keeps its row, its members and its trail, and frees its name. What it owned has no owner then, and is
its own again when it is restored: the apps above hear of both in the transaction, as each thing's own history says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.actor import Actor
from accounts.checks import Refused, check_lines, clean, clean_description, clean_display_name, clean_name, text
from accounts.managers import name_key
from accounts.models import Organization, Role, Team, User
from audit.services import Change, record
from audit.tables import refused_by
from contracts.errors import Conflict, DomainError, Invalid, NotFound, Stale

MEMBERS = 1000


def create_team(*, actor: Actor, data: Mapping[str, Any], team_id: UUID | None = None) -> Team:
    """Make a team: `name`, `display_name`, `description`, `members` (ids, user names or e-mail addresses).

    Raises Invalid, Conflict for a name that is taken (whatever its case), Forbidden.
    """
    actor.require(Role.ADMIN)
    fields = clean(data, _CHECKS, ("name",), resource="team")
    check_lines(fields, {}, _LINES, resource="team")
    with transaction.atomic():
        members = _members(actor.tenant, fields.pop("members", ()))
        team = Team(id=team_id or uuid7(), organization_id=actor.tenant, key=name_key(fields["name"]), **fields)
        with refused_by(_name_taken(team)):
            team.save(force_insert=True)
        team.members.set(members)
        _record(actor, "CREATE", team, None, team_state(team))
    return team


def update_team(*, actor: Actor, team: Team, changes: Mapping[str, Any], expected_version: int | None = None) -> Team:
    """Change what `changes` says; `members` is the whole list. What changes nothing is not written.

    Raises Invalid, Stale, Conflict for a name that is taken, NotFound, Forbidden.
    """
    actor.require(Role.ADMIN)
    fields = clean(changes, _CHECKS, (), resource="team")
    with transaction.atomic():
        team = _locked(actor, team.pk, expected_version)
        before = team_state(team)
        check_lines(fields, before, _LINES, resource="team")
        members = _members(team.organization_id, fields.pop("members")) if "members" in fields else None
        for field, value in fields.items():
            setattr(team, field, value)
        team.key = name_key(team.name)
        if members is not None:
            team.members.set(members)
        after = team_state(team)
        if after != before:
            _save(team, *fields, "key")
            _record(actor, "UPDATE", team, before, team_state(team))
    return team


def delete_team(*, actor: Actor, team: Team, expected_version: int | None = None, hard: bool = False) -> None:
    """Delete a team, with `hard` its row too; what it owned has no owner then. Raises Stale, NotFound, Forbidden."""
    actor.require(Role.ADMIN)
    with transaction.atomic():
        team = _locked(actor, team.pk, expected_version, deleted=hard)
        if team.deleted_at is None:
            before = team_state(team)
            team.deleted_at = timezone.now()
            _save(team, "deleted_at")
            _record(actor, "DELETE", team, before, None)
        if hard:
            team.delete()


def restore_team(*, actor: Actor, team: Team) -> Team:
    """Bring a deleted team back, with its members and what it owned, where that has no other owner by then.

    One that lives is left as it is.
    Raises Conflict when another has taken its name, NotFound, Forbidden.
    """
    actor.require(Role.ADMIN)
    with transaction.atomic():
        team = _locked(actor, team.pk, None, deleted=True)
        if team.deleted_at is not None:
            team.deleted_at = None
            _save(team, "deleted_at")
            _record(actor, "RESTORE", team, None, team_state(team))
    return team


def leave_teams(*, actor: Actor, organization: Organization, user: User) -> list[UUID]:
    """Take somebody who is a member no more out of the organization's teams; inside the caller's transaction.

    Returns the ids of the teams.
    """
    teams = Team.objects.select_for_update(of=("self",)).filter(organization=organization, members=user).order_by("pk")
    for team in teams:
        before = team_state(team)
        team.members.remove(user)
        _save(team)
        _record(actor, "UPDATE", team, before, team_state(team))
    return [team.pk for team in teams]


def join_teams(*, actor: Actor, organization: Organization, user: User, team_ids: Collection[UUID | str]) -> None:
    """Put a member into these teams of the organization, those that live; inside the caller's transaction."""
    living = Team.objects.select_for_update(of=("self",)).filter(organization=organization, deleted_at=None)
    for team in living.filter(pk__in=team_ids).order_by("pk"):
        before = team_state(team)
        team.members.add(user)
        _save(team)
        _record(actor, "UPDATE", team, before, team_state(team))


def team_state(team: Team) -> dict[str, Any]:
    """The whole state of a team for the trail."""
    members = team.members.order_by("username")
    return {
        "id": team.pk,
        "name": team.name,
        "display_name": team.display_name,
        "description": team.description,
        "members": [{"id": user.pk, "name": user.display_name} for user in members],
        "version": team.version,
    }


def _save(team: Team, *fields: str) -> None:
    team.version += 1
    with refused_by(_name_taken(team)):
        team.save(update_fields=[*fields, "version", "updated_at"])


def _locked(actor: Actor, team_id: UUID, expected_version: int | None, *, deleted: bool = False) -> Team:
    """The team as it is now, its row held until the transaction ends."""
    teams = Team.objects.of_tenants(actor) if deleted else Team.objects.visible_to(actor)
    team = teams.select_for_update(of=("self",)).filter(pk=team_id).first()
    if team is None:
        raise NotFound(resource="team", team_id=str(team_id))
    if expected_version is not None and expected_version != team.version:
        raise Stale(
            f"The team is at version {team.version}, not {expected_version}",
            resource="team",
            team_id=str(team_id),
            expected_version=expected_version,
            current_version=team.version,
        )
    return team


def _members(organization_id: UUID, named: Collection[str]) -> list[User]:
    """The members of the organization of these ids, user names or e-mail addresses. Raises Invalid. One statement."""
    if not named:
        return []
    keys = [key for name in named if (key := _uuid(name))]
    found: list[User] = list(
        User.objects.alias(lower_name=Lower("username"), lower_email=Lower("email"))
        .filter(
            Q(pk__in=keys)
            | Q(lower_name__in=[name.lower() for name in named])
            | Q(lower_email__in=[name.lower() for name in named]),
            memberships__organization=organization_id,
        )
        .distinct()
    )
    known = {name.lower() for user in found for name in (str(user.pk), user.username, user.email)}
    for place, name in enumerate(named):
        key = _uuid(name)
        if (str(key) if key else name.lower()) not in known:
            problem = f"'{name}' is no member of this organization."
            raise Invalid(fields={f"members.{place}": [problem]}, resource="team")
    return found


def _uuid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def _names(value: Any) -> list[str]:
    """Ids, user names or e-mail addresses, or members as a team shows them (`{"id", "name"}`), each once."""
    if not isinstance(value, list | tuple):
        raise ValueError("This must be a list of members.")
    if len(value) > MEMBERS:
        raise ValueError(f"At most {MEMBERS:,} members; this has {len(value):,}.")
    names: Iterable[str] = (_member(index, item) for index, item in enumerate(value))
    return list(dict.fromkeys(names))


def _member(index: int, item: Any) -> str:
    if isinstance(item, Mapping) and item.keys() <= {"id", "name"}:
        item = item.get("id")
    try:
        return text(str(item) if isinstance(item, UUID) else item, limit=254, blank=False)
    except ValueError as error:
        raise Refused(f".{index}", str(error)) from error


_CHECKS = {"name": clean_name, "display_name": clean_display_name, "description": clean_description, "members": _names}
_LINES = ("name", "display_name")


def _name_taken(team: Team) -> dict[str, DomainError]:
    taken = Conflict(f"There is a team '{team.name}' already", resource="team", name=team.name)
    return {"team_name_unique_among_living": taken}


def _record(
    actor: Actor, action: str, team: Team, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> None:
    change = Change(action, "TEAM", team.pk, team.name, before, after, version=team.version)
    record(actor, change, organization_id=team.organization_id)

"""`/api/v1/users` and `/api/v1/teams` with what they own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import F, Model, Window
from django.db.models.functions import RowNumber

from accounts.api.entities import UserEntitySerializer, UserViews
from accounts.api.entity_teams import TeamEntitySerializer, TeamViews
from accounts.models import Team, User
from accounts.permissions import actor_of
from catalog.api.entities.described import EntityReferenceSerializer
from catalog.api.entities.rows import reference_to
from catalog.models import Asset, Domain, Glossary, GlossaryTerm
from catalog.services.owning import change_owned
from contracts.entity_routes import routes
from contracts.entity_views import RowEntities
from contracts.errors import Invalid
from contracts.views import uuid_of

P = TypeVar("P", bound=Model)

OWNS_MOST = 1000
"""Things that `owns` shows of one owner, the first of each kind; lists filtered by owner show all."""
_CONCEPTS: tuple[tuple[Any, str, str], ...] = (
    (Domain, "domain", "domains"),
    (Glossary, "glossary", "glossaries"),
    (GlossaryTerm, "glossaryTerm", "glossaryTerms"),
)


class Owning(RowEntities[P], Generic[P]):
    """Shows `owns`, and takes it in a JSON Patch: what is removed from it has no owner then, what is added this one."""

    owned_by: ClassVar[str]
    """The field of what is owned that names an owner of this kind."""
    patched_too = frozenset({"owns"})

    def shapes(self, rows: Sequence[P], fields: Collection[str]) -> list[dict[str, Any]]:
        views: Any = super()
        entities: list[dict[str, Any]] = views.shapes(rows, fields)
        if "owns" in fields:
            owned = self._owned([row.pk for row in rows])
            for entity in entities:
                entity["owns"] = owned.get(entity["id"], [])
        return entities

    @transaction.atomic
    def change(self, row: P, said: Mapping[str, Any]) -> P:
        rest = {name: value for name, value in said.items() if name != "owns"}
        views: Any = super()
        changed: P = views.change(row, rest) if rest or "owns" not in said else row
        if "owns" in said:
            self._own(changed, _places(said["owns"]))
        return changed

    def _own(self, row: Any, wanted: Mapping[UUID, int]) -> None:
        shown = {one["id"] for one in self._owned([row.pk]).get(row.pk, ())}
        unknown = change_owned(
            actor=actor_of(self.request), owner=row, add=wanted.keys() - shown, remove=shown - wanted.keys()
        )
        if unknown:
            raise Invalid(fields={f"owns.{wanted[key]}.id": ["There is no such entity."] for key in unknown})

    def _owned(self, owners: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
        """The first things of each of these owners, by owner: four statements."""
        found: dict[UUID, list[dict[str, Any]]] = {}
        if not owners:
            return found
        for key, *asset in self._first_of_each(Asset, owners, "type", "name", "qualified_name", "deleted_at"):
            if (reference := reference_to(*asset)) is not None:
                told = (reference.entity, reference.path, reference.name, reference.fqn)
                found.setdefault(key, []).append(self._reference(reference.id, *told))
        for model, entity, path in _CONCEPTS:
            for key, concept, name, fqn in self._first_of_each(model, owners, "name", "fully_qualified_name"):
                found.setdefault(key, []).append(self._reference(concept, entity, path, name, fqn))
        return found

    def _first_of_each(self, model: Any, owners: Sequence[UUID], *columns: str) -> Any:
        owner = f"{self.owned_by}_id"
        living = model.objects.visible_to(actor_of(self.request)).filter(**{f"{owner}__in": owners})
        numbered = living.annotate(place=Window(RowNumber(), partition_by=F(owner), order_by="pk"))
        return numbered.filter(place__lte=OWNS_MOST).order_by("pk").values_list(owner, "pk", *columns)

    def _reference(self, key: UUID, entity: str, path: str, name: str, fqn: str) -> dict[str, Any]:
        href = self.href(f"{path}/{key}")
        return {"id": key, "type": entity, "name": name, "fullyQualifiedName": fqn, "deleted": False, "href": href}


def _places(value: Any) -> dict[UUID, int]:
    """The ids of a list of references, each with its place in it. Raises Invalid."""
    if value is not None and not isinstance(value, list):
        raise Invalid(fields={"owns": ["This must be a list of references."]})
    places: dict[UUID, int] = {}
    for place, one in enumerate(value or ()):
        key = uuid_of(one.get("id")) if isinstance(one, Mapping) else None
        if key is None:
            raise Invalid(fields={f"owns.{place}.id": ["This must be the id of an entity."]})
        places.setdefault(key, place)
    return places


class OwningUsers(Owning[User], UserViews):
    """Members as users, with what they own."""

    owned_by = "owner"


class OwningTeams(Owning[Team], TeamViews):
    """Teams, with what they own."""

    owned_by = "owner_team"


def _owns() -> Any:
    text = f"What they own, where `fields` asks for it: at most {OWNS_MOST:,} of each kind. Changed by a PATCH."
    return EntityReferenceSerializer(many=True, required=False, help_text=text)


class OwningUserEntitySerializer(UserEntitySerializer):
    """A person."""

    owns = _owns()


class OwningTeamEntitySerializer(TeamEntitySerializer):
    """People who own things together."""

    owns = _owns()


urlpatterns = [
    *routes("users", OwningUsers, OwningUserEntitySerializer),
    *routes("teams", OwningTeams, OwningTeamEntitySerializer),
]

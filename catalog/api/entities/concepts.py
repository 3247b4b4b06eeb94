"""What the collections of domains, glossaries and terms share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from django.db.models import QuerySet

from accounts.managers import name_key
from accounts.permissions import actor_of
from audit.api.entities import VersionedRows
from catalog.concepts import owner_of as owner_record
from catalog.models import Concept
from catalog.names import join_name, normal_name, quote_part, split_name
from catalog.numbering import decimal_of
from catalog.services import create_concept, delete_concept, restore_concept, update_concept
from contracts.entity_kept import KeptRows
from contracts.entity_views import owner_of, text_of
from contracts.errors import Conflict, Invalid

C = TypeVar("C", bound=Concept)


class ConceptViews(KeptRows[C], VersionedRows[C], Generic[C]):
    """A collection of concepts of one kind."""

    model: ClassVar[type[Concept]]
    where: ClassVar[str]
    above: ClassVar[tuple[str, ...]] = ()
    """The fields that say what it lies in, the nearest first."""
    described_as: ClassVar[str] = "description"
    """The service's name for the description."""
    kept_as: ClassVar[Mapping[str, str]] = {
        name: name for name in ("name", "fully_qualified_name", "display_name", "description")
    }

    def everything(self) -> QuerySet[C]:
        found: Any = self.model._default_manager
        rows: QuerySet[C] = found.of_tenants(actor_of(self.request)).for_display()
        return rows

    def stale_name(self, fqn: str) -> str:
        return normal_name(fqn)

    def inside(self, scope: str, fqn: str) -> QuerySet[C]:
        """Those in a scope, the deepest first, so that what holds others is empty when its turn comes."""
        return self.get_queryset().filter(key__startswith=f"{self.key_of(fqn)}.").order_by("-key")

    def key_of(self, fqn: str) -> str:
        return name_key(normal_name(fqn))

    def name_of(self, said: Mapping[str, Any]) -> str:
        above = next((name for field in self.above if (name := fqn_said(said, field))), "")
        return join_name(*split_name(above), said["name"]) if above else quote_part(said["name"])

    def said(self, body: Any) -> dict[str, Any]:
        said = super().said(body)
        for name in self.above:
            try:
                split_name(fqn_said(said, name) or "x")
            except ValueError:
                raise Invalid(fields={name: ["This is no fully qualified name: look at its quotes."]}) from None
        return said

    def shapes(self, rows: Sequence[C], fields: Collection[str]) -> list[dict[str, Any]]:
        return [self.shape(row, fields) for row in rows]

    def shape(self, row: C, fields: Collection[str]) -> dict[str, Any]:
        entity: dict[str, Any] = {
            "id": row.pk,
            "name": row.name,
            "fullyQualifiedName": row.fully_qualified_name,
            "description": row.description,
            "version": decimal_of(row.version, 0),
            "updatedAt": int(row.updated_at.timestamp() * 1000),
            "href": self.href(f"{self.where}/{row.pk}"),
            "deleted": row.deleted_at is not None,
        }
        if row.display_name:
            entity["displayName"] = row.display_name
        if "owners" in fields:
            entity["owners"] = self._owners(row)
        return entity

    def _owners(self, row: C) -> list[dict[str, Any]]:
        owner = owner_record(row)
        if owner is None:
            return []
        kind = owner.type or "user"
        return [{"id": owner.id, "type": kind, "name": owner.name, "href": self.href(f"{kind}s/{owner.id}")}]

    def reference(self, concept: Concept | None, entity: str, where: str) -> dict[str, Any] | None:
        if concept is None:
            return None
        return {
            "id": concept.pk,
            "type": entity,
            "name": concept.name,
            "fullyQualifiedName": concept.fully_qualified_name,
            "deleted": concept.deleted_at is not None,
            "href": self.href(f"{where}/{concept.pk}"),
        }

    def data(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """What the service is told."""
        data: dict[str, Any] = {}
        for name, field in (("displayName", "display_name"), ("description", self.described_as)):
            if name in said:
                data[field] = text_of(said, name)
        if "owners" in said:
            data["owner"] = owner_of(said)
        if "parent" in said:
            data["parent"] = fqn_said(said, "parent") or None
        return data

    def make(self, said: Mapping[str, Any], key: UUID | None = None) -> C:
        data = {"name": said["name"], **self.data(said)}
        made: Any = create_concept(actor=actor_of(self.request), model=self.model, data=data, concept_id=key)
        return self.found(made.pk)

    def change(self, row: C, said: Mapping[str, Any]) -> C:
        update_concept(actor=actor_of(self.request), concept=row, changes=self.data(said))
        return self.found(row.pk)

    def remove(self, row: C, *, recursive: bool, hard: bool) -> None:
        try:
            delete_concept(actor=actor_of(self.request), concept=row, recursive=recursive, hard=hard)
        except Conflict as error:
            if recursive or "held" not in error.details:
                raise
            message = f"'{row}' is not empty: delete it with recursive=true"
            raise Invalid(message, resource=self.entity) from error

    def bring_back(self, row: C) -> C:
        restore_concept(actor=actor_of(self.request), concept=row)
        return self.found(row.pk)


def fqn_said(said: Mapping[str, Any], name: str) -> str:
    """A full name, as text or in a reference; empty for none. Raises Invalid."""
    value = said.get(name)
    if isinstance(value, Mapping):
        value = value.get("fullyQualifiedName") or value.get("id")
        if not value:
            raise Invalid(fields={name: ["This reference has neither 'id' nor 'fullyQualifiedName'."]})
    if value is not None and not isinstance(value, str):
        raise Invalid(fields={name: ["This must be a fully qualified name."]})
    return value or ""

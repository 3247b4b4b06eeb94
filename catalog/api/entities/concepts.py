"""`/api/v1/glossaries` and `/api/v1/glossaryTerms`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from django.db.models import QuerySet
from rest_framework import serializers

from accounts.managers import name_key
from accounts.permissions import actor_of
from audit.api.entities import VersionedRows
from catalog.api.entities.described import EntityReferenceSerializer, EntitySerializer
from catalog.concepts import owner_of as owner_record
from catalog.models import Concept, Glossary, GlossaryTerm, TermStatus
from catalog.names import join_name, quote_part, split_name
from catalog.numbering import decimal_of
from catalog.services import create_concept, delete_concept, restore_concept, update_concept
from contracts.entities import names
from contracts.entity_views import KeptRows, owner_of, routes, text_of
from contracts.errors import Conflict, Invalid

C = TypeVar("C", bound=Concept)
_BOTH = (
    "id name fullyQualifiedName displayName description version updatedAt updatedBy href reviewers owners usageCount"
    " tags changeDescription deleted provider disabled mutuallyExclusive domains dataProducts votes extension"
    " entityStatus"
)
_STATUS = {"Draft": TermStatus.DRAFT, "Approved": TermStatus.APPROVED, "Deprecated": TermStatus.DEPRECATED}
_STATUS_NAME = {str(status): name for name, status in _STATUS.items()}


class GlossaryBody(serializers.Serializer[Any]):
    """A glossary to be made or replaced."""

    name = serializers.CharField()
    displayName = serializers.CharField(required=False)
    description = serializers.CharField(required=False)
    owners = EntityReferenceSerializer(many=True, required=False)


class GlossaryEntitySerializer(GlossaryBody, EntitySerializer):
    """A book of terms."""


class GlossaryTermBody(GlossaryBody):
    """A term to be made or replaced."""

    # A name in a request, a reference in an answer.
    glossary: Any = serializers.CharField(help_text="Its glossary's fully qualified name.")
    parent: Any = serializers.CharField(required=False, help_text="The wider term's fully qualified name.")
    synonyms = serializers.ListField(child=serializers.CharField(), required=False)
    entityStatus = serializers.ChoiceField(list(_STATUS), required=False)


class GlossaryTermEntitySerializer(GlossaryEntitySerializer):
    """A word and what it means."""

    glossary = EntityReferenceSerializer()
    parent = EntityReferenceSerializer(required=False)
    synonyms = serializers.ListField(child=serializers.CharField(), required=False)
    entityStatus = serializers.ChoiceField(list(_STATUS), required=False)


class ConceptViews(KeptRows[C], VersionedRows[C], Generic[C]):
    """What the two collections share."""

    model: ClassVar[type[Concept]]
    where: ClassVar[str]
    described_as: ClassVar[str] = "description"
    """The service's name for the description."""
    kept_as: ClassVar[Mapping[str, str]] = {
        **{
            name: name for name in ("name", "fully_qualified_name", "display_name", "description", "synonyms", "status")
        },
        "definition": "description",
    }

    def everything(self) -> QuerySet[C]:
        found: Any = self.model._default_manager
        rows: QuerySet[C] = found.of_tenants(actor_of(self.request)).for_display()
        return rows

    def named(self, fqn: str) -> C | None:
        return self.get_queryset().filter(key=name_key(_normal(fqn))).first()

    def name_of(self, said: Mapping[str, Any]) -> str:
        return quote_part(said["name"])

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
        return data

    def make(self, said: Mapping[str, Any]) -> C:
        data = {"name": said["name"], **self.data(said)}
        made: Any = create_concept(actor=actor_of(self.request), model=self.model, data=data)
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


class GlossaryViews(ConceptViews[Glossary]):
    """Glossaries."""

    entity = "glossary"
    model = Glossary
    where = "glossaries"
    shown = names(_BOTH, "termCount namespaces")
    requested = frozenset({"name", "displayName", "description", "owners"})
    trail = "GLOSSARY"
    queryset = Glossary.objects.none()
    serializer_class: Any = GlossaryBody


class GlossaryTermViews(ConceptViews[GlossaryTerm]):
    """Terms of glossaries."""

    entity = "glossaryTerm"
    model = GlossaryTerm
    where = "glossaryTerms"
    described_as = "definition"
    words: ClassVar[Mapping[str, str]] = {**ConceptViews.words, "definition": "description", "status": "entityStatus"}
    shown = names(
        _BOTH, "style iri synonyms glossary parent children relatedTerms references conceptMappings childrenCount"
    )
    requested = names("name displayName description owners glossary parent synonyms entityStatus")
    required = ("name", "glossary")
    trail = "GLOSSARY_TERM"
    queryset = GlossaryTerm.objects.none()
    serializer_class: Any = GlossaryTermBody

    def listed(self, include: str) -> QuerySet[GlossaryTerm]:
        found = super().listed(include)
        glossary = self.request.query_params.get("glossary", "") if self.action == "list" else ""
        return found.filter(glossary__key=name_key(_normal(glossary))) if glossary else found

    def name_of(self, said: Mapping[str, Any]) -> str:
        return join_name(*split_name(_fqn(said, "parent") or _fqn(said, "glossary")), said["name"])

    def said(self, body: Any) -> dict[str, Any]:
        said = super().said(body)
        for name in ("glossary", "parent"):
            try:
                split_name(_fqn(said, name) or "x")
            except ValueError:
                raise Invalid(fields={name: ["This is no fully qualified name: look at its quotes."]}) from None
        return said

    def shape(self, row: GlossaryTerm, fields: Collection[str]) -> dict[str, Any]:
        entity = super().shape(row, fields)
        entity["synonyms"] = row.synonyms
        entity["entityStatus"] = _STATUS_NAME[str(row.status)]
        entity["glossary"] = self.reference(row.glossary, "glossary", "glossaries")
        if row.parent is not None:
            entity["parent"] = self.reference(row.parent, "glossaryTerm", "glossaryTerms")
        return entity

    def data(self, said: Mapping[str, Any]) -> dict[str, Any]:
        data = super().data(said)
        if "synonyms" in said:
            data["synonyms"] = said["synonyms"] or []
        if said.get("entityStatus"):
            status = said["entityStatus"]
            if not isinstance(status, str) or status not in _STATUS:
                raise Invalid(fields={"entityStatus": [f"This must be one of {', '.join(_STATUS)}."]})
            data["status"] = str(_STATUS[status])
        if "parent" in said:
            data["parent"] = _fqn(said, "parent") or None
        if said.get("glossary"):
            data["glossary"] = _fqn(said, "glossary")
        return data


def _fqn(said: Mapping[str, Any], name: str) -> str:
    """A full name, as text or in a reference; empty for none. Raises Invalid."""
    value = said.get(name)
    if isinstance(value, Mapping):
        value = value.get("fullyQualifiedName") or value.get("id")
    if value is not None and not isinstance(value, str):
        raise Invalid(fields={name: ["This must be a fully qualified name."]})
    return value or ""


def _normal(fqn: str) -> str:
    try:
        return join_name(*split_name(fqn))
    except ValueError:
        return fqn


urlpatterns = [
    *routes("glossaries", GlossaryViews, GlossaryEntitySerializer),
    *routes("glossaryTerms", GlossaryTermViews, GlossaryTermEntitySerializer),
]

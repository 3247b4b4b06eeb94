"""`/api/v1/glossaries` and `/api/v1/glossaryTerms`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers

from catalog.api.entities.concepts import ConceptViews, fqn_said
from catalog.api.entities.described import EntityReferenceSerializer, EntitySerializer
from catalog.models import Glossary, GlossaryTerm, TermStatus
from contracts.entities import names
from contracts.entity_routes import routes
from contracts.errors import Invalid

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
    above = ("parent", "glossary")
    scopes = ("glossary", "glossaryTerm")
    described_as = "definition"
    kept_as: ClassVar[Mapping[str, str]] = {
        **ConceptViews.kept_as,
        "synonyms": "synonyms",
        "status": "status",
        "definition": "description",
    }
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
        return found.filter(glossary__key=self.key_of(glossary)) if glossary else found

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
            data["synonyms"] = [] if said["synonyms"] is None else said["synonyms"]
        if said.get("entityStatus"):
            status = said["entityStatus"]
            if not isinstance(status, str) or status not in _STATUS:
                raise Invalid(fields={"entityStatus": [f"This must be one of {', '.join(_STATUS)}."]})
            data["status"] = str(_STATUS[status])
        if said.get("glossary"):
            data["glossary"] = fqn_said(said, "glossary")
        return data


urlpatterns = [
    *routes("glossaries", GlossaryViews, GlossaryEntitySerializer),
    *routes("glossaryTerms", GlossaryTermViews, GlossaryTermEntitySerializer),
]

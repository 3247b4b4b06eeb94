"""Domains, glossaries and terms over REST: what every contract that speaks of them shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.managers import name_key
from accounts.permissions import actor_of
from catalog.api.filters import ConceptFilters, DomainFilters, TermFilters
from catalog.api.parameters import body_of, choice_of
from catalog.concepts import owner_of
from catalog.models import AssetTerm, Concept, Domain, Glossary, GlossaryTerm
from catalog.querysets import ConceptQuerySet
from catalog.records import owner_state
from catalog.services import create_concept, delete_concept, link_term, restore_concept, unlink_term, update_concept
from contracts.conditional import expected_version, is_fresh, set_validators, version_etag
from contracts.errors import Invalid, NotFound
from contracts.parameters import only
from contracts.returned import WasShown, changes_of, earlier_time, same, same_time
from contracts.views import ContractViewSet, uuid_of

READ_ONLY: Mapping[str, WasShown] = {
    "id": same,
    "fully_qualified_name": same,
    "created_at": same_time,
    "updated_at": earlier_time,
}
"""What is shown of a concept and cannot be changed."""


class ConceptViews(ContractViewSet[Any]):
    """The living concepts of one kind that the actor can see."""

    model: ClassVar[type[Concept]]
    filterset_class: Any = ConceptFilters

    def get_queryset(self) -> ConceptQuerySet[Any]:
        return ConceptQuerySet(self.model).visible_to(actor_of(self.request))

    def list(self, request: Request) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset().for_display().order_by("key"))) or []
        return self.get_paginated_response([concept_shape(row) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.show(self.get_object())

    def by_name(self, request: Request, name: str) -> Response:
        found = self.get_queryset().filter(key=name_key(name)).first()
        if found is None:
            raise NotFound(resource=self.resource, fully_qualified_name=name)
        return self.show(found)

    def create(self, request: Request) -> Response:
        return self.show(create_concept(actor=actor_of(request), model=self.model, data=body_of(request)), code=201)

    def update(self, request: Request, pk: str) -> Response:
        concept, expected = self.get_object(), expected_version(request)
        said = {name: value for name, value in body_of(request).items() if name != "version"}
        changes = changes_of(
            said, READ_ONLY, lambda: concept_shape(concept), resource=self.resource, expected_version=expected
        )
        actor = actor_of(request)
        return self.show(update_concept(actor=actor, concept=concept, changes=changes, expected_version=expected))

    def destroy(self, request: Request, pk: str) -> Response:
        recursive = choice_of(request, "recursive", ("true", "false")) == "true"
        expected = expected_version(request)
        delete_concept(
            actor=actor_of(request), concept=self.get_object(), expected_version=expected, recursive=recursive
        )
        return Response(status=204)

    def restore(self, request: Request, pk: str) -> Response:
        key = uuid_of(pk)
        there: ConceptQuerySet[Any] = ConceptQuerySet(self.model).of_tenants(actor_of(request))
        concept = there.filter(pk=key).first() if key else None
        if concept is None:
            raise NotFound(resource=self.resource, **{f"{self.resource}_id": pk})
        return self.show(restore_concept(actor=actor_of(request), concept=concept))

    def show(self, concept: Concept, *, code: int = 200) -> Response:
        """A concept with its validators."""
        etag = version_etag(concept.version)
        if self.request.method in {"GET", "HEAD"} and is_fresh(self.request, etag):
            response = Response(status=304)
        else:
            response = Response(concept_shape(concept), status=code)
        set_validators(response, etag=etag, modified=concept.updated_at)
        return response


class DomainViews(ConceptViews):
    resource = "domain"
    model = Domain
    queryset = Domain.objects.none()
    filterset_class = DomainFilters


class GlossaryViews(ConceptViews):
    resource = "glossary"
    model = Glossary
    queryset = Glossary.objects.none()


class TermViews(ConceptViews):
    resource = "term"
    model = GlossaryTerm
    queryset = GlossaryTerm.objects.none()
    filterset_class: Any = TermFilters

    def assets(self, request: Request, pk: str) -> Response:
        """Where the term is said: of which assets and columns."""
        links = AssetTerm.objects.filter(term=self.get_object(), asset__deleted_at=None).select_related("asset")
        rows: Any = self.paginate_queryset(links.order_by("asset__qualified_name", "column", "pk")) or []
        return self.get_paginated_response([link_shape(link) for link in rows])

    def link(self, request: Request, pk: str) -> Response:
        data = body_of(request)
        problems = {str(name): ["There is no such field."] for name in data if name not in {"asset_id", "column"}}
        asset_id, column = uuid_of(data.get("asset_id")), data.get("column")
        if asset_id is None:
            problems["asset_id"] = ["This must be the id of an asset."]
        if column is not None and not isinstance(column, str):
            problems["column"] = ["This must be text."]
        if problems or asset_id is None:
            raise Invalid(fields=problems, resource=self.resource)
        term = self.get_object()
        made = link_term(actor=actor_of(request), term_id=term.pk, asset_id=asset_id, column=column or "")
        link = AssetTerm.objects.select_related("asset").get(term=term, asset=asset_id, column=column or "")
        return Response(link_shape(link), status=201 if made else 200)

    def unlink(self, request: Request, pk: str, asset_id: str) -> Response:
        key: UUID | None = uuid_of(asset_id)
        if key is None:
            raise NotFound(resource="asset", asset_id=asset_id)
        column = only(request.query_params, "column") or ""
        unlink_term(actor=actor_of(request), term_id=self.get_object().pk, asset_id=key, column=column)
        return Response(status=204)


def concept_shape(concept: Any) -> dict[str, Any]:
    """A domain, a glossary or a term as JSON has it."""
    shown: dict[str, Any] = {
        "id": concept.pk,
        "name": concept.name,
        "fully_qualified_name": concept.fully_qualified_name,
        "display_name": concept.display_name,
    }
    if isinstance(concept, GlossaryTerm):
        shown |= {
            "glossary": _named(concept.glossary),
            "definition": concept.description,
            "synonyms": concept.synonyms,
            "status": concept.status,
        }
    else:
        shown["description"] = concept.description
    if isinstance(concept, Domain):
        shown["type"] = concept.type
    if hasattr(concept, "parent"):
        shown["parent"] = _named(concept.parent)
    return shown | {
        "owner": owner_state(owner_of(concept)),
        "version": concept.version,
        "created_at": concept.created_at,
        "updated_at": concept.updated_at,
    }


def link_shape(link: AssetTerm) -> dict[str, Any]:
    asset = link.asset
    shown = {"id": asset.pk, "type": asset.type, "name": asset.name, "qualified_name": asset.qualified_name}
    return {"asset": shown, "column": link.column or None}


def _named(concept: Concept | None) -> dict[str, Any] | None:
    if concept is None:
        return None
    return {"id": concept.pk, "name": concept.name, "fully_qualified_name": concept.fully_qualified_name}

"""A collection of entities that are rows of a model of their own: services, users, tags, teams, …

(Those made of assets share `catalog.api.entities`.) A subclass says how rows are found, shown, made, changed
and removed; the conventions are here.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

import orjson
from django.db import IntegrityError
from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.cursors import Chained
from contracts.entities import (
    Entities,
    base_of,
    choice_of,
    entity_tag,
    expected_tag,
    flag_of,
    names,
    refuse_dry_run,
    renamed,
    said_as,
)
from contracts.entity_stale import stale_of
from contracts.errors import BadRequest, Conflict, DomainError, Invalid, NotFound, TooLarge
from contracts.patching import patched
from contracts.views import ContractViewSet, uuid_of

M = TypeVar("M", bound=Model)


BULK_MOST = 1000
"""Entities of one bulk call."""


def is_empty(value: Any) -> bool:
    """Whether a field of this value says nothing. 0 and an empty text are of no list's or object's type."""
    return value is None or value is False or (isinstance(value, list | dict) and not value)


class RowEntities(Entities, ContractViewSet[M], Generic[M]):
    """The conventions of the contract over one model."""

    entity: ClassVar[str]
    shown: ClassVar[frozenset[str]]
    """The fields of the entity's public schema."""
    requested: ClassVar[frozenset[str]]
    required: ClassVar[tuple[str, ...]] = ("name",)
    patched_too: ClassVar[frozenset[str]] = frozenset()
    """Fields that only a PATCH changes."""
    passed_over: ClassVar[frozenset[str]] = names(
        "domains dataProducts reviewers owners roles followers isBot mutuallyExclusive associatedTags"
    )
    """Fields of the public request of which nothing is kept; they may come, empty."""

    words: ClassVar[Mapping[str, str]] = {"owner": "owners", "display_name": "displayName"}
    """The services' names for fields, as this contract has them."""

    # What a subclass says ----------------------------------------------------------------------------

    @abstractmethod
    def shapes(self, rows: Sequence[M], fields: Collection[str]) -> list[dict[str, Any]]:
        """The rows as entities, in a constant number of statements."""

    @abstractmethod
    def named(self, fqn: str) -> M | None:
        """The living row of a fully qualified name."""

    @abstractmethod
    def make(self, said: Mapping[str, Any], key: UUID | None = None) -> M:
        """A new one of what a request says, with this id where one is given."""

    @abstractmethod
    def change(self, row: M, said: Mapping[str, Any]) -> M:
        """The row with these fields; a null empties one."""

    @abstractmethod
    def remove(self, row: M, *, recursive: bool, hard: bool) -> None:
        """Delete it. Raises Invalid where it is not empty and `recursive` is not said."""

    @abstractmethod
    def bring_back(self, row: M) -> M:
        """The row restored; one that lives is as it was."""

    @abstractmethod
    def pages(self, include: str) -> Chained:
        """The living rows, the deleted or both, in an order that stays."""

    @abstractmethod
    def row_by_id(self, key: UUID, include: str) -> M | None:
        """The row of this id."""

    @abstractmethod
    def deleted_named(self, fqn: str) -> M | None:
        """A deleted row of a fully qualified name."""

    scopes: ClassVar[tuple[str, ...]] = ()
    """What an entity may lie in, for `deleteStale`."""

    def inside(self, scope: str, fqn: str) -> QuerySet[M]:
        """The living ones in a scope, each before what holds it."""
        raise NotImplementedError

    def stale_name(self, fqn: str) -> str:
        """A fully qualified name as it is compared with those that were seen."""
        return fqn

    def is_used(self, key: UUID) -> bool:
        """Whether the id is anybody's, seen or not, living or deleted."""
        model: Any = self.get_queryset().model
        return bool(model._base_manager.filter(pk=key).exists())

    def rows_of(self, page: Sequence[Any]) -> Sequence[M]:
        """The rows of a page."""
        return page

    def name_of(self, said: Mapping[str, Any]) -> str:
        """The fully qualified name that a request speaks of."""
        return str(said["name"])

    # The conventions ---------------------------------------------------------------------------------

    def list(self, request: Request) -> Response:
        fields = self.fields()
        page: Any = self.paginate_queryset(self.pages(self.include()))  # type: ignore[arg-type]  # a chain of querysets
        return self.get_paginated_response(self.shapes(self.rows_of(page), fields))

    def retrieve(self, request: Request, pk: str) -> Response:
        fields = self.fields()
        return self.show(self.found(pk, self.include()), fields)

    def by_name(self, request: Request, fqn: str) -> Response:
        fields, include = self.fields(), self.include()
        row = self.named(fqn) if include != "deleted" else None
        if row is None and include != "non-deleted":
            row = self.deleted_named(fqn)
        if row is None:
            raise self.missing(fqn)
        return self.show(row, fields)

    def create(self, request: Request) -> Response:
        said = self.said(request.data)
        self._check_name_is_free(said)
        return self.show(self._made(said), self.shown, code=201)

    def upsert(self, request: Request) -> Response:
        """Create it, or replace the one of this name."""
        said = self.said(request.data)
        row = self.named(self.name_of(said))
        if row is None:
            return self.show(self._made(said), self.shown, code=201)
        return self.show(self.replaced(row, said), self.shown)

    def bulk(self, request: Request) -> Response:
        """Create or replace up to 1,000, one after another; a bad row is told and sinks no other."""
        refuse_dry_run(request)
        bodies = [*request.data]
        if len(bodies) > BULK_MOST:
            raise TooLarge(f"At most {BULK_MOST:,} entities a call; this has {len(bodies):,}")
        passed, failed = [], []
        for body in bodies:
            name = body.get("name") if isinstance(body, Mapping) else None
            try:
                if not isinstance(body, Mapping):
                    raise Invalid("Each entity must be an object")
                said = self.said(body)
                row = self.named(self.name_of(said))
                row = self._made(said) if row is None else self.replaced(row, said)
            except DomainError as error:
                shown = name[:1000] if isinstance(name, str) else None
                failed.append(bulk_failure(shown, error.message, self.statuses[error.kind]))
            else:
                passed.append({"request": self.entity_of(row, ())["fullyQualifiedName"], "status": 200})
        return Response(bulk_result(passed, failed))

    def update(self, request: Request, pk: str) -> Response:
        """Replace the one of this id, or make it where the id is nobody's."""
        said, key = self.said(request.data), uuid_of(pk)
        if key is not None and not self.is_used(key):
            self._check_name_is_free(said)
            return self.show(self._made(said, key), self.shown, code=201)
        row = self.found(pk)
        named = self.named(self.name_of(said))
        if named is None or named.pk != row.pk:
            raise Invalid(fields={"name": [f"This id is that of another {self.entity}."]})
        self.expect(row)
        return self.show(self.replaced(row, said), self.shown)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Apply a JSON Patch to the entity with all its fields."""
        row = self.found(pk)
        self.expect(row)
        document = orjson.loads(orjson.dumps(self.entity_of(row, self.shown)))
        changeable = self.requested | self.patched_too
        result = patched(document, [*request.data], fields=changeable)
        changed = [name for name in {**document, **result} if document.get(name) != result.get(name)]
        problems = {
            name: ["This cannot be changed." if name in self.shown else "There is no such field."]
            for name in changed
            if name not in changeable or name in self.required
        }
        if problems:
            raise Invalid(fields=problems)
        row = self._changed(row, {name: result.get(name) for name in changed}) if changed else row
        return self.show(row, self.shown)

    def destroy(self, request: Request, pk: str) -> Response:
        recursive, hard = flag_of(request, "recursive"), flag_of(request, "hardDelete")
        row = self.found(pk, "all" if hard else "non-deleted")
        self.expect(row)
        entity = self.entity_of(row, self.shown)
        self.remove(row, recursive=recursive, hard=hard)
        return Response({**entity, "deleted": True})

    def delete_stale(self, request: Request) -> Response:
        """Delete what is in the scope and not among those seen, one after another; what is not empty is told."""
        if not self.scopes:
            raise BadRequest(f"A {self.entity} lies in nothing that could be the scope")
        refuse_dry_run(request)
        said = stale_of(request.data, self.scopes, self.stale_name)
        rows = list(self.inside(said.scope, said.fqn))
        passed, failed = [], []
        for row, entity in zip(rows, self.shapes(rows, ()), strict=True):
            name = entity["fullyQualifiedName"]
            if self.stale_name(name) in said.seen:
                continue
            try:
                self.remove(row, recursive=said.recursive, hard=False)
            except Invalid as error:
                failed.append(bulk_failure(name, error.message, self.statuses[error.kind]))
            else:
                passed.append({"request": name, "status": 200})
        return Response(bulk_result(passed, failed))

    def restore(self, request: Request) -> Response:
        """Bring back a deleted one."""
        body: Any = request.data
        if set(body) != {"id"} or uuid_of(body["id"]) is None:
            raise Invalid(fields={"id": ["This must be the id of an entity, and nothing else may be said."]})
        return self.show(self.bring_back(self.found(body["id"], "all")), self.shown)

    # What they share ---------------------------------------------------------------------------------

    def fields(self) -> frozenset[str]:
        """What `fields` asks for, `*` for all. Raises BadRequest for what is none."""
        given = self.request.query_params.get("fields", "")
        wanted = frozenset(word.strip() for word in given.split(",") if word.strip())
        for name in sorted(wanted - self.shown - {"*"}):
            raise BadRequest(fields={"fields": [f"A {self.entity} has no field '{name}'."]})
        return self.shown if "*" in wanted else wanted

    def said(self, body: Any) -> dict[str, Any]:
        """What a request says, without nulls. Raises Invalid for what is unknown, missing, or no name."""
        unknown = [
            name
            for name, value in body.items()
            if name not in self.requested and not (name in self.passed_over and is_empty(value))
        ]
        problems = {str(name): ["There is no such field."] for name in unknown}
        said = {name: value for name, value in body.items() if value is not None and name in self.requested}
        problems |= {name: ["This is required."] for name in self.required if name not in said}
        if "name" in said and (not isinstance(said["name"], str) or not said["name"].strip()):
            problems["name"] = ["This must be text, and not blank."]
        if problems:
            raise Invalid(fields=problems)
        return said

    def replaced(self, row: M, said: Mapping[str, Any]) -> M:
        entity = self.entity_of(row, ())
        for name in self.required[1:]:
            is_now = entity.get(name)
            is_now = is_now["fullyQualifiedName"] if isinstance(is_now, dict) else is_now
            if is_now is not None and is_now != said[name]:
                raise Invalid(fields={name: ["This cannot be changed."]})
        return self._changed(row, {name: said.get(name) for name in self.requested if name not in self.required})

    def _check_name_is_free(self, said: Mapping[str, Any]) -> None:
        if self.named(self.name_of(said)) is not None:
            raise Conflict(f"There is a {self.entity} '{self.name_of(said)}' already", resource=self.entity)

    def _made(self, said: Mapping[str, Any], key: UUID | None = None) -> M:
        with said_as(lambda path: renamed(path, self.words)):
            try:
                return self.make(said, key)
            except IntegrityError:
                raise Conflict("Another has taken this id", resource=self.entity) from None

    def _changed(self, row: M, said: Mapping[str, Any]) -> M:
        with said_as(lambda path: renamed(path, self.words)):
            return self.change(row, said)

    def missing(self, value: Any) -> NotFound:
        return NotFound(f"There is no {self.entity} '{str(value)[:1000]}'", resource=self.entity)

    def include(self) -> str:
        return choice_of(self.request, "include", ("non-deleted", "deleted", "all"))

    def found(self, pk: Any, include: str = "non-deleted") -> M:
        """The row of this id. Raises NotFound."""
        key = uuid_of(pk)
        row = self.row_by_id(key, include) if key else None
        if row is None:
            raise self.missing(pk)
        return row

    def entity_of(self, row: M, fields: Collection[str]) -> dict[str, Any]:
        return self.shapes([row], fields)[0]

    def expect(self, row: M) -> None:
        """Raises Stale where `If-Match` names another version than the current one."""
        version = self.entity_of(row, ()).get("version")
        if version is not None:
            expected_tag(self.request, entity_tag(version))

    def show(self, row: M, fields: Collection[str], *, code: int = 200) -> Response:
        entity = self.entity_of(row, fields)
        response = Response(entity, status=code)
        if "version" in entity:
            response["ETag"] = entity_tag(entity["version"])
        return response

    def href(self, where: str) -> str:
        return f"{base_of(self.request)}{where}"

    def list_name(self, include: str) -> str:
        """What a cursor of the list is good for, beside its order."""
        return f"{self.entity}:{include}:{getattr(self.request.auth, 'organization_id', None)}"


def owner_of(said: Mapping[str, Any]) -> dict[str, str] | None:
    """The one user or team among `owners`. Raises Invalid for more, and for what is no reference."""
    value = said.get("owners")
    if is_empty(value):
        return None
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise Invalid(fields={"owners": ["This must be a list of references."]})
    if len(value) > 1:
        raise Invalid(fields={"owners": ["There is one owner; this names more."]})
    key, type_ = uuid_of(value[0].get("id")), value[0].get("type")
    if type_ not in (None, "user", "team"):
        raise Invalid(fields={"owners.0.type": ["This must be user or team."]})
    if key is None:
        raise Invalid(fields={"owners.0.id": ["This must be the id of a user or a team."]})
    return {"id": str(key), **({"type": type_} if type_ else {})}


def bulk_failure(name: str | None, message: str, status: int) -> dict[str, Any]:
    """One row of a bulk that was refused."""
    return {"request": name, "message": message, "status": status}


def bulk_result(passed: list[dict[str, Any]], failed: list[dict[str, Any]]) -> dict[str, Any]:
    """What became of the rows of a bulk."""
    status = "success" if not failed else "partialSuccess" if passed else "failure"
    return {
        "dryRun": False,
        "status": status,
        "numberOfRowsProcessed": len(passed) + len(failed),
        "numberOfRowsPassed": len(passed),
        "numberOfRowsFailed": len(failed),
        "successRequest": passed,
        "failedRequest": failed,
    }


def text_of(said: Mapping[str, Any], name: str) -> str:
    """A field that is text; empty where it is null or not said. Raises Invalid."""
    value = said.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Invalid(fields={name: ["This must be text."]})
    return value

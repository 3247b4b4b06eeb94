"""One viewset for every collection that is made of assets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.permissions import actor_of
from catalog.api.entities.bodies import Reader
from catalog.api.entities.kinds import Kind
from catalog.api.entities.patching import changes_by, contents_by
from catalog.api.entities.rows import around, databases_of, inside, of_service, rows
from catalog.api.entities.shapes import Shaper, fields_of
from catalog.api.parameters import body_of
from catalog.counts import count_assets
from catalog.models import Asset
from catalog.names import join_name, split_name
from catalog.numbering import decimal_of
from catalog.querysets import AssetQuerySet
from catalog.services import delete_tree, file_asset, file_contents, restore_tree, update_asset
from contracts.cursors import Chained
from contracts.entities import base_of, choice_of, entity_tag, expected_tag, flag_of, renamed, said_as
from contracts.errors import BadRequest, Invalid, NotFound, Stale
from contracts.patching import patched
from contracts.views import ContractViewSet, uuid_of

Include = Literal["non-deleted", "deleted", "all"]
_WRITTEN = {"owner": "owners", "domain": "domains", "terms": "tags", "qualified_name": "name", "type": "tableType"}
_TRIES = 3


class EntityViews(ContractViewSet[Asset]):
    """A collection of entities that the actor can see."""

    kind: ClassVar[Kind]
    queryset = Asset.objects.none()

    # Reads -------------------------------------------------------------------------------------------

    def list(self, request: Request) -> Response:
        actor, fields, include = actor_of(request), self.fields(), self.include()
        narrowing = self.narrowing(actor)
        parts = [
            (type_, is_deleted)
            for is_deleted in (False, True)
            for type_ in self.kind.types
            if include == "all" or is_deleted == (include == "deleted")
        ]
        querysets = [rows(_of(actor, *part).filter(narrowing or Q())) for part in parts]
        places = {part: index for index, part in enumerate(parts)}
        name = f"{self.kind.path}:{include}:{actor.organization_id}"
        listed = Chained(name, querysets, lambda row: places[row.type, row.deleted_at is not None])
        self._counted = None if narrowing or include != "non-deleted" else count_assets(actor, self.kind.types)
        page: Any = self.paginate_queryset(listed)  # type: ignore[arg-type]  # a chain of querysets
        return self.get_paginated_response(self.shaper(actor, page, fields).shape(page))

    def count(self, queryset: Any) -> int:
        """From the counters where nothing narrows the list."""
        return queryset.count() if self._counted is None else self._counted

    def retrieve(self, request: Request, pk: str) -> Response:
        fields = self.fields()
        return self.show(self.found(pk, include=self.include()), fields)

    def by_name(self, request: Request, fqn: str) -> Response:
        fields = self.fields()
        return self.show(self.named(fqn, include=self.include()), fields)

    # Writes ------------------------------------------------------------------------------------------

    def create(self, request: Request) -> Response:
        actor = actor_of(request)
        with said_as(self._its_field):
            filed = file_asset(actor=actor, filing=self.reader(actor, request.data).filing(request.data), replace=False)
        return self.show(self.found(filed.id), self.kind.shown, code=201)

    def upsert(self, request: Request) -> Response:
        """Create it, or replace the one of this name."""
        actor = actor_of(request)
        with said_as(self._its_field):
            filed = file_asset(actor=actor, filing=self.reader(actor, request.data).filing(request.data))
        return self.show(self.found(filed.id), self.kind.shown, code=201 if filed.is_new else 200)

    def update(self, request: Request, pk: str) -> Response:
        """Replace the entity of this id, or make it where the id is nobody's."""
        actor, key = actor_of(request), self.key_of(pk)
        with said_as(self._its_field):
            filing = self.reader(actor, request.data).filing(request.data)
            if not Asset.objects.filter(pk=key).exists():
                filed = file_asset(actor=actor, filing=filing, replace=False, asset_id=key)
                return self.show(self.found(filed.id), self.kind.shown, code=201)
            row = self.found(key)
            if filing.fields["qualified_name"] != row.qualified_name:
                raise Invalid(fields={"name": [f"This id is that of '{row.qualified_name}'."]})
            filing.expected_version = self.expected(row)
            file_asset(actor=actor, filing=filing)
        return self.show(self.found(key), self.kind.shown)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Apply a JSON Patch to the entity with all its fields."""
        actor = actor_of(request)
        for attempt in range(_TRIES):
            row = self.found(pk)
            expected = self.expected(row)
            document = self.entity(row, self.kind.shown)
            with said_as(self._its_field):
                result = patched(document, list(request.data), fields=self.kind.requested)
                changes = changes_by(self.kind, actor, row, document, result)
                contents = contents_by(self.kind, actor, document, result)
                try:
                    with transaction.atomic():
                        update_asset(actor=actor, asset=Asset(pk=row.id), changes=changes, expected_version=row.version)
                        if contents is not None and self.kind.contents:
                            types = self.kind.contents.types
                            file_contents(actor=actor, asset_id=row.id, contents=contents, types=types)
                except Stale:
                    if expected is not None or attempt == _TRIES - 1:
                        raise
                    continue
            break
        return self.show(self.found(row.id), self.kind.shown)

    def destroy(self, request: Request, pk: str) -> Response:
        """Delete; what is deleted is kept for the trail, whatever `hardDelete` says, and can be restored."""
        actor = actor_of(request)
        recursive, hard = flag_of(request, "recursive"), flag_of(request, "hardDelete")
        row = self.found(pk, include="all" if hard else "non-deleted")
        expected = self.expected(row)
        if row.deleted_at is None:
            asset = Asset(pk=row.id)
            delete_tree(actor=actor, asset=asset, recursive=recursive, expected_version=expected)
        return self.show(self.found(row.id, include="all"), self.kind.shown)

    def restore(self, request: Request) -> Response:
        """Bring back a deleted entity, with what was deleted together with it."""
        body = body_of(request)
        if set(body) != {"id"} or uuid_of(body["id"]) is None:
            raise Invalid(fields={"id": ["This must be the id of an entity, and nothing else may be said."]})
        row = self.found(body["id"], include="all")
        restore_tree(actor=actor_of(request), asset=Asset(pk=row.id))
        return self.show(self.found(row.id), self.kind.shown)

    # What they share ---------------------------------------------------------------------------------

    def fields(self) -> frozenset[str]:
        """What `fields` asks for. Raises BadRequest."""
        try:
            return fields_of(self.kind, self.request.query_params.get("fields"))
        except ValueError as error:
            raise BadRequest(fields={"fields": [f"A {self.kind.entity} has no field '{error}'."]}) from None

    def include(self) -> Include:
        return cast(Include, choice_of(self.request, "include", ("non-deleted", "deleted", "all")))

    def narrowing(self, actor: Actor) -> Q | None:
        """The condition that the query's `service`, `database`, `databaseSchema` or `parent` makes; None for none."""
        given = self.request.query_params
        for name in ("parent", "databaseSchema", "database", "service"):
            if given.get(name):
                return within(actor, self.kind, name, given[name])
        return None

    def key_of(self, value: Any) -> UUID:
        key = uuid_of(value)
        if key is None:
            raise self.missing(value)
        return key

    def missing(self, value: Any) -> NotFound:
        return NotFound(f"There is no {self.kind.entity} '{str(value)[:1000]}'", resource=self.kind.entity)

    def found(self, pk: Any, *, include: Include = "non-deleted") -> Any:
        """The row of this id. Raises NotFound."""
        assets = self.assets(include).filter(pk=self.key_of(pk))
        row = rows(assets).first()
        if row is None:
            raise self.missing(pk)
        return row

    def named(self, fqn: str, *, include: Include = "non-deleted") -> Any:
        """The row of this fully qualified name, the living one first. Raises NotFound, BadRequest for odd quotes."""
        names, problem = {fqn}, None
        try:
            names.add(join_name(*split_name(fqn)))
        except ValueError:
            problem = BadRequest(f"'{fqn[:1000]}' is no fully qualified name: look at its quotes")
        candidates = rows(self.assets(include).filter(qualified_name__in=names).order_by("-id"))
        found = sorted(candidates[:100], key=lambda row: row.deleted_at is not None)
        if not found:
            raise problem or self.missing(fqn)
        return found[0]

    def assets(self, include: Include) -> AssetQuerySet:
        assets = Asset.objects.of_tenants(actor_of(self.request)).filter(type__in=self.kind.types)
        return assets if include == "all" else assets.filter(deleted_at__isnull=include == "non-deleted")

    def expected(self, row: Any) -> int | None:
        """The version that `If-Match` names, where it is the current one; None for no such header. Raises Stale."""
        tag = entity_tag(decimal_of(row.version, row.breaks))
        return row.version if expected_tag(self.request, tag) else None

    def reader(self, actor: Actor, *bodies: Any) -> Reader:
        return Reader(actor, self.kind, bodies)

    def shaper(self, actor: Actor, page: Sequence[Any], fields: frozenset[str]) -> Shaper:
        return Shaper(actor, self.kind, base_of(self.request), fields, around(actor, self.kind, page, fields))

    def entity(self, row: Any, fields: frozenset[str]) -> dict[str, Any]:
        return self.shaper(actor_of(self.request), [row], fields).shape([row])[0]

    def show(self, row: Any, fields: frozenset[str], *, code: int = 200) -> Response:
        response = Response(self.entity(row, fields), status=code)
        response["ETag"] = entity_tag(decimal_of(row.version, row.breaks))
        return response

    def _its_field(self, path: str) -> str:
        first, _, rest = path.partition(".")
        if first == "schema":
            return ".".join([*self.kind.columns, *([rest] if rest else [])])
        return renamed(path, _WRITTEN)


def _of(actor: Actor, type_: str, is_deleted: bool) -> AssetQuerySet:
    """One type's assets in the order of their making, as an index has them."""
    assets = Asset.objects.of_tenants(actor).filter(type=type_, deleted_at__isnull=not is_deleted)
    return assets.order_by("id")


def within(actor: Actor, kind: Kind, scope: str, fqn: str) -> Q:
    """The condition that an entity of this kind is in the scope: in a service, or contained at any level."""
    try:
        fqn = join_name(*split_name(fqn))
    except ValueError:
        raise BadRequest(fields={scope: [f"'{fqn[:1000]}' is no fully qualified name."]}) from None
    if scope == "service" or scope.endswith("Service"):
        if kind.entity not in {"databaseSchema", "table", "storedProcedure"}:
            return of_service(fqn)
        return inside(actor, list(databases_of(actor, fqn).values_list("pk", flat=True)))
    roots = Asset.objects.visible_to(actor).filter(qualified_name=fqn)
    return inside(actor, list(roots.values_list("pk", flat=True)))

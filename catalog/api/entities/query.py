"""`GET /search/query` of the entities contract: what fits some words and a filter, in a search engine's shape.

`q` holds words, which our own search finds, and `field:value` conditions; `query_filter` is a filter in the search
engines' language, of which `catalog.api.entities.query_filters` heeds a part; what it does not is a 400. An index of
entities that there are none of here is empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Q
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.permissions import actor_of
from catalog.api.entities.hits import COUNTED, FoundSerializer, answer, hit, index_of, window_of, window_parameters
from catalog.api.entities.kinds import BY_TYPE, KINDS, Kind
from catalog.api.entities.people import PEOPLE
from catalog.api.entities.query_filters import NONE, Conditions, Found
from catalog.api.entities.query_words import Clause, clauses_of, words_of
from catalog.api.entities.rows import around, rows
from catalog.api.entities.shapes import Shaper
from catalog.api.parameters import parameter
from catalog.models import Asset, Relationship
from catalog.querysets import AssetQuerySet
from catalog.search import search
from contracts.entities import Entities, base_of, choice_of
from contracts.errors import BadRequest
from contracts.views import uuid_of

_MOST = 1000
_SORTS: Mapping[str, str] = {
    "fullyQualifiedName": "qualified_name",
    "name": "name",
    "_score": "qualified_name",
    "": "qualified_name",
}
"""The columns to sort by; hits that words found stand by their score, where that or nothing is said."""
_ALL = {"all", "dataAsset"}
PARAMETERS = [
    parameter("q", "Words, and conditions such as `name:cust*`, with AND between; all of them hold."),
    parameter("index", "`table_search_index` (where nothing is said), `user_search_index`, `all`, …"),
    parameter("query_filter", "A filter as JSON: bool, term, terms, exists, ids, wildcard, prefix, …"),
    parameter("deleted", "`true` or `false`; both where it is not said."),
    parameter("include_source_fields", "Only these fields in `_source`.", many=True),
    parameter("sort_field", "`fullyQualifiedName`, `name`, or `_score` where there are words."),
    parameter("sort_order", "`desc` or `asc`."),
    parameter("search_after", "The values of the last hit's `sort`: the hits behind it.", many=True),
    *window_parameters(_MOST),
]
_KNOWN = frozenset(one.name for one in PARAMETERS)
_BY_INDEX = {index_of(kind.entity): kind for kind in KINDS}


class QueryViews(GenericAPIView[Asset]):
    serializer_class: Any = FoundSerializer

    def get(self, request: Request) -> Response:
        given = request.query_params
        for name in given:
            if name not in _KNOWN:
                raise BadRequest(fields={name[:100]: ["There is no such parameter."]})
        index = given.get("index") or index_of("table")
        start, size = window_of(request, most=_MOST, within=COUNTED)
        if index in PEOPLE:
            return Response(answer(*PEOPLE[index](request, self._body("query_filter"), start, size)))
        kinds = KINDS if index in _ALL else [kind for name, kind in _BY_INDEX.items() if index in {name, kind.entity}]
        actor = actor_of(request)
        clauses, body = clauses_of(given.get("q", "")), self._body("query_filter")
        deleted = choice_of(request, "deleted", ("false", "true")) if given.get("deleted") else ""
        order, after = self._order()
        by_score = self._sort_field() in {"", "_score"} and any(not clause.field for clause in clauses)
        if by_score and after:
            raise BadRequest(fields={"search_after": ["Say 'sort_field', too: hits by their score have no 'sort'."]})
        if by_score and body is None and deleted != "true" and not any(clause.field for clause in clauses):
            return self._by_words(actor, kinds, words_of(clauses), start, size)
        found = Found(actor, kinds)
        assets = Asset.objects.of_tenants(actor).filter(self._condition(actor, kinds, found, clauses, body)).order_by()
        if deleted:
            assets = assets.filter(deleted_at__isnull=deleted == "false")
        total = assets[: COUNTED + 1].count()
        if by_score:
            place = {key: number for number, key in enumerate(found.ranked)}
            ranked = assets.filter(pk__in=found.ranked).values_list("pk", flat=True)
            hits = self._hits(actor, sorted(ranked, key=lambda key: place[key])[start : start + size])
        else:
            hits = self._hits(actor, _page(assets.filter(after), order, start, size), order[0].lstrip("-"))
        return Response(answer(total, hits, is_exact=not found.is_cut))

    def _by_words(self, actor: Actor, kinds: Sequence[Kind], words: str, start: int, size: int) -> Response:
        """What words alone find, the best first: the search knows how many there are, and pages by itself."""
        types = [type_ for kind in kinds for type_ in kind.types]
        if not types:
            return Response(answer(0, []))
        page = search(actor=actor, query=words, kinds=["asset"], types=types, limit=size, offset=start)
        hits = self._hits(actor, [one.id for one in page.hits])
        return Response(answer(page.total, hits, is_exact=page.total_is_exact))

    def _hits(self, actor: Actor, keys: Sequence[UUID], column: str = "") -> list[dict[str, Any]]:
        """The assets of these ids, in their order; `column` is what they are ordered by, where it is one."""
        page = {row.id: row for row in rows(Asset.objects.of_tenants(actor).filter(pk__in=keys).order_by())}
        listed = [page[key] for key in keys if key in page]
        sources = self._sources(actor, listed)
        return [_hit(row, sources[row.id], [getattr(row, column), str(row.id)] if column else None) for row in listed]

    def _condition(self, actor: Actor, kinds: Sequence[Kind], found: Found, clauses: Sequence[Clause], body: Any) -> Q:
        """What fits. Raises BadRequest where no kind has a field that is asked for."""
        fitting = NONE
        refusal: BadRequest | None = None
        understood = not kinds
        for kind in kinds:
            conditions = Conditions(actor, kind, found)
            try:
                condition = conditions.of_words(clauses)
                if body is not None:
                    condition &= conditions.of_filter(body)
            except BadRequest as error:
                refusal = error
                continue
            understood = True
            fitting |= Q(type__in=kind.types) & condition
        if refusal is not None and not understood:
            raise refusal
        return fitting

    def _body(self, name: str) -> Any:
        """The filter in a parameter. Raises BadRequest for what is no JSON object with `query`."""
        text = self.request.query_params.get(name, "")
        if not text:
            return None
        try:
            body = orjson.loads(text)
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict) or body.keys() != {"query"}:
            raise BadRequest(fields={name: ["This must be a JSON object with 'query' and nothing else."]})
        return body["query"]

    def _order(self) -> tuple[list[str], Q]:
        """The columns to order by, and where the page begins. Raises BadRequest."""
        column = _SORTS.get(self._sort_field())
        if not column:
            raise BadRequest(fields={"sort_field": [f"This must be one of {', '.join(filter(None, _SORTS))}."]})
        descends = choice_of(self.request, "sort_order", ("desc", "asc")) == "desc"
        sign, beyond = ("-", "lt") if descends else ("", "gt")
        order = [f"{sign}{column}", f"{sign}id"]
        match self.request.query_params.getlist("search_after"):
            case []:
                return order, Q()
            case [value, text] if (key := uuid_of(text)) and "\0" not in value:
                behind = Q(**{f"{column}__{beyond}": value}) | Q(**{f"id__{beyond}": key})
                return order, Q(**{f"{column}__{beyond}e": value}) & behind
            case _:
                raise BadRequest(fields={"search_after": ["This must be the two values of a hit's 'sort'."]})

    def _sort_field(self) -> str:
        return self.request.query_params.get("sort_field", "").removesuffix(".keyword")

    def _sources(self, actor: Actor, page: Sequence[Any]) -> dict[UUID, dict[str, Any]]:
        """The entities, by id; with the fields that are asked for, where any are."""
        texts = self.request.query_params.getlist("include_source_fields")
        wanted = {name.partition(".")[0] for text in texts for name in text.split(",") if name}
        base, found = base_of(self.request), dict[UUID, dict[str, Any]]()
        by_kind: dict[Kind, list[Any]] = {}
        for row in page:
            by_kind.setdefault(BY_TYPE[row.type], []).append(row)
        for kind, listed in by_kind.items():
            fields = (wanted or {"owners", "tags", "domains"}) & kind.shown
            for entity in Shaper(actor, kind, base, fields, around(actor, kind, listed, fields)).shape(listed):
                found[entity["id"]] = {**entity, "entityType": kind.entity}
        if "upstreamLineage" in wanted:
            for key, edges in _upstream(actor, list(found)).items():
                found[key]["upstreamLineage"] = edges
        if wanted:
            found = {key: {name: one[name] for name in one.keys() & wanted} for key, one in found.items()}
        return found


def _page(assets: AssetQuerySet, order: Sequence[str], start: int, size: int) -> list[UUID]:
    """The ids of a page: of the living and of the deleted, for each of which there are indexes in this order."""
    end = start + size
    parts = [assets.filter(deleted_at__isnull=lives).order_by(*order) for lives in (True, False)]
    living, deleted = (list(part.values_list("pk", flat=True)[:end]) for part in parts)
    if living and deleted:
        both = Asset.objects.filter(pk__in=[*living, *deleted]).order_by(*order)
        return list(both.values_list("pk", flat=True)[start:end])
    return [*living, *deleted][start:end]


def _upstream(actor: Actor, ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """What each of these is made of, directly."""
    edges = Relationship.objects.visible_to(actor).filter(downstream_id__in=ids)
    found: dict[UUID, list[dict[str, Any]]] = {}
    for below, above in edges.order_by("created_at", "id").values_list("downstream_id", "upstream_id"):
        found.setdefault(below, []).append({"fromEntity": {"id": above}, "toEntity": {"id": below}})
    return found


def _hit(row: Any, source: dict[str, Any], sort: list[str] | None) -> dict[str, Any]:
    return {**hit(BY_TYPE[row.type].entity, row.id, source), **({"sort": sort} if sort else {})}


class EntitiesQuery(Entities, QueryViews):
    @extend_schema(
        operation_id="entities_search_query",
        parameters=PARAMETERS,
        responses=FoundSerializer,
    )
    def get(self, request: Request) -> Response:
        """Entities that words and conditions find."""
        return super().get(request)


urlpatterns = [path("search/query", EntitiesQuery.as_view(), name="entities-query")]

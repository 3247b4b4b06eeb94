"""`GET /search/fieldQuery` of the entities contract: entities by one field's value, in a search engine's words.

`fieldName` is `fullyQualifiedName`, whose parts may be `*`, or `name`. Matching is without case, as in the engine
whose answer this has the shape of. An index of entities that there are none of is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from catalog.api.entities.hits import FoundSerializer, answer, hit, index_of, window_of, window_parameters
from catalog.api.entities.kinds import BY_TYPE, KINDS
from catalog.api.parameters import parameter
from catalog.models import Asset
from catalog.names import split_name
from catalog.search import Hit, search
from contracts.entities import Entities
from contracts.errors import BadRequest

LOOKED_AT = 500
"""Assets of the name that is asked for, at most, that a pattern is held against."""
_MOST = 100
_TYPES = {index_of(kind.entity): kind.types for kind in KINDS}


class FieldQueryViews(GenericAPIView[Asset]):
    serializer_class: Any = FoundSerializer

    def get(self, request: Request) -> Response:
        given = request.query_params
        field, value = given.get("fieldName", ""), given.get("fieldValue", "").strip()
        if field not in {"fullyQualifiedName", "name"}:
            raise BadRequest(fields={"fieldName": ["This must be fullyQualifiedName or name."]})
        start, size = window_of(request, most=_MOST, within=LOOKED_AT + _MOST)
        types = _TYPES.get(given.get("index", ""), ())
        parts = _parts(value) if field == "fullyQualifiedName" else ["*", value]
        found: list[Hit] = []
        if types and parts:
            page = search(actor=actor_of(request), query=f'"{parts[-1]}"', types=types, limit=LOOKED_AT)
            found = [one for one in page.hits if _fits(one, parts, whole=field == "fullyQualifiedName")]
        return Response(answer(len(found), [_shape(one) for one in found[start : start + size]]))


def _parts(value: str) -> list[str]:
    """The parts of a pattern, the last of them a name. Raises BadRequest."""
    try:
        parts = split_name(value)
    except ValueError:
        raise BadRequest(fields={"fieldValue": [f"'{value[:1000]}' is no fully qualified name."]}) from None
    if parts[-1] == "*":
        raise BadRequest(fields={"fieldValue": ["The last part must be a name."]})
    return parts


def _fits(found: Hit, parts: Sequence[str], *, whole: bool) -> bool:
    if not whole:
        return found.name.lower() == parts[-1].lower()
    try:
        own = split_name(found.path)
    except ValueError:
        return False
    return len(own) == len(parts) and all(
        wanted in ("*", part) or wanted.lower() == part.lower() for wanted, part in zip(parts, own, strict=True)
    )


def _shape(found: Hit) -> dict[str, Any]:
    entity = BY_TYPE[found.type].entity
    source = {"id": str(found.id), "name": found.name, "fullyQualifiedName": found.path, "entityType": entity}
    return hit(entity, found.id, source, found.score)


class EntitiesFieldQuery(Entities, FieldQueryViews):
    @extend_schema(
        operation_id="entities_search_field_query",
        parameters=[
            parameter("fieldName", "`fullyQualifiedName` or `name`."),
            parameter("fieldValue", "Its value; parts of a fully qualified name may be `*`."),
            parameter("index", "`table_search_index`, `database_search_index`, …"),
            *window_parameters(_MOST),
        ],
        responses=FoundSerializer,
    )
    def get(self, request: Request) -> Response:
        """Entities whose name is this."""
        return super().get(request)


urlpatterns = [path("search/fieldQuery", EntitiesFieldQuery.as_view(), name="entities-field-query")]

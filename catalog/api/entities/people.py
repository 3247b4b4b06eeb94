"""Users and teams as `GET /search/query` finds them: by e-mail address, name, or words in their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Model, Q, QuerySet
from rest_framework.request import Request

from accounts.models import Team, User
from accounts.permissions import actor_of
from catalog.api.entities.hits import hit, index_of
from catalog.api.entities.query_filters import unknown_field
from catalog.api.entities.query_words import Clause, Pattern, clauses_of
from catalog.names import quote_part
from contracts.errors import BadRequest

Page = tuple[int, list[dict[str, Any]]]
_USER: Mapping[str, str] = {
    "email": "email",
    "name": "username",
    "displayName": "name",
    "fullyQualifiedName": "username",
}
_TEAM: Mapping[str, str] = {"name": "name", "displayName": "display_name", "fullyQualifiedName": "name"}


def _condition(clauses: list[Clause], columns: Mapping[str, str]) -> Q:
    condition = Q()
    for field, value in clauses:
        name = field.removesuffix(".keyword")
        if not field:
            condition &= Q(**{f"{columns['name']}__icontains": value.text}) | Q(
                **{f"{columns['displayName']}__icontains": value.text}
            )
        elif name in columns:
            condition &= _fits(columns[name], value)
        elif name in {"isBot", "deleted"}:
            condition &= Q() if value.text.lower() == "false" else Q(pk__in=())
        else:
            raise unknown_field(field)
    return condition


def _fits(column: str, value: Pattern) -> Q:
    if value.is_wild:
        return Q(**{f"{column}__iregex": f"^(?:{value.regex.pattern})$"})
    return Q(**{f"{column}__iexact": value.text})


def _asked(request: Request, body: Any) -> list[Clause]:
    """The conditions of `q`, and of a filter that is a query string."""
    clauses = clauses_of(request.query_params.get("q", ""))
    if body is None:
        return clauses
    said = body.get("query_string") if isinstance(body, dict) and len(body) == 1 else None
    if not isinstance(said, dict) or not isinstance(said.get("query"), str):
        raise BadRequest(fields={"query_filter": ["Users and teams are filtered by 'query_string' only."]})
    return clauses + clauses_of(said["query"], "query_filter")


def _page(found: QuerySet[Any], entity: str, start: int, size: int, shape: Callable[[Any], dict[str, Any]]) -> Page:
    hits = [hit(entity, row.pk, shape(row)) for row in found.order_by("id")[start : start + size]]
    return found.count(), hits


def _users(request: Request, body: Any, start: int, size: int) -> Page:
    members = User.objects.filter(memberships__organization__in=actor_of(request).organizations)
    found = members.filter(_condition(_asked(request, body), _USER)).distinct()
    return _page(found, "user", start, size, lambda row: _source(row, "user", row.username, row.name))


def _teams(request: Request, body: Any, start: int, size: int) -> Page:
    found = Team.objects.visible_to(actor_of(request)).filter(_condition(_asked(request, body), _TEAM))
    return _page(found, "team", start, size, lambda row: _source(row, "team", row.name, row.display_name))


def _source(row: Model, entity: str, name: str, shown: str) -> dict[str, Any]:
    fqn = quote_part(name)
    source = {"id": row.pk, "name": name, "fullyQualifiedName": fqn, "entityType": entity, "deleted": False}
    if shown:
        source["displayName"] = shown
    if isinstance(row, User):
        source["email"] = row.email
    return source


PEOPLE: Mapping[str, Callable[[Request, Any, int, int], Page]] = {
    index_of("user"): _users,
    index_of("team"): _teams,
}

"""The entities contract (`/api/v1/<entities>`).

What its page leaves open: an error is `{code, message}` with the HTTP status as `code`; what other
contracts put in details is said in the message. `limit` is 10 unless given, at most 1000.
`paging.total` (its best known client reads it) is counted when scrolling begins and then carried in
the cursor. DELETE answers 200 with the entity. A version in `If-Match` that is not the current one is 412.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.utils.http import parse_etags
from rest_framework import status
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.base import ContractView, Enveloped
from contracts.cursors import CursorPages
from contracts.errors import BadRequest, Invalid, Stale
from contracts.openapi import NUMBER, TEXT, Schema, shape
from contracts.parsing import JSONListParser, JSONParser, JSONPatchParser
from contracts.problems import STATUSES, Problem
from contracts.throttling import Throttle


class EntitiesPagination(CursorPages):
    """`limit`, `after` and `before`."""

    def get_paginated_response(self, data: Any) -> Response:
        paging = {"before": self.before, "after": self.after, "total": self.total}
        return Response(Enveloped(data=data, paging=paging))

    def get_results(self, data: Any) -> Any:
        return data["data"]

    def get_paginated_response_schema(self, schema: Schema) -> Schema:
        cursor = {**TEXT, "nullable": True}
        return shape(data=schema, paging=shape(before=cursor, after=cursor, total=NUMBER))


class EntitiesThrottle(Throttle):
    scope = "entities"
    setting = "RATE_ENTITIES"


class Entities(ContractView):
    contract = "entities"
    statuses = {**STATUSES, "stale": status.HTTP_412_PRECONDITION_FAILED}
    codes = {kind: str(code) for kind, code in statuses.items()}
    pagination_class: Any = EntitiesPagination
    throttle_classes = [EntitiesThrottle]
    deleted_status = status.HTTP_200_OK
    list_actions: frozenset[str] = frozenset({"bulk"})
    """Actions whose body is a list."""

    @classmethod
    def error_body(cls, problem: Problem, request_id: str) -> dict[str, Any]:
        message = problem.message
        if len(problem.fields) > 1:
            message = "; ".join(f"{path}: {' '.join(words)}" for path, words in problem.fields.items())
        return {"code": cls.statuses[problem.kind], "message": message}

    @classmethod
    def error_schema(cls) -> Schema:
        return shape(code=NUMBER, message=TEXT)

    def get_parsers(self) -> list[BaseParser]:
        """A PATCH is a JSON Patch, also where it comes as plain JSON."""
        if self.request is not None and self.request.method == "PATCH":
            return [JSONPatchParser(), JSONListParser()]
        method = str(self.request.method).lower() if self.request is not None else ""
        takes_list = (getattr(self, "action_map", None) or {}).get(method) in self.list_actions
        return [JSONListParser() if takes_list else JSONParser()]

    def deleted(self, data: Any = None) -> Response:
        return Response(data, status=self.deleted_status)


def base_of(request: Request) -> str:
    """The absolute URL that every `href` of an answer begins with."""
    return str(request.build_absolute_uri("/api/v1/"))


def entity_tag(version: float) -> str:
    """The ETag of an entity: weak, since `fields` and what it refers to change what is answered of one version."""
    return f'W/"{version}"'


def expected_tag(request: Request, current: str) -> bool:
    """Whether `If-Match` names a version, compared weakly.

    Raises Stale where it is not the current one, BadRequest where it cannot be read.
    """
    given = request.headers.get("If-Match", "").strip()
    tags = parse_etags(given)
    if given and not tags:
        raise BadRequest('If-Match must be an ETag, in quotes: W/"0.1"')
    if not tags or tags == ["*"]:
        return False
    if current.removeprefix("W/") not in {tag.removeprefix("W/") for tag in tags}:
        raise Stale(f"The entity is at version {current}, not {tags[0][:100]}")
    return True


def flag_of(request: Request, name: str) -> bool:
    """A query parameter that is true or false, false where it is not given. Raises BadRequest."""
    return choice_of(request, name, ("false", "true")) == "true"


def refuse_dry_run(request: Request) -> None:
    """Nothing is written where somebody asks to see what would be. Raises BadRequest."""
    if flag_of(request, "dryRun"):
        raise BadRequest(fields={"dryRun": ["There are no dry runs here: say false, or nothing."]})


def choice_of(request: Request, name: str, choices: Sequence[str]) -> str:
    """A query parameter that is one of these, the first where it is not given. Raises BadRequest."""
    value = request.query_params.get(name) or choices[0]
    if value not in choices:
        raise BadRequest(fields={name: [f"This must be one of {', '.join(choices)}."]})
    return value


def names(*texts: str) -> frozenset[str]:
    """The words of these texts: the fields of a public schema are long lists."""
    return frozenset(" ".join(texts).split())


@contextmanager
def said_as(rename: Callable[[str], str]) -> Iterator[None]:
    """What a service says of its fields, said of the entity's: `rename` gives the path of each."""
    try:
        yield
    except Invalid as error:
        if not error.fields:
            raise
        fields = {rename(path): words for path, words in error.fields.items()}
        raise Invalid(fields=fields, resource=error.resource) from error


def renamed(path: str, names: Mapping[str, str]) -> str:
    """The path with its first part by another name."""
    first, dot, rest = path.partition(".")
    return names.get(first, first) + dot + rest

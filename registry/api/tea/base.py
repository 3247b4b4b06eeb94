"""What the views of the Transparency Exchange API share: its errors, its pages, its identifiers.

Version 0.4.0 of the consumer API of OWASP's project. A TEA product is a product, a product release one of
its versions, a component a project, a component release a release. Drafts are never shown. Anyone may
read what belongs to a public product; a token shows its own workspace's besides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.permissions import PublicReads, actor_of
from contracts.base import ContractView
from contracts.errors import BadRequest, NotFound
from contracts.problems import Problem
from contracts.releases import Releases, ReleasesThrottle
from contracts.views import uuid_of

VERSION = "0.4.0"
MAX_PAGE_SIZE = 10_000
DEFAULT_PAGE_SIZE = 100


class Tea(ContractView):
    """404 is `{"error": "OBJECT_UNKNOWN"}`, as the specification has it; other errors add a message."""

    contract = "tea"
    codes: ClassVar = Releases.codes
    throttle_classes = [ReleasesThrottle]
    permission_classes = [PublicReads]
    http_method_names = ["get", "head", "options"]
    schema = None  # the standard publishes its own description

    @classmethod
    def error_body(cls, problem: Problem, request_id: str) -> dict[str, Any]:
        if problem.kind == "not_found":
            return {"error": "OBJECT_UNKNOWN"}
        return {"error": cls.codes[problem.kind], "message": problem.message}

    @property
    def actor(self) -> Actor:
        return actor_of(self.request)

    @property
    def host(self) -> str:
        """The domain that identifiers of this server name."""
        return str(self.request.get_host()).partition(":")[0]

    def found(self, readable: QuerySet[Any], value: Any) -> Any:
        """The one with this id. Raises NotFound."""
        key = uuid_of(value)
        found = readable.filter(pk=key).first() if key is not None else None
        if found is None:
            raise NotFound()
        return found

    def page(self, readable: QuerySet[Any], shape: Callable[[Sequence[Any]], list[dict[str, Any]]]) -> Response:
        """`pageOffset` counts pages from 0, `pageSize` their results."""
        size = _number(self.request, "pageSize", DEFAULT_PAGE_SIZE, low=1, high=MAX_PAGE_SIZE)
        start = _number(self.request, "pageOffset", 0, low=0, high=10**9) * size
        total = readable.order_by().count()
        return Response(
            {
                "timestamp": timezone.now(),
                "pageStartIndex": start,
                "pageSize": size,
                "totalResults": total,
                "results": shape(list(readable[start : start + size])),
            }
        )

    def identifier(self) -> tuple[str, str] | None:
        """`idType` and `idValue`, which go together."""
        wanted = (self.request.query_params.get("idType", ""), self.request.query_params.get("idValue", ""))
        if bool(wanted[0]) != bool(wanted[1]):
            raise BadRequest("idType and idValue go together")
        return wanted if wanted[0] else None


def _number(request: Request, name: str, default: int, *, low: int, high: int) -> int:
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 12 and low <= int(text) <= high):
        raise BadRequest(f"{name} must be a whole number from {low} to {high}")
    return int(text)


def tei_of(host: str, key: UUID) -> str:
    """The TEI that names a thing of this server by its UUID."""
    return f"urn:tei:uuid:{host}:{key}"


def uuid_in_tei(tei: str) -> UUID | None:
    """The UUID that a `urn:tei:uuid:…` names; None for other TEIs."""
    parts = tei.split(":", 4)
    if len(parts) != 5 or parts[:3] != ["urn", "tei", "uuid"]:
        return None
    return uuid_of(parts[4])


def with_version(identifier: dict[str, str], version: str) -> dict[str, str] | None:
    """A product's identifier as that of one of its versions: purls, and TEIs of purls, say versions with `@`."""
    value = identifier["idValue"]
    speaks_purl = identifier["idType"] == "PURL" or value.startswith("urn:tei:purl:")
    if not speaks_purl or "@" in value.rpartition("/")[2]:
        return None
    return {"idType": identifier["idType"], "idValue": f"{value}@{version}"}

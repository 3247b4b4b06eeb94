"""Many entities at once: `PUT …/bulk`, and `DELETE …/deleteStale` for those that an ingestion saw no more."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from catalog.api.entities.views import EntityViews, within
from catalog.models import Asset
from catalog.names import join_name, split_name
from catalog.services import Filing, file_assets
from catalog.services.trees import delete_all, descendants
from contracts.entities import flag_of
from contracts.entity_views import BULK_MOST, bulk_failure, bulk_result
from contracts.errors import Invalid, TooLarge

MOST_SEEN = 200_000
_SCOPES = ("database", "databaseSchema", "parent", "service")


class BulkViews(EntityViews):
    """The calls that speak of many."""

    def bulk(self, request: Request) -> Response:
        """Create or replace up to 1,000; each row is told what became of it, and a bad one sinks no other."""
        bodies = list(request.data)
        if len(bodies) > BULK_MOST:
            raise TooLarge(f"At most {BULK_MOST:,} entities a call; this has {len(bodies):,}")
        flag_of(request, "async")
        actor = actor_of(request)
        reader = self.reader(actor, *bodies)
        filings: list[Filing] = []
        places: list[int] = []
        failed: dict[int, dict[str, Any]] = {}
        for place, body in enumerate(bodies):
            try:
                filings.append(reader.filing(body))
                places.append(place)
            except Invalid as error:
                failed[place] = bulk_failure(_named(body), error.message, 400)
        result = file_assets(actor=actor, filings=filings, override=flag_of(request, "overrideMetadata"))
        for problem in result.errors:
            status = 404 if problem.details.get("is_missing") else 409 if problem.details.get("is_taken") else 400
            words = problem.message
            if fields := problem.details.get("fields"):
                path, said = next(iter(fields.items()))
                words = f"{self._its_field(path)}: {said[0]}"
            failed[places[problem.index]] = bulk_failure(problem.qualified_name, words, status)
        passed = [
            {"request": filing.fields["qualified_name"], "status": 200}
            for filing, place in zip(filings, places, strict=True)
            if place not in failed
        ]
        return Response(bulk_result(passed, [failed[place] for place in sorted(failed)]))

    def delete_stale(self, request: Request) -> Response:
        """Delete what is in the scope and not among those seen; all of it, or nothing."""
        scope, fqn, seen, recursive = _stale_body(request.data)
        actor = actor_of(request)
        assets = Asset.objects.visible_to(actor).filter(within(actor, self.kind, scope, fqn), type__in=self.kind.types)
        stale = {key: name for key, name in assets.values_list("id", "qualified_name") if name not in seen}
        inside = descendants(list(stale)) if stale else []
        failed = []
        if inside and not recursive:
            holding = Asset.objects.filter(outgoing__target__in=inside, outgoing__type="CONTAINS", pk__in=stale)
            for key in holding.values_list("id", flat=True).distinct():
                failed.append(bulk_failure(stale.pop(key), "It is not empty: delete it with recursive", 400))
            inside = []
        deleted = delete_all(actor=actor, asset_ids=[*inside, *stale])
        gone = set(deleted)
        passed = [{"request": name, "status": 200} for key, name in stale.items() if key in gone]
        return Response(bulk_result(passed, failed))


def _stale_body(data: Any) -> tuple[str, str, set[str], bool]:
    """(scope, its name, the names seen, recursive). Raises Invalid."""
    problems = {
        name: ["There is no such field."]
        for name in data
        if name not in {"scopeFqn", "scopeEntityType", "seenFqns", "recursive"}
    }
    scope, fqn, seen = data.get("scopeEntityType"), data.get("scopeFqn"), data.get("seenFqns", [])
    if not isinstance(scope, str) or not (scope in _SCOPES or scope == "container" or scope.endswith("Service")):
        problems["scopeEntityType"] = ["This must be database, databaseSchema, container or service."]
    if not isinstance(fqn, str) or not fqn:
        problems["scopeFqn"] = ["This must be a fully qualified name."]
    if not isinstance(seen, list) or len(seen) > MOST_SEEN or not all(isinstance(name, str) for name in seen):
        problems["seenFqns"] = [f"This must be a list of at most {MOST_SEEN:,} names."]
    if not isinstance(data.get("recursive", False), bool | None):
        problems["recursive"] = ["This must be true or false."]
    if problems:
        raise Invalid(fields=problems)
    return str(scope), str(fqn), {_normal(name) for name in seen}, bool(data.get("recursive"))


def _normal(fqn: str) -> str:
    try:
        return join_name(*split_name(fqn))
    except ValueError:
        return fqn


def _named(body: Any) -> str | None:
    name = body.get("name") if isinstance(body, dict) else None
    return name[:1000] if isinstance(name, str) else None

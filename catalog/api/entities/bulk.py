"""Many entities at once: `PUT …/bulk`, and `DELETE …/deleteStale` for those that an ingestion saw no more."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from catalog.api.entities.views import EntityViews, within
from catalog.models import Asset
from catalog.names import normal_name
from catalog.services import Filing, file_assets
from catalog.services.trees import delete_all, descendants
from contracts.entities import flag_of, refuse_dry_run
from contracts.entity_stale import stale_of
from contracts.entity_views import BULK_MOST, bulk_failure, bulk_result
from contracts.errors import Invalid, TooLarge


class BulkViews(EntityViews):
    """The calls that speak of many."""

    def bulk(self, request: Request) -> Response:
        """Create or replace up to 1,000; each row is told what became of it, and a bad one sinks no other."""
        bodies = list(request.data)
        if len(bodies) > BULK_MOST:
            raise TooLarge(f"At most {BULK_MOST:,} entities a call; this has {len(bodies):,}")
        flag_of(request, "async")
        refuse_dry_run(request)
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
        refuse_dry_run(request)
        said, actor = stale_of(request.data, self.scopes(), normal_name), actor_of(request)
        inside_scope = within(actor, self.kind, said.scope, said.fqn)
        assets = Asset.objects.visible_to(actor).filter(inside_scope, type__in=self.kind.types)
        stale = {key: name for key, name in assets.values_list("id", "qualified_name") if name not in said.seen}
        inside = descendants(list(stale)) if stale else []
        failed = []
        if inside and not said.recursive:
            holding = Asset.objects.filter(outgoing__target__in=inside, outgoing__type="CONTAINS", pk__in=stale)
            for key in holding.values_list("id", flat=True).distinct():
                failed.append(bulk_failure(stale.pop(key), "It is not empty: delete it with recursive", 400))
            inside = []
        deleted = delete_all(actor=actor, asset_ids=[*inside, *stale])
        gone = set(deleted)
        passed = [{"request": name, "status": 200} for key, name in stale.items() if key in gone]
        return Response(bulk_result(passed, failed))

    def scopes(self) -> list[str]:
        """What an entity of this kind lies in."""
        inner = {"database": "database", "databaseSchema": "databaseSchema", "container": "parent"}
        return [*(scope for scope, field in inner.items() if field in self.kind.shown), "service"]


def _named(body: Any) -> str | None:
    name = body.get("name") if isinstance(body, dict) else None
    return name[:1000] if isinstance(name, str) else None

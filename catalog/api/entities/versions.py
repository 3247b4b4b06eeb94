"""The versions of an entity, read back from the trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from audit.api.entities import change_description, window_of
from audit.models import AuditEvent
from catalog.api.entities.rows import Around, CarriedTag
from catalog.api.entities.shapes import Shaper
from catalog.api.entities.views import EntityViews
from catalog.history import versions_of
from catalog.models import Origin, Tag
from catalog.names import split_name
from catalog.numbering import decimal_of
from catalog.records import TermLink
from catalog.validation import tag_key
from contracts.entities import base_of
from contracts.errors import NotFound


@dataclass(slots=True)
class PastRow:
    """An asset as it was, with the columns that an entity is made of."""

    id: UUID
    organization_id: UUID
    type: str
    name: str
    qualified_name: str
    description: str
    version: int
    breaks: int
    updated_at: datetime
    deleted_at: datetime | None
    origin_id: UUID | None
    origin__name: str
    origin__type: str
    owner_id: UUID | None
    owner__name: str
    owner__username: str
    owner_team_id: UUID | None
    owner_team__name: str
    owner_team__display_name: str
    domain_id: UUID | None
    domain__name: str
    domain__fully_qualified_name: str
    metadata_text: bytes
    schema_text: bytes


class VersionViews(EntityViews):
    """`versions` and `versions/{v}`, deleted entities included."""

    def versions(self, request: Request, pk: str) -> Response:
        """The versions, the newest first, each with what it changed."""
        row = self.found(pk, include="all")
        offset, limit = window_of(request)
        events = list(versions_of(actor_of(request), row.id)[offset : offset + limit + 1])
        return Response({"entityType": self.kind.entity, "versions": self._told(row, events)[:limit]})

    def version(self, request: Request, pk: str, decimal: str) -> Response:
        """The entity as it was."""
        row = self.found(pk, include="all")
        events = versions_of(actor_of(request), row.id)
        numbers = events.values_list("entity_version", "after_state__breaks", "before_state__breaks")
        for count, after, before in numbers:
            if count is not None and str(decimal_of(count, after or before or 0)) == decimal:
                pair = list(events.filter(entity_version__in=[count, count - 1]))
                return Response(self._told(row, pair)[0])
        raise NotFound(f"There is no version '{decimal[:50]}' of the {self.kind.entity}", resource="version")

    def _told(self, row: Any, events: Sequence[AuditEvent]) -> list[dict[str, Any]]:
        """The events' entities, each with `updatedBy` and what changed since the one behind it."""
        entities = self._entities(row, events)
        for index, (event, entity) in enumerate(zip(events, entities, strict=True)):
            entity["updatedBy"] = event.user_name
            before = entities[index + 1] if index + 1 < len(entities) else None
            if before is not None:
                entity["changeDescription"] = change_description(before, entity)
        return entities

    def _entities(self, row: Any, events: Sequence[AuditEvent]) -> list[dict[str, Any]]:
        states: list[Any] = [event.after_state or event.before_state or {} for event in events]
        origins = {state.get("origin") for state in states} - {None}
        names = {str(one.pk): one for one in Origin.objects.filter(pk__in=origins)} if origins else {}
        tags = {tag for state in states for tag in state.get("tags", ())}
        actor = actor_of(self.request)
        known = {tag.name: tag for tag in Tag.objects.visible_to(actor).filter(name__in=tags)} if tags else {}
        containers = self.shaper(actor, [row], frozenset()).found
        entities = []
        for event, state in zip(events, states, strict=True):
            past = _past(row, event, state, names.get(state.get("origin")))
            carried = [
                CarriedTag(tag.key, tag.name, tag.category, tag.pk)
                if (tag := known.get(name))
                else CarriedTag(tag_key(name), name, "", None)
                for name in state.get("tags", ())
            ]
            found = Around(containers.containers, containers.services, {past.id: carried}, {past.id: _terms(state)})
            shaper = Shaper(actor, self.kind, base_of(self.request), self.kind.shown, found)
            entities.append(orjson.loads(orjson.dumps(shaper.shape([past])[0])))
        return entities


def _terms(state: dict[str, Any]) -> dict[str, list[TermLink]]:
    found: dict[str, list[TermLink]] = {}
    for link in state.get("terms", ()):
        column = link["column"] or ""
        found.setdefault(column, []).append(TermLink(UUID(link["id"]), link["name"], column))
    return found


def _past(row: Any, event: AuditEvent, state: dict[str, Any], origin: Origin | None) -> PastRow:
    owner, domain = state.get("owner") or {}, state.get("domain") or {}
    is_team = owner.get("type") == "team"
    return PastRow(
        id=row.id,
        organization_id=row.organization_id,
        type=state["type"],
        name=state["name"],
        qualified_name=state["qualified_name"],
        description=state["description"],
        version=event.entity_version or 0,
        breaks=state.get("breaks", 0),
        updated_at=event.timestamp,
        deleted_at=event.timestamp if event.action == "DELETE" else None,
        origin_id=origin.pk if origin else None,
        origin__name=origin.name if origin else "",
        origin__type=origin.type if origin else "",
        owner_id=UUID(owner["id"]) if owner and not is_team else None,
        owner__name="",
        owner__username=owner.get("name", ""),
        owner_team_id=UUID(owner["id"]) if is_team else None,
        owner_team__name=owner.get("name", ""),
        owner_team__display_name="",
        domain_id=UUID(domain["id"]) if domain else None,
        domain__name=split_name(domain["name"])[-1] if domain else "",
        domain__fully_qualified_name=domain.get("name", ""),
        metadata_text=orjson.dumps(state["metadata"]),
        schema_text=orjson.dumps(state["schema"]),
    )

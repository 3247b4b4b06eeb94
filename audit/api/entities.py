"""The versions of an entity, read back from the trail."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any, ClassVar, Generic, TypeVar

import orjson
from django.db.models import Model
from rest_framework.request import Request
from rest_framework.response import Response

from audit.diff import FieldChange, changes
from audit.models import AuditEvent
from audit.querysets import AuditEventQuerySet
from contracts.entity_views import RowEntities
from contracts.errors import NotFound
from contracts.paging import MAX_NUMBER, WindowPagination

M = TypeVar("M", bound=Model)
SHOWN, MOST = 100, 1000
_UNTOLD = frozenset({"version", "updatedAt", "updatedBy", "href", "changeDescription"})


def window_of(request: Request) -> tuple[int, int]:
    """(`offset`, `limit`) of the versions that are asked for, the newest first. Raises BadRequest."""
    given = request.query_params
    limit = WindowPagination._number(given, "limit", SHOWN, low=1, high=MOST)
    return WindowPagination._number(given, "offset", 0, low=0, high=MAX_NUMBER // 2), limit


def change_description(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What was added, changed and removed between two versions of an entity, by the field's path."""
    told: dict[str, Any] = {"fieldsAdded": [], "fieldsUpdated": [], "fieldsDeleted": []}
    places = {"added": "fieldsAdded", "changed": "fieldsUpdated", "removed": "fieldsDeleted"}
    old, new = ({name: value for name, value in one.items() if name not in _UNTOLD} for one in (before, after))
    for change in changes(old, new):
        told[places[change.kind]].append(_change(change))
    return {**told, "previousVersion": before["version"]}


def _change(change: FieldChange) -> dict[str, Any]:
    told: dict[str, Any] = {"name": change.path.replace("[", ".").replace("]", "")}
    if change.kind != "added":
        told["oldValue"] = change.before
    if change.kind != "removed":
        told["newValue"] = change.after
    return told


class VersionedRows(RowEntities[M], Generic[M]):
    """`versions` and `versions/{v}` of a row whose every write is on the trail."""

    trail: ClassVar[str]
    """What the trail calls it."""
    told_by: ClassVar[frozenset[str]] = frozenset()
    """The actions that make a version; any, where none is named."""
    kept_as: ClassVar[Mapping[str, str]]
    """The state's fields that a row has, and the row's names for them."""

    def versions(self, request: Request, pk: str) -> Response:
        """The versions, the newest first, each with what it changed."""
        row = self.found(pk, "all")
        offset, limit = window_of(request)
        events = self._events(row)
        count = events.count()
        told = (
            self._told(row, list(events[offset : offset + limit + 1]), count - offset) if count else [self._first(row)]
        )
        return Response({"entityType": self.entity, "versions": told[:limit]})

    def version(self, request: Request, pk: str, decimal: str) -> Response:
        """The entity as it was."""
        row = self.found(pk, "all")
        events = self._events(row)
        count = events.count()
        if not count and decimal == "0.1":
            return Response(self._first(row))
        tenths = decimal.replace(".", "", 1)
        number = int(tenths) if tenths.isascii() and tenths.isdigit() and len(tenths) < 9 else 0
        if not 0 < number <= count or str(number / 10) != decimal:
            raise NotFound(f"There is no version '{decimal[:50]}' of the {self.entity}", resource="version")
        return Response(self._told(row, list(events[count - number : count - number + 2]), number)[0])

    def _events(self, row: M) -> AuditEventQuerySet:
        actor: Any = self.request.auth
        events = AuditEvent.objects.visible_to(actor).of_entity(row.pk).filter(entity_type=self.trail)
        return events.filter(action__in=self.told_by) if self.told_by else events

    def _first(self, row: M) -> dict[str, Any]:
        """The one version of what was made before there was a trail, or where the actor does not see it."""
        return {**self.shapes([row], self.shown)[0], "version": 0.1}

    def _told(self, row: M, events: list[AuditEvent], newest: int) -> list[dict[str, Any]]:
        entities = [self._as_it_was(row, event, newest - place) for place, event in enumerate(events)]
        for place, entity in enumerate(entities[:-1]):
            entity["changeDescription"] = change_description(entities[place + 1], entity)
        return entities

    def _as_it_was(self, row: M, event: AuditEvent, number: int) -> dict[str, Any]:
        past = copy(row)
        state: Any = event.after_state or event.before_state or {}
        for name, attribute in self.kept_as.items():
            if name in state:
                setattr(past, attribute, state[name])
        entity: dict[str, Any] = orjson.loads(orjson.dumps(self.shapes([past], self.shown)[0]))
        told: dict[str, Any] = {"version": number / 10, "updatedBy": event.user_name}
        if event.action == "DELETE" or "deleted" in entity:
            told["deleted"] = event.action == "DELETE"
        return {**entity, **told, "updatedAt": int(event.timestamp.timestamp() * 1000)}

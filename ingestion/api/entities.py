"""`/api/v1/services/databaseServices` of the entities contract: our data sources."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers

from accounts.api.entity_rows import RestorableRows
from accounts.models import DeletedRow
from accounts.permissions import actor_of
from accounts.services import forget_deleted
from accounts.services.keeping import row_of
from audit.models import AuditEvent
from catalog.api.entities.described import EntitySerializer
from catalog.api.entities.shapes import SERVICE_TYPES
from catalog.names import join_name, quote_part, split_name
from catalog.numbering import decimal_of
from contracts.entities import names
from contracts.entity_routes import routes
from contracts.entity_views import text_of
from contracts.errors import Invalid
from ingestion.api.entity_connections import connection_of, settings_of
from ingestion.models import DataSource
from ingestion.services.client_settings import shown
from ingestion.services.removing import delete_with_contents, restore_data_source
from ingestion.services.sources import KEPT_AS, create_data_source, update_data_source

SHOWN = names(
    "id name fullyQualifiedName displayName serviceType description connection pipelines testConnectionResult tags"
    " version updatedAt updatedBy owners href followers changeDescription deleted dataProducts domains"
)


class DatabaseServiceBody(serializers.Serializer[Any]):
    """A service to be made or replaced. Without a connection it is inactive, and others fill it."""

    name = serializers.CharField()
    serviceType = serializers.ChoiceField(sorted(SERVICE_TYPES.values()))
    description = serializers.CharField(required=False)
    connection = serializers.DictField(required=False, help_text="`config` with hostPort, username, authType, …")
    tags = serializers.ListField(child=serializers.DictField(), required=False)


class DatabaseServiceEntitySerializer(DatabaseServiceBody, EntitySerializer):
    """A service."""


class DatabaseServiceViews(RestorableRows[DataSource]):
    """Data sources as database services."""

    entity = "databaseService"
    shown = SHOWN
    words: ClassVar[Mapping[str, str]] = {"config": "connection.config", "client_settings": "connection.config"}
    requested = frozenset({"name", "serviceType", "description", "connection", "tags"})
    required = ("name", "serviceType")
    trail = "DATA_SOURCE"
    kept_kind = KEPT_AS
    kept_as: ClassVar[Mapping[str, str]] = {name: name for name in ("name", "description", "config", "tags")}
    queryset = DataSource.objects.none()
    serializer_class: Any = DatabaseServiceBody

    def get_queryset(self) -> QuerySet[DataSource]:
        found = DataSource.objects.visible_to(actor_of(self.request)).filter(type__in=SERVICE_TYPES)
        return found.order_by("id")

    def named(self, fqn: str) -> DataSource | None:
        try:
            parts = split_name(fqn)
        except ValueError:
            raise Invalid(f"'{fqn[:1000]}' is no fully qualified name: look at its quotes") from None
        found = self.get_queryset().filter(name__in={fqn, join_name(*parts), parts[0] if len(parts) == 1 else fqn})
        return found.first()

    def name_of(self, said: Mapping[str, Any]) -> str:
        return quote_part(said["name"])

    def shapes(self, rows: Sequence[DataSource], fields: Collection[str]) -> list[dict[str, Any]]:
        events = AuditEvent.objects.visible_to(actor_of(self.request))
        counts = events.counted("DATA_SOURCE", [row.pk for row in rows])
        return [self._shape(row, counts.get(row.pk, 1), fields) for row in rows]

    def _shape(self, row: DataSource, version: int, fields: Collection[str]) -> dict[str, Any]:
        entity: dict[str, Any] = {
            "id": row.pk,
            "name": row.name,
            "fullyQualifiedName": quote_part(row.name),
            "serviceType": SERVICE_TYPES[row.type],
            "version": decimal_of(version, 0),
            "updatedAt": int(row.updated_at.timestamp() * 1000),
            "href": self.href(f"services/databaseServices/{row.pk}"),
            "deleted": row._state.adding,
        }
        if row.description:
            entity["description"] = row.description
        if row.config:
            entity["connection"] = connection_of(row.type, row.config, shown(row.client_settings))
        if "owners" in fields:
            entity["owners"] = []
        if "tags" in fields:
            told = {"source": "Classification", "labelType": "Manual", "state": "Confirmed"}
            entity["tags"] = [{"tagFQN": tag, **told} for tag in row.tags]
        return entity

    def make(self, said: Mapping[str, Any], key: UUID | None = None) -> DataSource:
        types = {name: type_ for type_, name in SERVICE_TYPES.items()}
        type_ = types.get(said["serviceType"]) if isinstance(said["serviceType"], str) else None
        if type_ is None:
            message = f"There is no connector for this; there are {', '.join(sorted(types))}."
            raise Invalid(fields={"serviceType": [message]})
        data = {"name": said["name"], "type": type_, **self._changes(type_, said)}
        actor = actor_of(self.request)
        return create_data_source(actor=actor, data=data, connected="config" in data, source_id=key)

    def change(self, row: DataSource, said: Mapping[str, Any]) -> DataSource:
        changes = self._changes(row.type, said)
        return update_data_source(actor=actor_of(self.request), source=row, changes=changes)

    def _changes(self, type_: str, said: Mapping[str, Any]) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        if "description" in said:
            changes["description"] = text_of(said, "description")
        if "tags" in said:
            changes["tags"] = _tags(said["tags"])
        if said.get("connection") not in (None, {}):
            changes["config"], changes["client_settings"] = settings_of(type_, said["connection"])
        return changes

    def remove(self, row: DataSource, *, recursive: bool, hard: bool) -> None:
        actor = actor_of(self.request)
        if not row._state.adding:
            delete_with_contents(actor=actor, source=row, recursive=recursive, hard=hard)
        elif kept := self.kept_of(row):
            forget_deleted(actor=actor, kept=kept)

    def bring_back(self, row: DataSource) -> DataSource:
        return restore_data_source(actor=actor_of(self.request), source_id=row.pk) if row._state.adding else row

    def as_it_was(self, kept: DeletedRow) -> DataSource:
        return row_of(DataSource, kept.state)

    def kept(self) -> QuerySet[DeletedRow]:
        return super().kept().filter(state__type__in=list(SERVICE_TYPES))


def _tags(value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(
        isinstance(label, dict) and isinstance(label.get("tagFQN"), str) for label in value
    ):
        raise Invalid(fields={"tags": ["This must be a list of labels with 'tagFQN'."]})
    return [label["tagFQN"] for label in value]


urlpatterns = routes("services/databaseServices", DatabaseServiceViews, DatabaseServiceEntitySerializer)

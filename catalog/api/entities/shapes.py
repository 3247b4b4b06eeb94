"""An asset's row as an entity."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson

from accounts.actor import Actor
from catalog.api.entities.columns import Labelling, as_field, columns_of
from catalog.api.entities.kinds import Kept, Kind
from catalog.api.entities.labels import Labels
from catalog.api.entities.rows import Around, Reference, name_only, root_of
from catalog.names import quote_part
from catalog.numbering import decimal_of
from catalog.records import TermLink

TABLE_TYPES: Mapping[str, tuple[str, str]] = {
    "Regular": ("TABLE", ""),
    "External": ("TABLE", "external table"),
    "Dynamic": ("TABLE", "dynamic table"),
    "Iceberg": ("TABLE", "iceberg table"),
    "Local": ("TABLE", "local table"),
    "Partitioned": ("TABLE", "partitioned table"),
    "Foreign": ("TABLE", "foreign table"),
    "Transient": ("TABLE", "transient table"),
    "Stream": ("TABLE", "stream"),
    "Stage": ("TABLE", "stage"),
    "View": ("VIEW", ""),
    "SecureView": ("VIEW", "secure view"),
    "MaterializedView": ("VIEW", "materialized view"),
    "SemanticView": ("VIEW", "semantic view"),
}
"""`tableType` as the asset's type and the `kind` in its metadata."""
_TABLE_TYPE = {pair: name for name, pair in TABLE_TYPES.items()}

SERVICE_TYPES: Mapping[str, str] = {
    "postgresql": "Postgres",
    "mysql": "Mysql",
    "oracle": "Oracle",
    "sqlserver": "Mssql",
    "mongodb": "MongoDB",
    "clickhouse": "Clickhouse",
    "doris": "Doris",
    "hive": "Hive",
    "sqlite": "SQLite",
}
"""The types of our data sources as the entities' services have them."""
_OF_SERVICE = {
    "databaseService": "CustomDatabase",
    "dashboardService": "CustomDashboard",
    "pipelineService": "CustomPipeline",
    "messagingService": "CustomMessaging",
    "storageService": "CustomStorage",
    "searchService": "CustomSearch",
}
_SERVED = {
    "kafka": ("messagingService", "Kafka"),
    "minio": ("storageService", "CustomStorage"),
    "elasticsearch": ("searchService", "ElasticSearch"),
}


def epoch(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


class Shaper:
    """Makes the entities of one answer; `base` is the absolute URL that every href begins with."""

    def __init__(self, actor: Actor, kind: Kind, base: str, fields: Collection[str], found: Around) -> None:
        self.actor, self.kind, self.base, self.fields, self.found = actor, kind, base, fields, found
        self.labels = Labels(base)
        self._kept = [(name, kept) for name, kept in kind.kept.items() if not kept.on_request or name in fields]
        self._named = {kept.key for kept in kind.kept.values()} | {"kind", "primary_key", "constraints"}

    def shape(self, page: Iterable[Any]) -> list[dict[str, Any]]:
        """The rows as entities."""
        page = list(page)
        schemas = [orjson.loads(row.schema_text) if self._shows_schema() else [] for row in page]
        self._learn_tags(schemas)
        return [self._entity(row, schema) for row, schema in zip(page, schemas, strict=True)]

    def _shows_schema(self) -> bool:
        path = self.kind.columns
        return bool(path) and (len(path) == 1 or path[0] in self.fields or not self.kind.kept[path[0]].on_request)

    def _learn_tags(self, schemas: Iterable[list[dict[str, Any]]]) -> None:
        for tags in self.found.tags.values():
            for tag in tags:
                self.labels.know(*tag)
        names = {name for schema in schemas for name in _tags_in(schema)}
        if names:
            self.labels.learn(self.actor, names)

    def _entity(self, row: Any, schema: list[dict[str, Any]]) -> dict[str, Any]:
        kind, metadata = self.kind, orjson.loads(row.metadata_text)
        entity: dict[str, Any] = {
            "id": row.id,
            "name": row.name,
            "fullyQualifiedName": row.qualified_name,
        }
        if row.description:
            entity["description"] = row.description
        entity |= {
            "version": decimal_of(row.version, row.breaks),
            "updatedAt": epoch(row.updated_at),
            "href": f"{self.base}{kind.path}/{row.id}",
            "deleted": row.deleted_at is not None,
        }
        self._refer(entity, row)
        for name, kept in self._kept:
            value = metadata.get(kept.key)
            value = value if value is not None and holds(kept, value) else kept.default
            if value is not None:
                entity[name] = value
        if kind.columns and self._shows_schema():
            self._put_columns(entity, schema, row.qualified_name, self.found.terms.get(row.id, {}))
        if kind.entity == "table":
            _tell_table(entity, row, metadata, self.fields)
        self._on_request(entity, row, metadata)
        return entity

    def _put_columns(
        self, entity: dict[str, Any], schema: list[dict[str, Any]], path: str, links: Mapping[str, list[TermLink]]
    ) -> None:
        terms = {column: [self.labels.term(link) for link in linked] for column, linked in links.items()}
        outer, *inner = self.kind.columns
        columns = columns_of(schema, path, Labelling(self.labels.of, terms))
        if self.kind.field_types:
            columns = [as_field(column, self.kind.field_types) for column in columns]
        if not inner:
            entity[outer] = columns
        elif columns or outer in entity:
            entity[outer] = {**entity.get(outer, {}), inner[0]: columns}

    def _refer(self, entity: dict[str, Any], row: Any) -> None:
        for reference in self.found.containers.get(row.id, ()):
            if reference.entity == self.kind.entity:
                if self.kind.entity == "container":
                    entity.setdefault("parent", self.reference(reference))
            elif reference.entity in self.kind.shown:
                entity.setdefault(reference.entity, self.reference(reference))
        key, name, type_ = row.origin_id, row.origin__name, row.origin__type
        root = root_of(row.qualified_name)
        if key is None:
            key, type_ = self.found.services.get(root, (None, ""))
            name = root
        entity["service"] = self._service(row, key, name, type_)
        entity["serviceType"] = _service_type(self.kind, type_)

    def _service(self, row: Any, key: Any, name: str, type_: str) -> dict[str, Any]:
        entity = _SERVED.get(type_, (self.kind.service, ""))[0] if key else self.kind.service
        # A service that is no data source is a name only; the id is made of it, and leads nowhere.
        key = key or name_only(row.organization_id, name)
        return self.reference(Reference(key, entity, f"services/{entity}s", name, quote_part(name)))

    def reference(self, to: Reference) -> dict[str, Any]:
        """An entity reference."""
        return {
            "id": to.id,
            "type": to.entity,
            "name": to.name,
            "fullyQualifiedName": to.fqn,
            "deleted": to.deleted,
            "href": f"{self.base}{to.path}/{to.id}",
        }

    def _on_request(self, entity: dict[str, Any], row: Any, metadata: dict[str, Any]) -> None:
        fields = self.fields
        if "owners" in fields:
            entity["owners"] = self._owners(row)
        if "domains" in fields:
            domain = Reference(row.domain_id, "domain", "domains", row.domain__name, row.domain__fully_qualified_name)
            entity["domains"] = [self.reference(domain)] if row.domain_id else []
        if "tags" in fields:
            entity["tags"] = [self.labels.of(tag.name) for tag in self.found.tags.get(row.id, ())]
            entity["tags"] += [self.labels.term(link) for link in self.found.terms.get(row.id, {}).get("", ())]
        if "extension" in fields:
            entity["extension"] = {key: value for key, value in metadata.items() if key not in self._named}
        if "charts" in fields:
            entity["charts"] = [self.reference(one) for one in self.found.children.get(row.id, ())]
        if "children" in fields:
            inside = [one for one in self.found.children.get(row.id, ()) if one.entity == self.kind.entity]
            entity["children"] = [self.reference(one) for one in inside]

    def _owners(self, row: Any) -> list[dict[str, Any]]:
        if row.owner_id:
            owner = Reference(row.owner_id, "user", "users", row.owner__username, quote_part(row.owner__username))
            shown = row.owner__name
        elif row.owner_team_id:
            owner = Reference(
                row.owner_team_id, "team", "teams", row.owner_team__name, quote_part(row.owner_team__name)
            )
            shown = row.owner_team__display_name
        else:
            return []
        return [{**self.reference(owner), **({"displayName": shown} if shown else {})}]


def _tell_table(entity: dict[str, Any], row: Any, metadata: dict[str, Any], fields: Collection[str]) -> None:
    """`tableType` and `tableConstraints`."""
    word = metadata.get("kind") or ""
    type_ = _TABLE_TYPE.get((row.type, word)) if isinstance(word, str) else None
    entity["tableType"] = type_ or ("View" if row.type == "VIEW" else "Regular")
    if "tableConstraints" in fields:
        kept = metadata.get("constraints")
        constraints = list(kept) if isinstance(kept, list) else []
        key = metadata.get("primary_key")
        if isinstance(key, list) and key:
            constraints.insert(0, {"constraintType": "PRIMARY_KEY", "columns": key})
        entity["tableConstraints"] = constraints


def _service_type(kind: Kind, type_: str) -> str:
    if type_ in _SERVED:
        return _SERVED[type_][1]
    return SERVICE_TYPES.get(type_) or _OF_SERVICE[kind.service]


_FITS: Mapping[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "whole": lambda value: type(value) is int and value >= 0,
    "flag": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "texts": lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
    "objects": lambda value: isinstance(value, list) and all(isinstance(one, dict) for one in value),
}


def fits(value: Any, shape: str) -> bool:
    """Whether a value is of the shape that the field's public type has."""
    return _FITS[shape](value)


def holds(kept: Kept, value: Any) -> bool:
    """Whether a value that any door may have written is what the field's public type holds."""
    return fits(value, kept.shape) and is_chosen(kept, value)


def is_chosen(kept: Kept, value: Any) -> bool:
    """Whether a value of the field's shape is among the field's choices, where it has any."""
    return not kept.choices or all(one in kept.choices for one in ([value] if kept.shape == "text" else value))


def _tags_in(schema: Iterable[dict[str, Any]]) -> Iterable[str]:
    for element in schema:
        if element.get("tags"):
            yield from element["tags"]
        if element.get("children"):
            yield from _tags_in(element["children"])


def fields_of(kind: Kind, text: str | None) -> frozenset[str]:
    """The fields that `fields=` asks for, `*` for all. Raises ValueError that names one that is none."""
    wanted = frozenset(word.strip() for word in (text or "").split(",") if word.strip())
    for name in sorted(wanted - kind.shown - {"*"}):
        raise ValueError(name)
    return kind.shown if "*" in wanted else wanted

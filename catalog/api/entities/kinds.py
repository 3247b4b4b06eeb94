"""What each collection of the entities contract is: which assets, under what, and which of their fields.

An entity's field is one of the asset's own columns, its schema, or a key of its metadata (`Kept`). The names in
`SHOWN` are those of the entity's public schema: nothing else is ever answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from contracts.entities import names

Shape = Literal["text", "number", "whole", "flag", "object", "texts", "objects"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A field that is kept in the metadata under `key`."""

    key: str
    shape: Shape = "text"
    on_request: bool = False
    choices: tuple[str, ...] = ()
    """What a text, or each of several, may be; anything where it is empty."""
    default: Any = None


@dataclass(frozen=True, slots=True)
class Parent:
    """The field of the request that names what contains the entity, and which types that may be."""

    field: str
    types: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Kind:
    """One collection."""

    path: str
    entity: str
    types: tuple[str, ...]
    service: str = "databaseService"
    parent: Parent | None = None
    kept: Mapping[str, Kept] = field(default_factory=dict)
    contents: Parent | None = None
    """The field of the request that names what the entity contains, and which types that may be."""
    columns: tuple[str, ...] = ()
    """Where the schema stands in the entity, as a path."""
    field_types: frozenset[str] = frozenset()
    """The types of the schema's fields where they are no columns."""
    shown: frozenset[str] = frozenset()

    @cached_property
    def required(self) -> tuple[str, ...]:
        """What a request must say."""
        said = ["name", self.parent.field if self.parent and self.parent.field != "parent" else "service"]
        more = self.columns[:1] if self.entity in {"table", "searchIndex"} else ()
        return (*said, *more, *(("storedProcedureCode",) if self.entity == "storedProcedure" else ()))

    @cached_property
    def requested(self) -> frozenset[str]:
        """What a request may say."""
        own = {"name", "displayName", "description", "tags", "owners", "domains", "extension"}
        own |= {self.parent.field} if self.parent else {"service"}
        if self.parent and self.parent.field == "parent":
            own.add("service")
        if self.contents:
            own.add(self.contents.field)
        if self.entity == "table":
            own |= {"tableType", "tableConstraints"}
        return frozenset(own | self.kept.keys() | set(self.columns[:1]))


_COMMON: dict[str, Kept] = {
    "displayName": Kept("display_name"),
    "sourceUrl": Kept("source_url"),
    "sourceHash": Kept("source_hash", on_request=True),
    "lifeCycle": Kept("life_cycle", "object", on_request=True),
}
_RETENTION = {"retentionPeriod": Kept("retention_period")}

_EVERY = (
    "id name fullyQualifiedName displayName description version updatedAt updatedBy href owners tags followers votes"
    " changeDescription deleted extension domains dataProducts lifeCycle certification sourceHash"
)
_SERVED = "service serviceType sourceUrl usageSummary"


_CHARTS = names("Line Table Bar Area Pie Histogram Scatter Text BoxPlot SanKey Gauge Map Graph Heatmap Timeline Other")

KINDS: tuple[Kind, ...] = (
    Kind(
        "databases",
        "database",
        ("DATABASE",),
        kept={**_COMMON, **_RETENTION, "default": Kept("default", "flag")},
        shown=names(_EVERY, _SERVED, "databaseSchemas default retentionPeriod location databaseProfilerConfig"),
    ),
    Kind(
        "databaseSchemas",
        "databaseSchema",
        ("SCHEMA",),
        parent=Parent("database", ("DATABASE",)),
        kept={**_COMMON, **_RETENTION},
        shown=names(_EVERY, _SERVED, "database tables retentionPeriod databaseSchemaProfilerConfig"),
    ),
    Kind(
        "tables",
        "table",
        ("TABLE", "VIEW"),
        parent=Parent("databaseSchema", ("SCHEMA", "DATABASE")),
        columns=("columns",),
        kept={
            **_COMMON,
            **_RETENTION,
            "schemaDefinition": Kept("definition", on_request=True),
            "tablePartition": Kept("partition", "object", on_request=True),
            "locationPath": Kept("location_path"),
            "fileFormat": Kept("file_format"),
            "dataModel": Kept("data_model", "object", on_request=True),
            "tableProfilerConfig": Kept("profiler_config", "object", on_request=True),
            "aliases": Kept("aliases", "texts"),
        },
        shown=names(
            _EVERY,
            _SERVED,
            "tableType columns tableConstraints aliases tablePartition databaseSchema database location locationPath",
            "schemaDefinition joins sampleData tableProfilerConfig customMetrics profile testSuite dataModel",
            "retentionPeriod fileFormat queries",
        ),
    ),
    Kind(
        "storedProcedures",
        "storedProcedure",
        ("PROCEDURE",),
        parent=Parent("databaseSchema", ("SCHEMA", "DATABASE")),
        kept={
            **_COMMON,
            "storedProcedureCode": Kept("code", "object"),
            "storedProcedureType": Kept(
                "kind", choices=("StoredProcedure", "UDF", "StoredPackage", "Function"), default="StoredProcedure"
            ),
        },
        shown=names(
            _EVERY,
            "service serviceType sourceUrl storedProcedureCode storedProcedureType databaseSchema database code",
            "processedLineage",
        ),
    ),
    Kind(
        "dashboards",
        "dashboard",
        ("DASHBOARD",),
        contents=Parent("charts", ("CHART",)),
        service="dashboardService",
        kept={
            **_COMMON,
            "dashboardType": Kept("dashboard_type", choices=("Dashboard", "Report")),
            "project": Kept("project"),
        },
        shown=names(_EVERY, _SERVED, "project dashboardType charts dataModels"),
    ),
    Kind(
        "charts",
        "chart",
        ("CHART",),
        service="dashboardService",
        kept={**_COMMON, "chartType": Kept("chart_type", choices=tuple(sorted(_CHARTS)))},
        shown=names(_EVERY, _SERVED, "chartType dashboards"),
    ),
    Kind(
        "pipelines",
        "pipeline",
        ("PIPELINE",),
        service="pipelineService",
        kept={
            **_COMMON,
            "concurrency": Kept("concurrency", "whole"),
            "pipelineLocation": Kept("pipeline_location"),
            "startDate": Kept("start_date"),
            "scheduleInterval": Kept("schedule_interval", on_request=True),
            "tasks": Kept("tasks", "objects", on_request=True),
            "state": Kept("state", choices=("Active", "Inactive")),
        },
        shown=names(
            _EVERY, _SERVED, "concurrency pipelineLocation startDate tasks pipelineStatus state scheduleInterval"
        ),
    ),
    Kind(
        "topics",
        "topic",
        ("TOPIC",),
        service="messagingService",
        columns=("messageSchema", "schemaFields"),
        field_types=names(
            "RECORD NULL BOOLEAN INT LONG BYTES FLOAT DOUBLE TIMESTAMP TIMESTAMPZ TIME DATE STRING ARRAY MAP ENUM UNION"
            " FIXED ERROR UNKNOWN"
        ),
        kept={
            **_COMMON,
            "messageSchema": Kept("message_schema", "object"),
            "partitions": Kept("partitions", "whole", default=1),
            "cleanupPolicies": Kept("cleanup_policies", "texts", choices=("delete", "compact")),
            "replicationFactor": Kept("replication", "whole"),
            "retentionTime": Kept("retention_time", "number"),
            "retentionSize": Kept("retention_size", "number"),
            "maximumMessageSize": Kept("maximum_message_size", "whole"),
            "minimumInSyncReplicas": Kept("minimum_in_sync_replicas", "whole"),
            "topicConfig": Kept("topic_config", "object"),
        },
        shown=names(
            _EVERY,
            _SERVED,
            "messageSchema partitions cleanupPolicies retentionTime replicationFactor maximumMessageSize",
            "minimumInSyncReplicas retentionSize topicConfig sampleData",
        )
        - {"usageSummary"},
    ),
    Kind(
        "containers",
        "container",
        ("BUCKET",),
        service="storageService",
        parent=Parent("parent", ("BUCKET",)),
        columns=("dataModel", "columns"),
        kept={
            **_COMMON,
            **_RETENTION,
            "dataModel": Kept("data_model", "object", on_request=True),
            "prefix": Kept("prefix"),
            "numberOfObjects": Kept("objects", "number"),
            "size": Kept("bytes", "number"),
            "fileFormats": Kept("file_formats", "texts"),
            "fullPath": Kept("full_path"),
        },
        shown=names(
            _EVERY,
            _SERVED,
            "parent children dataModel prefix numberOfObjects size fileFormats retentionPeriod fullPath sampleData",
        )
        - {"usageSummary"},
    ),
    Kind(
        "searchIndexes",
        "searchIndex",
        ("INDEX",),
        service="searchService",
        columns=("fields",),
        field_types=names(
            "NUMBER TEXT BINARY TIMESTAMP TIMESTAMPZ TIME DATE DATETIME KEYWORD ARRAY OBJECT FLATTENED NESTED JOIN"
            " RANGE IP VERSION MURMUR3 AGGREGATE_METRIC_DOUBLE HISTOGRAM ANNOTATED-TEXT COMPLETION SEARCH_AS_YOU_TYPE"
            " DENSE_VECTOR RANK_FEATURE RANK_FEATURES GEO_POINT GEO_SHAPE POINT SHAPE PERCOLATOR BOOLEAN"
            " CONSTANT_KEYWORD WILDCARD LONG INTEGER SHORT BYTE DOUBLE FLOAT HALF_FLOAT SCALED_FLOAT UNSIGNED_LONG"
            " UNKNOWN"
        ),
        kept={
            **{name: kept for name, kept in _COMMON.items() if name != "sourceUrl"},
            "searchIndexSettings": Kept("settings", "object", on_request=True),
            "indexType": Kept("index_type", choices=("Index", "IndexTemplate")),
        },
        shown=names(_EVERY, "service serviceType fields searchIndexSettings indexType sampleData"),
    ),
    Kind(
        "datasets",
        "dataset",
        ("DATASET",),
        service="storageService",
        columns=("columns",),
        kept={**_COMMON, **_RETENTION},
        shown=names(_EVERY, _SERVED, "columns retentionPeriod"),
    ),
)

DERIVED = frozenset(
    {
        "id",
        "name",
        "fullyQualifiedName",
        "version",
        "updatedAt",
        "updatedBy",
        "href",
        "deleted",
        "service",
        "serviceType",
        "database",
        "databaseSchema",
        "parent",
        "changeDescription",
    }
)
"""Fields that a patch may not touch."""

BY_TYPE: Mapping[str, Kind] = {type_: kind for kind in KINDS for type_ in kind.types}
"""The collection that an asset of this type is found in; types that no entity is made of are missing."""

"""What jobs and datasets of OpenLineage are called in the catalog.

A job is `namespace.name`, the name whole: `airflow-prod."daily.load"`. A dataset is its namespace, then its
name: at its dots where the namespace is a database's or a plain word (`"postgres://db.example.com:5432".shop.public.users`),
whole elsewhere (`s3://lake."raw/users"`). Where a data source of the organization collects the very server
(`postgres://host:port`, and the database), or the namespace is the data source's name, the dataset is that
source's asset: `prod.shop.public.users`. A dataset that would be called as a job could be (two parts, of a
namespace that is no URI) has `datasets` between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from catalog.names import join_name
from ingestion.models import DataSource
from ingestion.services.openlineage.events import Name

NAME_LENGTH = 255


class Engine(NamedTuple):
    """A kind of server: its type of data source, how many parts name a table, whether the first is its database."""

    source_type: str
    port: int
    parts: int
    is_bound: bool = False


ENGINES = {
    "postgres": Engine("postgresql", 5432, 3, is_bound=True),
    "postgresql": Engine("postgresql", 5432, 3, is_bound=True),
    "sqlserver": Engine("sqlserver", 1433, 3, is_bound=True),
    "mssql": Engine("sqlserver", 1433, 3, is_bound=True),
    "oracle": Engine("oracle", 1521, 3),
    "mysql": Engine("mysql", 3306, 2),
    "mariadb": Engine("mysql", 3306, 2),
    "doris": Engine("doris", 9030, 2),
    "clickhouse": Engine("clickhouse", 8123, 2),
    "hive": Engine("hive", 10000, 2),
    "mongodb": Engine("mongodb", 27017, 2),
    "kafka": Engine("kafka", 9092, 1),
}
_WAREHOUSES = {"awsathena", "bigquery", "cassandra", "crate", "databricks", "db2", "oceanbase", "redshift", "snowflake"}
_OTHERS = {"teradata", "trino"}
DOTTED = _WAREHOUSES | _OTHERS | {scheme for scheme, engine in ENGINES.items() if engine.parts > 1}
"""Schemes of namespaces whose names are parts with dots between."""
_PARTS = {engine.source_type: engine.parts for engine in ENGINES.values()}
_TYPES = {"kafka": "TOPIC", "pubsub": "TOPIC", "mongodb": "COLLECTION"}
FILES = frozenset({"file"})
"""Namespaces without an authority whose names are paths."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a dataset is in the catalog. `type` is what its namespace says of it; `origin_id` its data source's."""

    qualified_name: str
    name: str
    type: str
    origin_id: UUID | None = None


class Places:
    """The data sources of one organization, and what is called how. One statement."""

    def __init__(self, organization_id: UUID) -> None:
        sources = DataSource.objects.filter(organization=organization_id).order_by("created_at", "id")
        self._by_root: dict[str, DataSource] = {}
        self._by_server: dict[tuple[str, str, int], list[DataSource]] = {}
        for source in sources:
            self._by_root.setdefault(source.root, source)
            host, port = source.config.get("host"), source.config.get("port")
            if isinstance(host, str) and isinstance(port, int):
                self._by_server.setdefault((source.type, _host(host), port), []).append(source)

    def of(self, dataset: Name, symlinks: Sequence[Name] = ()) -> Place:
        """Where the dataset is: at a data source by its own name, else by another of its names, else by itself."""
        for name in (dataset, *symlinks):
            found = self._at_source(name)
            if found is not None:
                return found
        return _elsewhere(dataset)

    def _at_source(self, dataset: Name) -> Place | None:
        source = self._by_root.get(dataset.namespace)
        if source is not None:
            return _place(source, dataset.name.split(".", _PARTS.get(source.type, 3) - 1))
        server = _server(dataset.namespace)
        engine = ENGINES.get(server.scheme)
        if engine is None:
            return None
        parts = dataset.name.split(".", engine.parts - 1)
        if len(parts) < engine.parts:
            return None
        key = (engine.source_type, _host(server.hostname or ""), _port(server, engine))
        for source in self._by_server.get(key, ()):
            if not engine.is_bound or source.config.get("database") in (None, "", parts[0]):
                return _place(source, parts)
        return None


def job_name(job: Name) -> str:
    """The qualified name of a job's pipeline."""
    return join_name(job.namespace, job.name)


def short(name: str) -> str:
    """A name that fits: of a long one its end, which tells most."""
    return name if len(name) <= NAME_LENGTH else f"…{name[1 - NAME_LENGTH :]}"


def _elsewhere(dataset: Name) -> Place:
    scheme = _server(dataset.namespace).scheme
    is_plain = "://" not in dataset.namespace and scheme not in FILES
    parts = dataset.name.split(".") if scheme in DOTTED or is_plain else [dataset.name]
    if is_plain and len(parts) == 1 and scheme not in DOTTED:
        parts = ["datasets", *parts]
    return Place(join_name(dataset.namespace, *parts), short(parts[-1] or dataset.name), _type(scheme))


def _place(source: DataSource, parts: Sequence[str]) -> Place:
    type_ = _TYPES.get(source.type, "TABLE")
    return Place(join_name(source.root, *parts), short(parts[-1] or source.root), type_, source.origin_id)


def _type(scheme: str) -> str:
    return _TYPES.get(scheme, "TABLE" if scheme in DOTTED else "DATASET")


def _server(namespace: str) -> SplitResult:
    """The namespace as a URL; `bigquery`, which has no authority, is a scheme alone."""
    try:
        split = urlsplit(namespace)
        _ = split.port  # raises where it is no number
    except ValueError:
        return SplitResult("", "", namespace, "", "")
    if "://" not in namespace:
        return SplitResult(namespace.partition(":")[0].lower(), "", "", "", "")
    return split


def _port(server: SplitResult, engine: Engine) -> int:
    return server.port if server.port is not None else engine.port


def _host(name: str) -> str:
    name = name.lower()
    return "127.0.0.1" if name in {"localhost", "::1"} else name

"""Which connectors there are: our own by module, others' by entry point, loaded when first asked for."""

from __future__ import annotations

import logging
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from contracts.errors import Invalid
from ingestion.connectors.base import Connector

logger = logging.getLogger(__name__)

GROUP = "cartulary.connectors"
"""The entry-point group; an entry's name is the type, its value `module:Class`."""

BUILT_IN = {
    "clickhouse": "ingestion.connectors.clickhouse:ClickHouseConnector",
    "doris": "ingestion.connectors.mysql:DorisConnector",
    "elasticsearch": "ingestion.connectors.elasticsearch:ElasticsearchConnector",
    "hive": "ingestion.connectors.hive:HiveConnector",
    "kafka": "ingestion.connectors.kafka:KafkaConnector",
    "minio": "ingestion.connectors.minio:MinIOConnector",
    "mongodb": "ingestion.connectors.mongodb:MongoDBConnector",
    "mysql": "ingestion.connectors.mysql:MySQLConnector",
    "oracle": "ingestion.connectors.oracle:OracleConnector",
    "postgresql": "ingestion.connectors.postgresql:PostgreSQLConnector",
    "rabbitmq": "ingestion.connectors.rabbitmq:RabbitMQConnector",
    "redis": "ingestion.connectors.redis:RedisConnector",
    "sqlite": "ingestion.connectors.sqlite:SQLiteConnector",
    "sqlserver": "ingestion.connectors.sqlserver:SQLServerConnector",
}


def connector_types() -> list[str]:
    """The types that can be collected here, in order."""
    return sorted({*BUILT_IN, *_entries()})


@cache
def get_connector(source_type: str) -> Connector:
    """The connector of a type. Raises Invalid when there is none."""
    path = BUILT_IN.get(source_type)
    if path is not None:
        module, _, name = path.partition(":")
        found = getattr(import_module(module), name)
    elif source_type in _entries():
        found = _entries()[source_type].load()
    else:
        known = ", ".join(connector_types())
        raise Invalid(fields={"type": [f"There is no connector for '{source_type}'. Known types: {known}."]})
    connector: Connector = found()
    return connector


@cache
def _entries() -> dict[str, EntryPoint]:
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    for name in found.keys() & BUILT_IN.keys():
        logger.warning("The connector %s of %s is passed over: the type is built in", name, found[name].value)
        del found[name]
    return found

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
    return sorted({*BUILT_IN, *_third_party()})


@cache
def get_connector(source_type: str) -> Connector:
    """The connector of a type. Raises Invalid when there is none."""
    path = BUILT_IN.get(source_type)
    if path is not None:
        module, _, name = path.partition(":")
        connector: Connector = getattr(import_module(module), name)()
        return connector
    found = _third_party().get(source_type)
    if found is None:
        known = ", ".join(connector_types())
        raise Invalid(fields={"type": [f"There is no connector for '{source_type}'. Known types: {known}."]})
    return found


@cache
def _third_party() -> dict[str, Connector]:
    """The connectors of other distributions by type. One that cannot be used is told in the log alone."""
    found = {}
    for entry in entry_points(group=GROUP):
        if entry.name in BUILT_IN:
            logger.warning("The connector %s of %s is passed over: the type is built in", entry.name, entry.value)
            continue
        try:
            found[entry.name] = _loaded(entry)
        except Exception:  # whatever a module of somebody else's raises must not take the others with it
            logger.exception("The connector %s of %s cannot be used", entry.name, entry.value)
    return found


def _loaded(entry: EntryPoint) -> Connector:
    """The connector that an entry point names. Raises TypeError when it is none, and whatever its module raises."""
    connector = entry.load()()
    if not isinstance(connector, Connector):
        raise TypeError(f"{entry.value} is no ingestion.connectors.base.Connector")
    if connector.type != entry.name:
        raise TypeError(f"{entry.value} has the type '{connector.type}', and its entry point the name '{entry.name}'")
    schema = connector.config_schema
    if not connector.title or schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        raise TypeError(f"{entry.value} needs a title, and a config_schema of an object without additional properties")
    return connector

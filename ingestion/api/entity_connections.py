"""The `connection` of a database service ↔ the config of a data source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.api.entities.shapes import SERVICE_TYPES
from contracts.errors import Invalid
from ingestion.services.client_settings import is_mask
from ingestion.services.secrets import MASK

_BY_SCHEMA = {"username": "username", "databaseSchema": "database"}
_NAMES: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys(("mysql", "doris", "clickhouse"), _BY_SCHEMA),
    "postgresql": {"username": "username", "database": "database", "sslMode": "sslmode"},
}
"""By type: the connection's settings that are ours under another name, or the same."""
_PLAIN = {"username": "username", "database": "database"}


def settings_of(source_type: str, connection: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the config that a connection makes, the settings that are the client's own). Raises Invalid."""
    config = connection.get("config") if isinstance(connection, Mapping) else None
    if not isinstance(config, Mapping) or set(connection) - {"config"}:
        raise Invalid(fields={"connection": ["This must be an object with 'config', an object."]})
    names = _NAMES.get(source_type, _PLAIN)
    ours: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for name, value in config.items():
        if name == "hostPort" and value is not None:
            ours |= _host(value)
        elif name == "password":
            ours["password"] = _secret(value)
        elif name == "authType" and isinstance(value, Mapping) and set(value) <= {"password"}:
            ours["password"] = _secret(value.get("password"))
        elif name in names:
            ours[names[name]] = value
        elif value is not None and (name, value) != ("type", SERVICE_TYPES[source_type]):
            others[name] = value
    return {name: value for name, value in ours.items() if value is not None}, others


def connection_of(source_type: str, config: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """The connection that a config and a client's own settings make, with masks for secrets."""
    told: dict[str, Any] = {"type": SERVICE_TYPES[source_type], **others}
    if "host" in config:
        told["hostPort"] = f"{config['host']}:{config['port']}" if config.get("port") else config["host"]
    for name, ours in _NAMES.get(source_type, _PLAIN).items():
        if config.get(ours):
            told[name] = config[ours]
    if "password" in config:
        key = "authType" if source_type in {"postgresql", "mysql"} else "password"
        told[key] = {"password": MASK} if key == "authType" else MASK
    return {"config": told}


def _secret(value: Any) -> Any:
    """A secret; a row of stars stands for the one that is kept already."""
    return MASK if is_mask(value) else value


def _host(value: Any) -> dict[str, Any]:
    """`host:port`, perhaps with a scheme before it."""
    if not isinstance(value, str):
        raise Invalid(fields={"connection.config.hostPort": ["This must be text, as host:port."]})
    host, colon, port = value.rpartition("://")[2].rstrip("/").rpartition(":")
    if not colon:
        return {"host": port}
    if not port.isascii() or not port.isdigit() or len(port) > 5:
        raise Invalid(fields={"connection.config.hostPort": ["The port must be a number."]})
    return {"host": host.strip("[]"), "port": int(port)}

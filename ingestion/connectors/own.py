"""The application's own database as a data source: `self` in the place of a database, and no host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection

from ingestion.connectors.base import JsonSchema, SourceError
from ingestion.connectors.network import TIMEOUT_SCHEMA

SELF = "self"
OWN_TYPES = ("sqlite", "postgresql")
"""The types that it may be of."""

OWN_SCHEMA: JsonSchema = {
    "type": "object",
    "required": ["database"],
    "additionalProperties": False,
    "properties": {
        "database": {"const": SELF, "title": "Database", "description": "`self` is the application's own database."},
        "timeout": TIMEOUT_SCHEMA,
    },
}
"""Its config, where its engine is asked through a server: how that is reached is in the settings."""


def is_own(config: Mapping[str, Any]) -> bool:
    """Whether the source of this config is the application's own database."""
    return config.get("database") == SELF and not config.get("host")


def own_type() -> str:
    """The type of data source that the application's own database truly is."""
    return "postgresql" if connection.vendor == "postgresql" else "sqlite"


def own_postgresql_config() -> dict[str, Any]:
    """How to reach it, when it is PostgreSQL: as Django does. Raises SourceError where it is not."""
    if connection.vendor != "postgresql":
        raise SourceError("The application's own database is not PostgreSQL here", code="NOT_FOUND")
    settings = connection.settings_dict
    return {
        "trusted": True,
        "host": settings.get("HOST") or "/var/run/postgresql",
        "port": int(settings.get("PORT") or 5432),
        "database": settings["NAME"],
        "username": settings.get("USER") or "",
        "password": settings.get("PASSWORD") or "",
        "timeout": 10,
        "sslmode": settings.get("OPTIONS", {}).get("sslmode", "prefer"),
    }


def refuse_profile(config: Mapping[str, Any]) -> None:
    """Raise SourceError for the own database: every tenant's rows are in there, and what people sign in with."""
    if is_own(config):
        raise SourceError("The application's own database is not profiled", code="NOT_SUPPORTED")

"""`GET /api/v1/health`: whether this installation can do its work (registry contract, "Health Check")."""

from __future__ import annotations

import os
import time
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.registry import Registry
from registry.storage import backend

CONNECT_SECONDS = 2
_STARTED = time.monotonic()


class HealthSerializer(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="healthy, degraded (no storage) or unhealthy (no database).")
    version = serializers.CharField()
    uptime = serializers.IntegerField(help_text="Seconds.")
    database = serializers.ChoiceField(["connected", "disconnected"])
    storage = serializers.ChoiceField(["available", "unavailable"])


class Health(Registry):
    """Public and never throttled. 503 when the database does not answer; the body is not in the envelope."""

    authentication_classes = []
    permission_classes = []
    throttle_classes = []
    cache_control = {"no_store": True}
    enveloped = False

    @extend_schema(
        operation_id="registry_health",
        auth=[],
        responses={200: HealthSerializer, 503: HealthSerializer},
    )
    def get(self, request: Request) -> Response:
        database, storage = database_answers(), storage_answers()
        body: dict[str, Any] = {
            "status": "unhealthy" if not database else "healthy" if storage else "degraded",
            "version": settings.VERSION,
            "uptime": int(time.monotonic() - _STARTED),
            "database": "connected" if database else "disconnected",
            "storage": "available" if storage else "unavailable",
        }
        return Response(body, status=200 if database else 503)


def database_answers() -> bool:
    """Whether a statement comes back. PostgreSQL is asked past the pool, which would wait much longer."""
    database: Any = connection
    try:
        if database.vendor == "postgresql":
            with (
                database.wrap_database_errors,
                database.Database.connect(
                    **database.get_connection_params() | {"connect_timeout": CONNECT_SECONDS}
                ) as fresh,
            ):
                fresh.execute("SELECT 1")
        else:
            with database.cursor() as cursor:
                cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def storage_answers() -> bool:
    """Whether files can be written below DATA_DIR, and published ones be put where they are kept."""
    return os.access(settings.DATA_DIR, os.W_OK | os.X_OK) and backend().answers()

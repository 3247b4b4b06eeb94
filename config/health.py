"""`GET /api/v1/health`: whether this installation can do its work (registry contract, "Health Check")."""

from __future__ import annotations

import os
import time
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.base import Enveloped
from contracts.registry import Registry

_STARTED = time.monotonic()
_BODY = inline_serializer(
    "Health",
    {
        "status": serializers.ChoiceField(["healthy", "degraded", "unhealthy"]),
        "version": serializers.CharField(),
        "uptime": serializers.IntegerField(help_text="Seconds."),
        "database": serializers.ChoiceField(["connected", "disconnected"]),
        "storage": serializers.ChoiceField(["available", "unavailable"]),
    },
)


class Health(Registry):
    """Public and never throttled. 503 when the database does not answer; the body is not in the envelope."""

    authentication_classes = []
    permission_classes = []
    throttle_classes = []
    cache_control = {"no_store": True}

    @extend_schema(
        operation_id="registry_health",
        auth=[],
        responses={200: _BODY, 503: _BODY},
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
        return Response(Enveloped(body), status=200 if database else 503)


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def storage_answers() -> bool:
    """Whether files can be written below DATA_DIR."""
    return os.access(settings.DATA_DIR, os.W_OK | os.X_OK)

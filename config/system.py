"""`GET /api/v1/system/version`: which version of the entities contract is spoken here.

Its public clients compare the first two numbers with their own before they do anything, so it is that of the
contract, not ours; ours is the revision.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.entities import Entities

CONTRACT = "2.0.6"


class VersionSerializer(serializers.Serializer[Any]):
    version = serializers.CharField(help_text="Of the contract.")
    revision = serializers.CharField(help_text="Of this software.")


class SystemVersion(Entities):
    """Which version of the contract is spoken, and which this software is."""

    @extend_schema(responses=VersionSerializer, operation_id="entities_system_version")
    def get(self, request: Request) -> Response:
        return Response({"version": CONTRACT, "revision": settings.VERSION})

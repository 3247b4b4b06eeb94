"""OpenLineage in the entities contract: `POST /api/v1/lineage`, beside `PUT`, which is of edges, and `/lineage/batch`.

What the specification (2-0-2) leaves open: an event answers 200 with what it is here; a batch always does, with
how many events were taken and why the others were not. Bodies may be packed with gzip, as its clients can.
"""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from catalog.api.entities.lineage import AddLineageBody, LineageViews
from contracts.entities import Entities
from contracts.openapi import FREE
from contracts.parsing import JSONListParser
from ingestion.models import Job
from ingestion.services import openlineage

_EVENT = {**FREE, "description": "A RunEvent, JobEvent or DatasetEvent of OpenLineage 2-0-2."}


class RunSerializer(serializers.ModelSerializer[Job]):
    runId = serializers.UUIDField(source="external_id", read_only=True)
    status = serializers.CharField(read_only=True)

    class Meta:
        model = Job
        fields = ["id", "runId", "status"]
        read_only_fields = fields


class EventAnswer(serializers.Serializer[openlineage.Taken]):
    """The pipeline of a run or a job event, the dataset of a dataset event; the run, where there is one."""

    id = serializers.UUIDField(source="asset_id")
    fullyQualifiedName = serializers.CharField(source="qualified_name")
    run = RunSerializer(source="job", allow_null=True)


class EventViews(LineageViews):
    """An event, beside the edges that are put at the same path."""

    def take(self, request: Request) -> Response:
        taken = openlineage.receive_event(actor=actor_of(request), event=request.data)
        return Response(EventAnswer(taken).data)


class SummarySerializer(serializers.Serializer[Any]):
    received = serializers.IntegerField()
    successful = serializers.IntegerField()
    failed = serializers.IntegerField()


class FailedEventSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Place in the batch, from 0.")
    reason = serializers.CharField()
    retriable = serializers.BooleanField(help_text="Whether the same event may be taken later.")


class BatchAnswer(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="success, partial_success or failure")
    summary = SummarySerializer()
    failed_events = FailedEventSerializer(many=True)


class BatchViews(GenericAPIView[Job]):
    serializer_class = BatchAnswer

    def post(self, request: Request) -> Response:
        events: list[object] = request.data  # type: ignore[assignment]  # the parser takes lists alone
        received = openlineage.receive_events(actor=actor_of(request), events=events)
        failed = [
            {"index": index, "reason": error.message, "retriable": False} for index, error in received.errors.items()
        ]
        status = "success" if not failed else "partial_success" if received.taken else "failure"
        summary = {"received": len(events), "successful": received.taken, "failed": len(failed)}
        return Response({"status": status, "summary": summary, "failed_events": failed})


class EntitiesLineageEvent(Entities, EventViews):
    @extend_schema(request={"application/json": _EVENT}, responses=EventAnswer, operation_id="entities_openlineage")
    def take(self, request: Request) -> Response:
        """Take an OpenLineage event (RunEvent, JobEvent or DatasetEvent of 2-0-2). The same again changes nothing."""
        return super().take(request)

    @extend_schema(request=AddLineageBody, responses=OpenApiTypes.OBJECT, operation_id="entities_lineage_put")
    def relate(self, request: Request) -> Response:
        """Relate two entities, upstream and downstream, or change what is said of their relation."""
        return super().relate(request)


class EntitiesLineageBatch(Entities, BatchViews):
    def get_parsers(self) -> list[BaseParser]:
        return [JSONListParser()]

    @extend_schema(
        request={"application/json": {"type": "array", "items": _EVENT, "maxItems": openlineage.BATCH_LIMIT}},
        responses=BatchAnswer,
        operation_id="entities_openlineage_batch",
    )
    def post(self, request: Request) -> Response:
        """Take up to 1,000 OpenLineage events in one transaction. One that cannot be taken sinks no other."""
        return super().post(request)


urlpatterns = [
    path("lineage", EntitiesLineageEvent.as_view({"post": "take", "put": "relate"}), name="lineage"),
    path("lineage/batch", EntitiesLineageBatch.as_view(), name="lineage-batch"),
]

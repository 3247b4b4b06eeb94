"""Background tasks, batch and stream ingestion as the metastore contract speaks of them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from catalog.services import UpsertResult, upsert_batch
from contracts.errors import TooLarge
from contracts.filtering import ChoicesFilter
from contracts.metastore import Metastore
from contracts.parsing import JSONRowsParser
from contracts.serializers import Flag, Strict
from contracts.views import ListsAndRetrieves, Router
from ingestion.models import Job, JobStatus, JobType, StreamEvent
from ingestion.services import bulk, jobs, stream

BATCH_LIMIT = 10_000
"""Assets in one call, and relationships."""


class JobFilters(filters.FilterSet):  # type: ignore[misc]
    status = ChoicesFilter(choices=JobStatus.choices, help_text="Only these statuses.")
    type = ChoicesFilter(choices=JobType.choices, help_text="Only these types.")


class JobSerializer(serializers.ModelSerializer[Job]):
    class Meta:
        model = Job
        fields = [
            "id",
            "type",
            "status",
            "priority",
            "progress",
            "phase",
            "done",
            "total",
            "payload",
            "result",
            "error",
            "cancel_requested",
            "attempts",
            "created_at",
            "started_at",
            "finished_at",
        ]
        read_only_fields = fields


class JobBody(Strict):
    type = serializers.ChoiceField([JobType.BULK_INGESTION.value])
    priority = serializers.IntegerField(min_value=0, max_value=9, required=False)
    payload = serializers.DictField(help_text="source (https://, s3:// or file://), format (json, ndjson or csv)")


class CancelAnswer(serializers.Serializer[Job]):
    id = serializers.UUIDField()
    status = serializers.CharField()


class JobViews(ListsAndRetrieves[Job]):
    resource = "task"
    queryset = Job.objects.none()
    serializer_class: Any = JobSerializer
    filterset_class = JobFilters

    def get_queryset(self) -> QuerySet[Job]:
        return Job.objects.visible_to(actor_of(self.request))


class MetastoreTasks(Metastore, JobViews):
    """What runs in the background: ingestions, collections, and runs that were reported."""

    @extend_schema(request=JobBody, responses={201: JobSerializer})
    def create(self, request: Request) -> Response:
        """Start a background task."""
        body = JobBody(data=request.data)
        body.is_valid(raise_exception=True)
        return self.created(bulk.create_job(actor=actor_of(request), data=body.validated_data))

    @extend_schema(responses={200: CancelAnswer})
    def destroy(self, request: Request, pk: str) -> Response:
        """Cancel: a waiting task at once; a running one at its next step, and CANCELLED is how it will end."""
        job = jobs.cancel(actor=actor_of(request), job=self.get_object())
        return Response({"id": str(job.pk), "status": JobStatus.CANCELLED.value})


class BatchOptions(Strict):
    upsert = Flag(default=True, initial=True, help_text="False: an asset that is there is an error of its row.")
    validate = Flag(  # type: ignore[assignment]  # the page's name for it
        default=True, initial=True, help_text="Accepted; what keeps data sound is always checked."
    )


class BatchBody(Strict):
    assets = serializers.ListField(allow_empty=True)
    relationships = serializers.ListField(
        allow_empty=True,
        required=False,
        help_text="`source`, `target` (qualified names, also of assets of this batch), `type` and `metadata` of each.",
    )
    options = BatchOptions(required=False)


class BatchErrorSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Place in the batch, from 0.")
    qualified_name = serializers.CharField()
    message = serializers.CharField()
    details = serializers.DictField()


class RowsAnswer(serializers.Serializer[Any]):
    processed = serializers.IntegerField()
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    errors = BatchErrorSerializer(many=True)  # type: ignore[assignment]  # the page's name for it


class BatchAnswer(RowsAnswer):
    relationships = RowsAnswer(required=False, help_text="Only where the batch has relationships.")


class BatchViews(GenericAPIView[Job]):
    serializer_class = BatchBody

    @extend_schema(request=BatchBody, responses={200: BatchAnswer}, operation_id="metastore_ingestion_batch")
    def post(self, request: Request) -> Response:
        """Create and change up to 10,000 assets, in one transaction. One bad row does not sink the rest.

        Up to 10,000 relationships between them, or with what is there already, may come along.
        """
        given: dict[str, Any] = dict(request.data)
        rows: dict[str, list[object]] = {}
        for name in ("assets", "relationships"):
            if isinstance(given.get(name), list):
                rows[name] = given[name]
                if len(rows[name]) > BATCH_LIMIT:
                    raise TooLarge(f"A batch holds at most {BATCH_LIMIT:,} {name}", limit=BATCH_LIMIT)
                given[name] = []  # the rows are checked where they are written, one by one
        body = BatchBody(data=given)
        body.is_valid(raise_exception=True)
        upsert = body.validated_data.get("options", {}).get("upsert", True)
        assets, relationships = rows["assets"], rows.get("relationships")
        made, related = upsert_batch(
            actor=actor_of(request), assets=assets, relationships=relationships or [], upsert=upsert
        )
        answer = rows_answer(len(assets), made)
        if relationships is not None:
            answer["relationships"] = rows_answer(len(relationships), related)
        return Response(answer)


def rows_answer(count: int, result: UpsertResult) -> dict[str, Any]:
    return {
        "processed": count,
        "created": result.created,
        "updated": result.updated,
        "unchanged": result.unchanged,
        "errors": [
            {
                "index": error.index,
                "qualified_name": error.qualified_name,
                "message": error.message,
                "details": error.details,
            }
            for error in result.errors
        ],
    }


class MetastoreBatch(Metastore, BatchViews):
    parser_classes = [JSONRowsParser]


class StreamBody(Strict):
    asset = serializers.DictField(help_text="The asset; `qualified_name` or `id` says which.")


class StreamAnswer(serializers.ModelSerializer[StreamEvent]):
    status = serializers.SerializerMethodField()

    class Meta:
        model = StreamEvent
        fields = ["id", "status", "event", "asset_id", "created_at"]
        read_only_fields = fields

    def get_status(self, event: StreamEvent) -> str:
        return "accepted"


def _header(name: str, description: str, choices: Any = None, *, required: bool = False) -> OpenApiParameter:
    values = list(choices) if choices else None
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description, enum=values, required=required)


class StreamViews(GenericAPIView[StreamEvent]):
    serializer_class = StreamBody

    @extend_schema(
        request=StreamBody,
        responses={202: StreamAnswer},
        operation_id="metastore_ingestion_stream",
        parameters=[
            _header("X-Event-Type", "What happened.", stream.EVENTS, required=True),
            _header("Idempotency-Key", "The same key again changes nothing and answers the same."),
            _header("X-Signature", "`sha256=` and the HMAC-SHA256 of the body under the API key, hexadecimal."),
        ],
    )
    def post(self, request: Request) -> Response:
        """Take an event about one asset. It is applied before the answer: what is accepted is in the catalog."""
        actor = actor_of(request)
        raw = request.body  # before the parser reads the stream
        signature = request.headers.get("X-Signature")
        if signature is not None:
            bearer = request.headers.get("Authorization", "").partition(" ")[2].strip()
            key = (bearer or request.headers.get("X-API-Key", "")) if actor.api_key_id else ""
            stream.check_signature(key=key, body=raw, signature=signature)
        body = StreamBody(data=request.data)
        body.is_valid(raise_exception=True)
        event = stream.accept_event(
            actor=actor,
            event=request.headers.get("X-Event-Type", ""),
            asset=body.validated_data["asset"],
            idempotency_key=request.headers.get("Idempotency-Key", ""),
        )
        return Response(StreamAnswer(event).data, status=202)


class MetastoreStream(Metastore, StreamViews):
    pass


class StreamEventViews(GenericAPIView[StreamEvent]):
    serializer_class = StreamAnswer

    @extend_schema(responses=StreamAnswer, operation_id="metastore_ingestion_stream_event")
    def get(self, request: Request, event_id: str) -> Response:
        """An event that was accepted."""
        return Response(StreamAnswer(stream.get_event(actor_of(request), event_id)).data)


class MetastoreStreamEvent(Metastore, StreamEventViews):
    pass


router = Router()
router.register("tasks", MetastoreTasks, basename="job")

urlpatterns = [
    path("ingestion/batch", MetastoreBatch.as_view(), name="ingestion-batch"),
    path("ingestion/stream", MetastoreStream.as_view(), name="ingestion-stream"),
    path("ingestion/stream/<str:event_id>", MetastoreStreamEvent.as_view(), name="ingestion-stream-event"),
    *router.urls,
]

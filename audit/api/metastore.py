"""The trail in the metastore contract: `GET /v1/audits`, newest first.

Beyond the page: more filters; `pagination.next_cursor`, to be sent back as `cursor`, which finds its
place by an index however long the trail is; and `total`, which counts to COUNTED and then says so in
`total_is_exact`. An `offset` reaches as far as the count does.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, ClassVar

from django.urls import URLPattern, path
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit.diff import changes
from audit.models import AuditEvent
from audit.querysets import AuditEventQuerySet
from audit.vocabulary import ACTIONS, ENTITY_TYPES
from contracts.base import Enveloped
from contracts.errors import BadRequest
from contracts.filtering import CapitalsFilter, MomentFilter
from contracts.metastore import Metastore, MetastorePagination
from contracts.openapi import FLAG, NUMBER, Schema, shape, text_parameter
from contracts.parameters import only
from contracts.views import ListsAndRetrieves, uuid_of

COUNTED = 10_000


class AuditFilters(filters.FilterSet):  # type: ignore[misc]
    """What a list of events may be narrowed by."""

    entity_type = CapitalsFilter(choices=ENTITY_TYPES, help_text="Kinds of things, any of them, whatever the case.")
    entity_id = filters.UUIDFilter(help_text="The thing that was changed, by its id; also one that is gone.")
    action = CapitalsFilter(choices=ACTIONS, help_text="What was done, any of them, whatever the case.")
    user = filters.UUIDFilter("user_id", help_text="Who did it.")
    request_id = filters.CharFilter(help_text="What one request did: its answer had this `X-Request-ID`.")
    created_after = MomentFilter(method="from_then", help_text="From this moment on.")
    since = MomentFilter(method="from_then", help_text="The same as `created_after`.")
    created_before = MomentFilter(method="till_then", help_text="Before this moment.")
    until = MomentFilter(method="till_then", help_text="The same as `created_before`.")

    def from_then(self, events: AuditEventQuerySet, name: str, value: datetime) -> AuditEventQuerySet:
        return events.since(value)

    def till_then(self, events: AuditEventQuerySet, name: str, value: datetime) -> AuditEventQuerySet:
        return events.until(value)


class AuditPagination(MetastorePagination):
    """`limit`, and `cursor` or `offset`."""

    has_more: bool
    next_cursor: str | None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        window = self.open(request)
        self.close(queryset.order_by()[: COUNTED + 1].values("pk").count())
        events = queryset.order_by("-id")
        given = only(request.query_params, "cursor")
        if given:
            place = uuid_of(given)
            if place is None:
                raise BadRequest("This cursor was not given out here", fields={"cursor": ["Send back a next_cursor."]})
            events = events.filter(id__lt=place)
        elif window.offset > COUNTED:
            words = f"An offset reaches {COUNTED} events far: go on with the cursor."
            raise BadRequest(words, fields={"offset": [words]})
        first = 0 if given else window.offset
        rows = list(events[first : first + window.limit + 1])
        self.has_more = len(rows) > window.limit
        rows = rows[: window.limit]
        self.next_cursor = str(rows[-1].pk) if self.has_more else None
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        pagination = {
            "total": min(self.total, COUNTED),
            "total_is_exact": self.total <= COUNTED,
            "limit": self.window.limit,
            "offset": self.window.offset,
            "has_more": self.has_more,
            "next_cursor": self.next_cursor,
        }
        return Response(Enveloped(data=data, pagination=pagination))

    def get_paginated_response_schema(self, schema: Schema) -> Schema:
        cursor = {"type": "string", "nullable": True, "description": "To be sent back as `cursor`."}
        pagination = shape(
            total=NUMBER, total_is_exact=FLAG, limit=NUMBER, offset=NUMBER, has_more=FLAG, next_cursor=cursor
        )
        return shape(data=schema, pagination=pagination)

    def get_schema_operation_parameters(self, view: Any) -> list[Schema]:
        cursor = text_parameter("cursor", "Where the page before ended: its `next_cursor`. Goes before `offset`.")
        return [*super().get_schema_operation_parameters(view), cursor]


class UserOfEventSerializer(serializers.Serializer[AuditEvent]):
    """Who did it; `id` is null for a program and for the application itself."""

    id = serializers.UUIDField(source="user_id", allow_null=True)
    name = serializers.CharField(source="user_name")


class AuditEventSerializer(serializers.ModelSerializer[AuditEvent]):
    user = UserOfEventSerializer(source="*", read_only=True)

    class Meta:
        model = AuditEvent
        fields = [
            "id",
            "entity_type",
            "entity_id",
            "entity_name",
            "entity_version",
            "action",
            "user",
            "actor_kind",
            "door",
            "request_id",
            "before_state",
            "after_state",
            "timestamp",
        ]
        read_only_fields = fields


class AuditEventDetailSerializer(AuditEventSerializer):
    """With what differs, field by field."""

    changes = serializers.SerializerMethodField()

    class Meta(AuditEventSerializer.Meta):
        fields = [*AuditEventSerializer.Meta.fields, "changes"]

    def get_changes(self, event: AuditEvent) -> list[dict[str, Any]]:
        return [asdict(change) for change in changes(event.before_state, event.after_state)]


@extend_schema_view(
    list=extend_schema(operation_id="metastore_audits"),
    retrieve=extend_schema(operation_id="metastore_audit"),
)
class MetastoreAudits(Metastore, ListsAndRetrieves[AuditEvent]):
    """Who changed what: every change with the whole state before and after it."""

    resource: ClassVar[str] = "audit"
    queryset = AuditEvent.objects.none()
    pagination_class = AuditPagination
    filterset_class = AuditFilters
    serializer_class = AuditEventSerializer

    def get_queryset(self) -> AuditEventQuerySet:
        actor: Any = self.request.auth
        return AuditEvent.objects.visible_to(actor)

    def get_serializer_class(self) -> type[serializers.ModelSerializer[AuditEvent]]:
        return AuditEventDetailSerializer if self.action == "retrieve" else AuditEventSerializer


urlpatterns: list[URLPattern] = [
    path("audits", MetastoreAudits.as_view({"get": "list"}), name="audits"),
    path("audits/<str:pk>", MetastoreAudits.as_view({"get": "retrieve"}), name="audit"),
]

"""Webhooks and their deliveries, in the style of the collection contract. For administrators."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from contracts.collection import Collection
from contracts.errors import NotFound
from contracts.filtering import ChoicesFilter
from contracts.serializers import Flag, Strict, Text
from contracts.views import ListsAndRetrieves, uuid_of
from ingestion.models import DeliveryStatus, Webhook, WebhookDelivery
from ingestion.services import webhooks
from ingestion.services.events import EVENTS, GROUPS, PING


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    class Meta:
        model = Webhook
        fields = [
            "id",
            "name",
            "url",
            "events",
            "is_active",
            "disabled_reason",
            "succeeded_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class MadeWebhookSerializer(WebhookSerializer):
    secret = serializers.CharField(help_text="What messages are signed with. Shown this once.")

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]


class WebhookBody(Strict):
    name = Text(max_length=200)
    url = Text(max_length=2000)
    events = serializers.ListField(child=serializers.ChoiceField([*EVENTS, *GROUPS]), max_length=50, min_length=1)
    is_active = Flag(required=False)


class SecretAnswer(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="Shown this once. The former one is used too for 24 hours.")


class DeliverySerializer(serializers.ModelSerializer[WebhookDelivery]):
    class Meta:
        model = WebhookDelivery
        fields = [
            "id",
            "message_id",
            "event",
            "body",
            "status",
            "attempts",
            "attempted_at",
            "next_attempt_at",
            "duration_ms",
            "response_status",
            "response_body",
            "error",
            "created_at",
        ]
        read_only_fields = fields


class DeliveryFilters(filters.FilterSet):  # type: ignore[misc]
    status = ChoicesFilter(choices=DeliveryStatus.choices, help_text="Only these statuses.")
    event = ChoicesFilter(choices=[*EVENTS, PING], help_text="Only these events.")


class EventAnswer(serializers.Serializer[Any]):
    name = serializers.CharField()
    description = serializers.CharField()


class WebhookViews(ListsAndRetrieves[Webhook]):
    resource = "webhook"
    queryset = Webhook.objects.none()
    serializer_class: Any = WebhookSerializer

    def get_queryset(self) -> QuerySet[Webhook]:
        return webhooks.visible_webhooks(actor_of(self.request))

    def get_serializer_class(self) -> Any:
        sends = self.request is not None and self.action in {"create", "update"}
        return WebhookBody if sends else self.serializer_class

    def create(self, request: Request) -> Response:
        webhook, secret = webhooks.create_webhook(actor=actor_of(request), data=self.validated())
        return Response({**WebhookSerializer(webhook).data, "secret": secret}, status=201)

    def update(self, request: Request, pk: str) -> Response:
        changes = self.validated(partial=True)
        webhook = webhooks.update_webhook(actor=actor_of(request), webhook=self.get_object(), changes=changes)
        return Response(WebhookSerializer(webhook).data)


@extend_schema_view(
    create=extend_schema(request=WebhookBody, responses={201: MadeWebhookSerializer}),
    update=extend_schema(request=WebhookBody, responses=WebhookSerializer),
)
class CollectionWebhooks(Collection, WebhookViews):
    """Addresses that are told of events."""

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        webhooks.delete_webhook(actor=actor_of(request), webhook=self.get_object())
        return self.deleted()

    @extend_schema(responses=EventAnswer(many=True))
    @action(detail=False, methods=["get"], pagination_class=None)
    def events(self, request: Request) -> Response:
        """What can be subscribed to. `asset.*` stands for all events of assets, `*` for everything."""
        return Response([{"name": name, "description": words} for name, words in EVENTS.items()])

    @extend_schema(request=None, responses=DeliverySerializer)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Post a `webhook.ping` now and tell what came of it; a receiver that fails answers 200 with its error."""
        delivery = webhooks.ping(actor=actor_of(request), webhook=self.get_object())
        return Response(DeliverySerializer(delivery).data)

    @extend_schema(request=None, responses=SecretAnswer)
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: str) -> Response:
        """Make a new secret."""
        return Response({"secret": webhooks.rotate_secret(actor=actor_of(request), webhook=self.get_object())})

    @extend_schema(operation_id="collection_webhooks_deliveries", responses=DeliverySerializer(many=True))
    @action(detail=True, methods=["get"], filterset_class=DeliveryFilters)
    def deliveries(self, request: Request, pk: str) -> Response:
        """What was posted there and what waits to be, newest first."""
        found: Any = WebhookDelivery.objects.filter(webhook=self.get_object())
        rows: Any = self.paginate_queryset(self.filter_queryset(found))
        return self.get_paginated_response(DeliverySerializer(rows, many=True).data)

    @extend_schema(operation_id="collection_webhooks_delivery", responses=DeliverySerializer)
    @action(detail=True, methods=["get"], url_path="deliveries/(?P<delivery_id>[^/]+)")
    def delivery(self, request: Request, pk: str, delivery_id: str) -> Response:
        """One delivery."""
        return Response(DeliverySerializer(self._delivery(delivery_id)).data)

    @extend_schema(request=None, responses={202: DeliverySerializer})
    @action(detail=True, methods=["post"], url_path="deliveries/(?P<delivery_id>[^/]+)/redeliver")
    def redeliver(self, request: Request, pk: str, delivery_id: str) -> Response:
        """Post it again, under the same id."""
        delivery = webhooks.redeliver(actor=actor_of(request), delivery=self._delivery(delivery_id))
        return Response(DeliverySerializer(delivery).data, status=202)

    def _delivery(self, delivery_id: str) -> WebhookDelivery:
        key = uuid_of(delivery_id)
        mine = WebhookDelivery.objects.select_related("webhook").filter(webhook=self.get_object())
        found = mine.filter(pk=key).first() if key else None
        if found is None:
            raise NotFound(resource="delivery", delivery_id=delivery_id)
        return found

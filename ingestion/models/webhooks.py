"""Who is told what happens here, and every message to them."""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7

from accounts.models import Organization, User
from ingestion.querysets import WebhookQuerySet


class Webhook(models.Model):
    """A subscription: what of an organization's events is posted where."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="webhooks")
    name = models.CharField(max_length=200)
    url = models.CharField(max_length=2000)
    events = models.JSONField(default=list, help_text="Names of events, or groups of them such as `asset.*`.")
    secrets = models.TextField(editable=False, help_text="What messages are signed with, encrypted.")
    is_active = models.BooleanField(default=True)
    disabled_reason = models.TextField(blank=True, editable=False, help_text="Why we stopped posting there.")
    succeeded_at = models.DateTimeField(null=True, editable=False, help_text="When a message last arrived.")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="webhook_name_unique_in_organization")
        ]

    def __str__(self) -> str:
        return self.name


class DeliveryStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"


class WebhookDelivery(models.Model):
    """One message to one webhook. The row is the queue of record: it is written with the change it tells of."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    message_id = models.CharField(max_length=64, help_text="The same for every webhook and every try.")
    event = models.CharField(max_length=60)
    body = models.TextField(help_text="What is posted, to the byte.")
    status = models.CharField(max_length=10, choices=DeliveryStatus, default=DeliveryStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, help_text="While a try is under way: when it is given up.")
    attempted_at = models.DateTimeField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    response_status = models.PositiveSmallIntegerField(null=True)
    response_body = models.TextField(blank=True, help_text="The beginning of what was answered.")
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["webhook", "-created_at"], name="delivery_by_webhook"),
            models.Index(fields=["next_attempt_at"], condition=models.Q(status="pending"), name="delivery_queue"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.message_id}"

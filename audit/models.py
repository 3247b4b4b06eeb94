"""The trail: every change, before and after, never altered; and the blocks that seal it."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from uuid_utils.compat import uuid7

from audit.querysets import AuditEventQuerySet


class AuditEvent(models.Model):
    """One change of one thing: who, when, through which door, and its whole state before and after.

    Ids and names are plain columns, so that the trail outlives what it speaks of. Triggers refuse
    UPDATE and DELETE (and TRUNCATE on PostgreSQL). The id is a UUIDv7: its order is the order of time.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField(null=True)
    entity_type = models.CharField(max_length=40)
    entity_id = models.UUIDField()
    entity_name = models.TextField(blank=True)
    entity_version = models.PositiveIntegerField(null=True)
    action = models.CharField(max_length=20)
    actor_kind = models.CharField(max_length=10)
    user_id = models.UUIDField(null=True)
    user_name = models.CharField(max_length=200, blank=True)
    door = models.CharField(max_length=20, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    before_state = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    after_state = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    timestamp = models.DateTimeField()

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organization_id", "-id"], name="audit_by_organization"),
            models.Index(fields=["entity_id", "-id"], name="audit_by_entity"),
            models.Index(fields=["user_id", "-id"], name="audit_by_user"),
            models.Index(fields=["organization_id", "action", "-id"], name="audit_by_action"),
            models.Index(fields=["organization_id", "entity_type", "-id"], name="audit_by_type"),
            models.Index(fields=["request_id", "-id"], name="audit_by_request", condition=~models.Q(request_id="")),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.entity_type} {self.entity_name}"


class AuditBlock(models.Model):
    """A stretch of the trail under one hash, chained to the block before.

    It covers the events whose ids are above `after_id` (None: from the beginning) up to `last_id`. `leaves`
    holds 32 bytes for each of them in the order of the ids: the 16 of the id, and the first 16 of the
    SHA-256 of the event's content. `hash` is over all other columns but `signature`, which is its HMAC
    under the SECRET_KEY: who can write to the database alone cannot make a chain that verifies.
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    previous_hash = models.CharField(max_length=64)
    after_id = models.UUIDField(null=True)
    last_id = models.UUIDField()
    event_count = models.PositiveIntegerField()
    leaves = models.BinaryField()
    sealed_at = models.DateTimeField()
    hash = models.CharField(max_length=64, help_text="SHA-256, hexadecimal.")
    signature = models.CharField(max_length=64, help_text="HMAC-SHA256, hexadecimal.")

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"Block {self.number}"

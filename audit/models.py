"""The trail: every change, before and after, never altered."""

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
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.entity_type} {self.entity_name}"

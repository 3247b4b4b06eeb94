"""Posting messages to webhooks: once a try, again later with growing pauses, at last given up.

A try claims its row by moving `next_attempt_at` to when the try is given up; a worker that dies in the middle
leaves a row that is due again then. A message may so arrive twice, under the same `webhook-id`.
"""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import httpx
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.actor import system_actor
from audit.services import Change, record_many
from contracts.errors import DomainError
from ingestion.models import DeliveryStatus, Webhook, WebhookDelivery
from ingestion.outbound import http_client
from ingestion.services import signing
from ingestion.services.events import DELIVER, wake
from ingestion.services.subscriptions import signing_secrets, snapshot

__all__ = ["DELIVER", "attempt", "dispatch"]

logger = logging.getLogger(__name__)

PAUSES = (5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000)
"""Seconds between one try and the next; after the last a message has failed, some two days after the first."""
TIMEOUT = 10
"""Seconds for each step of a request (connect, send, wait); an answer that trickles in has twice that in all."""
GIVEN_UP = timedelta(seconds=60)
"""How long a try may take before another worker may take the row."""
BODY_KEPT = 1000
"""Characters of an answer."""
GONE = 410
"""The receiver asks to be left alone."""
DISPATCH_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one try. `status` is None where there was no answer."""

    status: int | None
    body: str
    error: str
    duration_ms: int

    @property
    def has_arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def attempt(delivery_id: UUID, *, is_test: bool = False) -> bool:
    """Post a message that is due, and keep what came of it; returns whether it arrived now.

    A test is posted also to a webhook that is not active, and is not tried again.
    """
    row = _claim(delivery_id, is_test=is_test)
    if row is None:
        return False
    outcome = _post(row)
    _keep(row, outcome, is_test=is_test)
    return outcome.has_arrived


def dispatch() -> int:
    """Wake workers for the messages that are due; returns how many."""
    due = WebhookDelivery.objects.filter(
        status=DeliveryStatus.PENDING, next_attempt_at__lte=timezone.now(), webhook__is_active=True
    )
    keys = list(due.order_by("next_attempt_at").values_list("pk", flat=True)[:DISPATCH_LIMIT])
    wake(keys)
    return len(keys)


def _claim(delivery_id: UUID, *, is_test: bool) -> WebhookDelivery | None:
    now = timezone.now()
    row = WebhookDelivery.objects.select_related("webhook__organization").filter(pk=delivery_id).first()
    if row is None or not (row.webhook.is_active or is_test):
        return None
    due = WebhookDelivery.objects.filter(
        pk=row.pk, status=DeliveryStatus.PENDING, attempts=row.attempts, next_attempt_at__lte=now
    )
    if not due.update(attempts=F("attempts") + 1, next_attempt_at=now + GIVEN_UP, attempted_at=now):
        return None
    row.attempts += 1
    row.attempted_at = now
    return row


def _post(row: WebhookDelivery) -> Outcome:
    body, began = row.body.encode(), time.monotonic()
    status, answer, error = None, "", ""
    try:
        secrets = signing_secrets(row.webhook)
        headers = signing.headers(secrets, row.message_id, int(time.time()), body)
        headers |= {"content-type": "application/json", "user-agent": "Cartulary-Webhooks/1"}
        with (
            http_client(timeout=TIMEOUT, lifetime=2 * TIMEOUT) as client,
            client.stream("POST", row.webhook.url, content=body, headers=headers) as response,
        ):
            status = response.status_code
            answer = _beginning(response, began)
        if not 200 <= status < 300:
            error = f"The receiver answered with {status}"
    except httpx.TimeoutException:
        error = f"No answer within {TIMEOUT} seconds"
    except (httpx.HTTPError, httpx.InvalidURL) as failure:
        said = re.sub(r"^\[Errno -?\d+\] ", "", str(failure)) or failure.__class__.__name__
        error = f"It could not be posted: {said}"
    except DomainError as failure:
        error = failure.message
    return Outcome(status, answer, error, round((time.monotonic() - began) * 1000))


def _beginning(response: httpx.Response, began: float) -> str:
    """The first characters of an answer, however long or slow the rest is."""
    found = b""
    try:
        for chunk in response.iter_raw():
            found += chunk
            if len(found) >= BODY_KEPT or time.monotonic() - began > TIMEOUT:
                break
    except httpx.HTTPError:
        pass  # the status has arrived, and that is what counts
    return found.decode(errors="replace").replace("\x00", "")[:BODY_KEPT]


@transaction.atomic
def _keep(row: WebhookDelivery, outcome: Outcome, *, is_test: bool) -> None:
    """Write the outcome, unless another worker has taken the row meanwhile."""
    mine = WebhookDelivery.objects.filter(pk=row.pk, status=DeliveryStatus.PENDING, attempts=row.attempts)
    given_up = is_test or row.attempts > len(PAUSES) or outcome.status == GONE
    next_at = None
    if outcome.has_arrived:
        status = DeliveryStatus.SUCCEEDED
    elif given_up:
        status = DeliveryStatus.FAILED
    else:
        status = DeliveryStatus.PENDING
        next_at = timezone.now() + timedelta(seconds=PAUSES[row.attempts - 1])
    written = mine.update(
        status=status,
        next_attempt_at=next_at,
        response_status=outcome.status,
        response_body=outcome.body,
        error=outcome.error,
        duration_ms=outcome.duration_ms,
    )
    if not written:
        logger.warning("Another worker has the delivery %s", row.pk)
    elif outcome.has_arrived:
        Webhook.objects.filter(pk=row.webhook_id).update(succeeded_at=timezone.now())
    elif status == DeliveryStatus.FAILED and not is_test:
        _disable_if_dead(row, outcome)


def _disable_if_dead(row: WebhookDelivery, outcome: Outcome) -> None:
    """Stop posting to a webhook that is gone, or where nothing has arrived in all the time a message was tried."""
    webhook = Webhook.objects.select_for_update().get(pk=row.webhook_id)
    arrived_since = webhook.succeeded_at is not None and webhook.succeeded_at >= row.created_at
    if not webhook.is_active or (arrived_since and outcome.status != GONE):
        return
    before = snapshot(webhook)
    webhook.is_active = False
    webhook.disabled_reason = (
        "The receiver answered that it is gone (410)"
        if outcome.status == GONE
        else f"Nothing arrived in {row.attempts} tries: {outcome.error}"
    )
    webhook.save(update_fields=["is_active", "disabled_reason", "updated_at"])
    change = Change("UPDATE", "WEBHOOK", webhook.pk, webhook.name, before, snapshot(webhook))
    actor = system_actor(row.webhook.organization, name="Webhooks", door="job")
    record_many(actor, [change], organization_id=webhook.organization_id)

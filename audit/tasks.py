"""What runs for the trail in the background."""

from __future__ import annotations

import logging

from celery import shared_task
from django.db import OperationalError

from audit.sealing import seal_events

logger = logging.getLogger(__name__)


@shared_task(name="audit.seal", ignore_result=True)
def seal_audit() -> None:
    """Seal what is settled. Meant for every minute: what a busy database does not let us do now, the next run does."""
    try:
        seal_events()
    except OperationalError as error:
        logger.warning("the trail was not sealed this time: %s", error)

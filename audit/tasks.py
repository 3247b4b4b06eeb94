"""What runs for the trail in the background."""

from __future__ import annotations

from celery import shared_task

from audit.sealing import seal_events


@shared_task(name="audit.seal", ignore_result=True)
def seal_audit() -> None:
    """Seal what is settled. Meant for every minute."""
    seal_events()

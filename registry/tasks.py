"""Background work of the registry."""

from __future__ import annotations

from celery import shared_task

from accounts.actor import operator_actor
from registry.services.integrity import sweep_files, verify_files


@shared_task(name="registry.sweep_files")
def sweep() -> dict[str, int]:
    """Remove what nothing speaks of any more from the storage."""
    return sweep_files()


@shared_task(name="registry.verify_files")
def verify() -> str:
    """Read every stored file; answers the id of the check."""
    return str(verify_files(actor=operator_actor(door="task")).pk)

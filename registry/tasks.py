"""Background work of the registry."""

from __future__ import annotations

from celery import shared_task

from registry.services.integrity import sweep_files


@shared_task(name="registry.sweep_files")
def sweep() -> dict[str, int]:
    """Remove what nothing speaks of any more from the storage."""
    return sweep_files()

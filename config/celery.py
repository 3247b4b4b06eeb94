"""The Celery application: `celery -A config worker`, `celery -A config beat`, or both inside `manage.py up`."""

from __future__ import annotations

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
try:
    settings.INSTALLED_APPS  # noqa: B018  reads the environment now, where its error can be said in a line
except ImproperlyConfigured as error:
    sys.exit(f"Cartulary cannot start: {error}")

app = Celery("cartulary")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_our_logging(**options: Any) -> None:
    """Celery leaves logging alone when something is connected here: Django's LOGGING has set it up."""

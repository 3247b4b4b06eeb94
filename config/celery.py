"""The Celery application: `celery -A config worker`, `celery -A config beat`, or both inside `manage.py up`."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("cartulary")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

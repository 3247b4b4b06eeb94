"""The application that joins the others. Loading it makes our Celery application the current one."""

from __future__ import annotations

from django.apps import AppConfig

from config.celery import app as celery_app

__all__ = ["ConfigConfig", "celery_app"]


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Cartulary"

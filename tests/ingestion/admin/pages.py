"""What the tests of the sources' pages do in a browser."""

from __future__ import annotations

from typing import Any

from django.test import Client

from ingestion.models import DataSource
from ingestion.services.config import open_config
from tests.adminkit import form_of, page

SECRET = "hunter2 and more"

ADD = "ingestion_datasource_add"


def password_of(source: DataSource) -> Any:
    source.refresh_from_db()
    return open_config(source.type, source.config, source.secrets).get("password")


def save(browser: Client, source: DataSource, **changes: Any) -> Any:
    url = page("ingestion_datasource_change", source.pk)
    return browser.post(url, {**form_of(browser.get(url)), **changes})

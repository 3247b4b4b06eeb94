"""What the tests of the catalog's pages do in a browser."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Asset
from tests.adminkit import form_of, page

ASSETS = "catalog_asset_changelist"


def queries_of(browser: Client, url: str) -> int:
    browser.get(url)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert browser.get(url).status_code == 200
    return len(seen)


def save(browser: Client, asset: Asset, **changes: Any) -> Any:
    url = page("catalog_asset_change", asset.pk)
    return browser.post(url, {**form_of(browser.get(url)), **changes}, follow=True)

"""The editor of a page in a browser begins with a body that can be sent as it stands."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.models import Asset
from contracts.examples import EXAMPLES
from tests.adminkit import make_asset

pytestmark = pytest.mark.django_db
EDITOR = re.compile(r'<textarea[^>]*name="_content"[^>]*>(.*?)</textarea>', re.DOTALL)


@pytest.fixture(autouse=True)
def _tiny_views(settings: Any) -> None:
    """Not these: the real ones, whose examples are shown."""
    settings.ROOT_URLCONF = "config.urls"


def editor_of(client: APIClient, path: str) -> Any:
    page = client.get(path, headers={"accept": "text/html"}).content.decode()
    (found,) = EDITOR.findall(page)
    return json.loads(html.unescape(found))


def test_what_is_new_begins_with_the_example(bob: APIClient) -> None:
    shown = editor_of(bob, "/v1/assets")
    assert shown == EXAMPLES["metastore"]["POST /assets"].request
    assert bob.post("/v1/assets", shown, format="json").status_code == 201


def test_a_route_that_takes_a_post_only_offers_its_example(bob: APIClient) -> None:
    answer = bob.post("/v1/ingestion/batch", editor_of(bob, "/v1/ingestion/batch"), format="json").json()
    assert (answer["errors"], answer["relationships"]["errors"]) == ([], [])


def test_a_change_begins_with_what_is_there(bob: APIClient, bob_actor: Any) -> None:
    asset = make_asset(bob_actor, "orders", description="One an order", tags=["PII"], owner="bob")
    path = f"/v1/assets/{asset.pk}"
    shown = editor_of(bob, path)
    assert (shown["description"], shown["tags"], shown["owner"]["type"]) == ("One an order", ["PII"], "user")
    assert "created_at" not in shown
    answer = bob.put(path, shown, format="json")
    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    assert Asset.objects.get(pk=asset.pk).description == "One an order"


def test_where_there_is_nothing_to_change_the_page_has_the_example(bob: APIClient) -> None:
    missing = "/v1/assets/01890a5d-ac96-774b-bcce-b302099a8057"
    assert editor_of(bob, missing) == EXAMPLES["metastore"]["PUT /assets/{id}"].request

"""Whatever can be put in the metastore contract takes back the whole that it showed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.models import Asset, Origin
from tests.catalog.conftest import make_asset

pytestmark = pytest.mark.django_db

OTHER = "0190d2b4-1111-7000-8000-000000000000"
KINDS = ("assets", "tags", "domains", "glossaries", "glossary-terms", "teams", "relationships")
CHANGES: dict[str, tuple[str, Any]] = {
    "glossary-terms": ("definition", "Who buys."),
    "relationships": ("metadata", {"k": 2}),
}


def made(client: APIClient, path: str, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/{path}", body, format="json")
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def urls(alice: APIClient, acme) -> dict[str, str]:
    """One of each kind, as full as it can be."""
    team = made(alice, "teams", name="data-platform", description="x", members=["alice@example.com"])
    around = made(alice, "domains", name="Finance")
    domain = made(alice, "domains", name="Payments", parent="Finance", owner="data-platform")
    glossary = made(alice, "glossaries", name="Business", owner="alice@example.com")
    made(alice, "glossary-terms", name="Party", glossary="Business")
    term = made(alice, "glossary-terms", name="Customer", parent="Business.Party", synonyms=["client"], owner="alice")
    asset = made(
        alice,
        "assets",
        type="TABLE",
        name="users",
        qualified_name="prod.users",
        metadata={"a": 1},
        schema=[{"name": "id", "type": "uuid", "nullable": False, "description": "x"}],
        tags=["PII"],
        owner="data-platform",
        domain=around["id"],
        terms=["Business.Party.Customer", {"name": "Business.Party", "column": "id"}],
    )
    origin = Origin.objects.create(organization=acme, name="Warehouse", type="x", collected_at=datetime.now(UTC))
    Asset.objects.filter(pk=asset["id"]).update(origin=origin, last_seen_at=origin.collected_at)
    view = made(alice, "assets", type="VIEW", name="buyers", qualified_name="prod.buyers")
    edge = made(
        alice,
        "relationships",
        source_asset_id=view["id"],
        target_asset_id=asset["id"],
        type="DEPENDS_ON",
        metadata={"column_mapping": {"x": ["id"]}},
    )
    (tag,) = alice.get("/v1/tags").json()["data"]
    things = (asset, tag, domain, glossary, term, team, edge)
    return {kind: f"/v1/{kind}/{thing['id']}" for kind, thing in zip(KINDS, things, strict=True)}


def put(client: APIClient, url: str, body: Any) -> Any:
    return client.put(url, body, format="json")


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_that_was_read_is_put_back_with_one_field_changed(alice: APIClient, urls, kind):
    url = urls[kind]
    read = alice.get(url).json()
    again = put(alice, url, read)
    assert (again.status_code, again.json()) == (200, read)
    field, value = CHANGES.get(kind, ("description", "Another."))
    changed = put(alice, url, {**read, field: value})
    assert changed.status_code == 200, changed.content
    now = changed.json()
    moved = {"updated_at", "version", field}
    assert {**now, **dict.fromkeys(moved & now.keys())} == {
        **read,
        **dict.fromkeys(moved & read.keys()),
    } | ({"metadata": None} if kind == "relationships" else {})
    assert alice.get(url).json() == now


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_changed_is_refused_by_name(alice: APIClient, urls, kind):
    url = urls[kind]
    read = alice.get(url).json()
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    wrongs: dict[str, list[Any]] = {
        "id": [OTHER, None, 7],
        "created_at": [later, "2024-01-01T00:00:00Z", None, "x", 7],
        "updated_at": [later, None, "x"],
        "fully_qualified_name": ["Else", None],
        "created_by": [{"id": OTHER, "name": "Alice"}, None, "Alice", {**(read.get("created_by") or {}), "x": 1}],
        "source": [{"id": OTHER, "name": "Warehouse"}, None],
        "last_seen_at": [later, "x"],
        "stale_since": [later, True],
        "asset_count": [-1, "1", True, None],
        "source_asset_id": [OTHER, None],
        "target_asset_id": [OTHER],
        "type": ["USES", "LIKES", None] if kind == "relationships" else [],
    }
    refused = [(name, value) for name in read for value in wrongs.get(name, ())]
    for name, value in refused:
        answer = put(alice, url, {**read, name: value})
        assert answer.status_code == 400, (name, value, answer.content)
        assert answer.json()["error"]["details"] == {name: ["This cannot be changed."]}, value
    assert {"id", "created_at"} <= {name for name, _ in refused}
    unknown = put(alice, url, {**read, "colours": 1})
    assert (unknown.status_code, list(unknown.json()["error"]["details"])) == (400, ["colours"])
    assert alice.get(url).json() == read


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_shown_before_others_changed_it_is_no_change(alice: APIClient, urls, kind):
    url = urls[kind]
    field, value = CHANGES.get(kind, ("description", "Another."))
    read = alice.get(url).json()
    if kind == "tags":
        made(alice, "assets", type="TABLE", name="more", qualified_name="prod.more", tags=["PII"])
    assert put(alice, url, {field: value}).status_code == 200
    stale = put(alice, url, read)
    if "version" in read:
        assert (stale.status_code, stale.json()["error"]["code"]) == (409, "VERSION_CONFLICT")
        # The version goes before what is no longer as it was shown.
        wrong = put(alice, url, {**read, "id": OTHER})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (409, "VERSION_CONFLICT")
        del read["version"]
        stale = put(alice, url, read)
    assert stale.status_code == 200, stale.content
    assert stale.json()[field] == read[field]


def test_times_come_back_as_clients_write_them(bob: APIClient, bob_actor):
    asset = make_asset(bob_actor)
    url = f"/v1/assets/{asset.pk}"
    read = bob.get(url).json()
    for said in (read["created_at"].replace("Z", "+00:00"), read["created_at"][:23] + "Z"):
        assert put(bob, url, {"created_at": said, "description": said}).status_code == 200


def test_only_what_has_a_version_takes_one(alice: APIClient, urls):
    for kind in ("tags", "relationships"):
        answer = put(alice, urls[kind], {**alice.get(urls[kind]).json(), "version": 1})
        assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, ["version"])


def test_who_may_not_change_it_or_sees_it_not_hears_so(vera: APIClient, charlie: APIClient, alice: APIClient, urls):
    for url in urls.values():
        read = alice.get(url).json()
        assert put(vera, url, read).status_code == 403
        assert put(charlie, url, read).status_code == 404

"""Deletion, of what contains others too, and the way back."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from audit.models import AuditEvent
from catalog.models import Asset
from tests.catalog.api.entities.conftest import call, made

pytestmark = pytest.mark.django_db


def test_a_deleted_entity_is_answered_and_kept(bob: APIClient, table):
    response = call(bob, "delete", f"tables/{table['id']}")
    assert response.status_code == 200
    assert response.json()["deleted"] is True
    assert response.json()["version"] == 0.2
    assert call(bob, "get", f"tables/{table['id']}").status_code == 404
    assert call(bob, "delete", f"tables/{table['id']}").status_code == 404
    assert made(call(bob, "get", f"tables/{table['id']}?include=all"))["deleted"] is True
    assert made(call(bob, "get", "tables/name/shop.sales.public.users?include=deleted"))["id"] == table["id"]
    assert bob.get(f"/v1/assets/{table['id']}").status_code == 404


def test_what_is_not_empty_is_deleted_only_with_recursive(bob: APIClient, table, schema, database):
    refused = call(bob, "delete", f"databases/{database['id']}")
    assert refused.status_code == 400
    assert "recursive" in refused.json()["message"]
    assert call(bob, "delete", f"databases/{database['id']}?recursive=perhaps").status_code == 400
    assert Asset.objects.filter(deleted_at=None).count() == 3
    assert call(bob, "delete", f"databases/{database['id']}?recursive=true").status_code == 200
    assert Asset.objects.filter(deleted_at=None).count() == 0
    assert AuditEvent.objects.filter(action="DELETE", entity_type="ASSET").count() == 3


def test_restore_brings_back_what_was_deleted_together(bob: APIClient, table, schema, database):
    body = {"name": "old", "databaseSchema": "shop.sales.public", "columns": []}
    old = made(call(bob, "post", "tables", body))
    call(bob, "delete", f"tables/{old['id']}")
    call(bob, "delete", f"databases/{database['id']}?recursive=true")
    restored = call(bob, "put", "databases/restore", {"id": database["id"]})
    assert restored.status_code == 200
    assert restored.json()["deleted"] is False
    assert made(call(bob, "get", f"tables/{table['id']}"))["version"] == 0.3
    assert call(bob, "get", f"tables/{old['id']}").status_code == 404
    assert call(bob, "put", "databases/restore", {"id": database["id"]}).status_code == 200  # it lives: left as it is


def test_restore_where_the_name_is_taken_is_a_conflict(bob: APIClient, table):
    call(bob, "delete", f"tables/{table['id']}")
    made(call(bob, "post", "tables", {"name": "users", "databaseSchema": "shop.sales.public", "columns": []}))
    assert call(bob, "put", "tables/restore", {"id": table["id"]}).status_code == 409


def test_restore_of_what_is_none(bob: APIClient, charlie: APIClient, vera: APIClient, table):
    for body in ({}, {"id": 7}, {"id": table["id"], "more": 1}):
        assert call(bob, "put", "tables/restore", body).status_code == 400
    call(bob, "delete", f"tables/{table['id']}")
    assert call(charlie, "put", "tables/restore", {"id": table["id"]}).status_code == 404
    assert call(vera, "put", "tables/restore", {"id": table["id"]}).status_code == 403


def test_hard_deletion_keeps_the_trail(bob: APIClient, table):
    assert call(bob, "delete", f"tables/{table['id']}?hardDelete=true").status_code == 200
    assert call(bob, "delete", f"tables/{table['id']}?hardDelete=true").status_code == 200
    assert call(bob, "get", f"tables/{table['id']}").status_code == 404
    assert len(made(call(bob, "get", f"tables/{table['id']}/versions"))["versions"]) == 2


def test_a_circle_of_containers_comes_to_an_end(bob: APIClient, database, schema):
    ends = {"source_asset_id": schema["id"], "target_asset_id": database["id"], "type": "CONTAINS"}
    assert bob.post("/v1/relationships", ends, format="json").status_code == 201
    assert call(bob, "delete", f"databases/{database['id']}?recursive=true").status_code == 200
    assert Asset.objects.filter(deleted_at=None).count() == 0


def test_outsiders_and_viewers_delete_nothing(charlie: APIClient, vera: APIClient, table):
    assert call(charlie, "delete", f"tables/{table['id']}").status_code == 404
    assert call(vera, "delete", f"tables/{table['id']}").status_code == 403

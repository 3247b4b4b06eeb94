"""A table, and a view made from it."""

from __future__ import annotations

import pytest

from catalog.services import RelationshipDraft, create_asset, create_tag, upsert_relationships


@pytest.fixture
def users(alice_actor):
    create_tag(actor=alice_actor, data={"name": "PII", "category": "Sensitive"})
    fields = {
        "type": "TABLE",
        "name": "users",
        "qualified_name": "prod.users",
        "description": "User table",
        "metadata": {"rows": 3},
        "tags": ["PII"],
        "schema": [{"name": "id", "type": "UUID", "nullable": False, "children": [{"name": "x", "type": "INT"}]}],
    }
    return create_asset(actor=alice_actor, data=fields)


@pytest.fixture
def view(alice_actor, users):
    asset = create_asset(actor=alice_actor, data={"type": "VIEW", "name": "user view", "qualified_name": "prod.v"})
    draft = RelationshipDraft("prod.v", "prod.users", "DEPENDS_ON", {"k": 1})
    upsert_relationships(actor=alice_actor, drafts=[draft])
    return asset

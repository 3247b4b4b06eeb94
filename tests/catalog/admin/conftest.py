"""A curator's browser and an asset to look at."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import Membership
from catalog.models import Asset
from tests.adminkit import make_asset, session_of


@pytest.fixture
def browser(bob_member: Membership) -> Client:
    """Bob's: he edits."""
    return session_of(bob_member)


@pytest.fixture
def orders(alice_actor: Actor) -> Asset:
    columns = [
        {"name": "id", "type": "integer", "nullable": False},
        {"name": "email", "type": "text"},
        {"name": "address", "type": "struct", "children": [{"name": "city", "type": "text"}]},
    ]
    return make_asset(
        alice_actor, "orders", tags=["sales"], schema=columns, metadata={"rows": 3, "primary_key": ["id"]}
    )

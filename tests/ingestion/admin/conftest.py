"""A curator's browser, a source that answers and one that does not."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import Membership
from ingestion.models import DataSource
from ingestion.services.sources import create_data_source
from tests.adminkit import session_of, sqlite_file
from tests.ingestion.admin.pages import SECRET


@pytest.fixture
def browser(bob_member: Membership) -> Client:
    """Bob's: he edits."""
    return session_of(bob_member)


@pytest.fixture
def shop(bob_actor: Actor) -> DataSource:
    statements = [
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers (id))",
        "CREATE VIEW bought AS SELECT c.name FROM customers c JOIN orders o ON o.customer = c.id",
    ]
    name = sqlite_file("admin_shop.sqlite", statements)
    return create_data_source(actor=bob_actor, data={"name": "shop", "type": "sqlite", "config": {"database": name}})


@pytest.fixture
def warehouse(bob_actor: Actor) -> DataSource:
    config = {"host": "127.0.0.1", "port": 1, "database": "dw", "password": SECRET}
    return create_data_source(actor=bob_actor, data={"name": "warehouse", "type": "postgresql", "config": config})

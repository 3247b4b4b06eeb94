"""For tests of people and access."""

import pytest

from accounts import attempts
from accounts.actor import operator_actor
from audit.models import AuditEvent


@pytest.fixture(autouse=True)
def _failed_attempts_are_forgotten():
    attempts.limiter(attempts.LOCAL).storage.reset()


@pytest.fixture
def operator(db):
    return operator_actor(door="test")


@pytest.fixture
def trail(db):
    """The events so far, oldest first, as (action, entity type, entity name)."""
    return lambda: list(AuditEvent.objects.order_by("id").values_list("action", "entity_type", "entity_name"))

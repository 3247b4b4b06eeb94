"""The fixed cast: Alice administers Acme, Bob edits and Vera views there; Charlie, of Other, is the outsider."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import hypothesis
import pytest
from django.core.management.commands import flush
from django.db.backends.base.operations import BaseDatabaseOperations
from rest_framework.test import APIClient

from accounts.actor import Actor, member_actor
from accounts.models import Membership, Organization, Role, User
from accounts.tokens import issue_tokens
from contracts import throttling
from ingestion.services import running
from tests.config.ports import free_port
from tests.flushing import empty_tables
from tests.servers import (  # noqa: F401  hooks and fixtures
    IN_CI,
    mariadb_url,
    postgresql_url,
    pytest_collection_modifyitems,
    pytest_runtest_makereport,
    pytest_runtest_setup,
    rabbitmq_url,
    redis_url,
)

PASSWORD = "correct horse battery staple"

# Python looks for cycles each 700 new objects, among all that the suite imports: a quarter of its time, for nothing.
gc.set_threshold(20_000, 10, 10)

# How long an input takes to be made says nothing of the code. In CI each run tries the same ones, elsewhere new ones.
hypothesis.settings.register_profile(
    "suite",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=IN_CI,
)
hypothesis.settings.load_profile("suite")


@pytest.fixture(autouse=True, scope="session")
def _flush_what_is_filled() -> Iterator[None]:
    """Tests with real transactions empty the tables afterwards: here only those that hold anything.

    TRUNCATE of all tables takes PostgreSQL seconds, for which every table and index gets a new file.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", empty_tables)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *args, **kwargs: None)
        yield


@pytest.fixture(autouse=True)
def _rate_limits_begin_anew() -> None:
    """All tests ask from one address: what one has used up must not fail another."""
    throttling.forget()


@pytest.fixture(autouse=True)
def _leases_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread renews the lease of a run; it would not see the job of a test that commits nothing, and call it lost."""
    monkeypatch.setattr(running, "BEAT", 3600.0)


@pytest.fixture
def unused_tcp_port() -> int:
    """In the place of pytest-asyncio's, which the system may give to another meanwhile."""
    return free_port()


def make_member(organization: Organization, name: str, role: Role, *, superuser: bool = False) -> Membership:
    user = User(
        username=name.lower(),
        email=f"{name.lower()}@example.com",
        name=name,
        is_superuser=superuser,
        is_staff=True,
    )
    user.set_password(PASSWORD)
    user.save()
    return Membership.objects.create(user=user, organization=organization, role=role)


def client_of(membership: Membership) -> APIClient:
    """A REST client that holds the member's token."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issue_tokens(membership).access}")
    return client


@pytest.fixture
def acme(db: None) -> Organization:
    return Organization.objects.create(slug="acme", name="Acme")


@pytest.fixture
def other(db: None) -> Organization:
    return Organization.objects.create(slug="other", name="Other")


@pytest.fixture
def alice_member(acme: Organization) -> Membership:
    return make_member(acme, "Alice", Role.ADMIN)


@pytest.fixture
def bob_member(acme: Organization) -> Membership:
    return make_member(acme, "Bob", Role.EDITOR)


@pytest.fixture
def vera_member(acme: Organization) -> Membership:
    return make_member(acme, "Vera", Role.VIEWER)


@pytest.fixture
def charlie_member(other: Organization) -> Membership:
    return make_member(other, "Charlie", Role.ADMIN)


@pytest.fixture
def alice(alice_member: Membership) -> APIClient:
    return client_of(alice_member)


@pytest.fixture
def bob(bob_member: Membership) -> APIClient:
    return client_of(bob_member)


@pytest.fixture
def vera(vera_member: Membership) -> APIClient:
    return client_of(vera_member)


@pytest.fixture
def charlie(charlie_member: Membership) -> APIClient:
    return client_of(charlie_member)


@pytest.fixture
def anonymous(db: None) -> APIClient:
    return APIClient()


@pytest.fixture
def alice_actor(alice_member: Membership) -> Actor:
    return member_actor(alice_member, door="test")


@pytest.fixture
def bob_actor(bob_member: Membership) -> Actor:
    return member_actor(bob_member, door="test")


@pytest.fixture
def vera_actor(vera_member: Membership) -> Actor:
    return member_actor(vera_member, door="test")


@pytest.fixture
def charlie_actor(charlie_member: Membership) -> Actor:
    return member_actor(charlie_member, door="test")

"""What the catalog's tests share."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.utils import timezone

from accounts.actor import Actor
from audit.models import AuditEvent
from catalog.models import Asset, Origin
from catalog.services import create_asset


@pytest.fixture
def origin(acme) -> Origin:
    return Origin.objects.create(organization=acme, name="Warehouse", type="postgresql", collected_at=timezone.now())


def make_asset(actor: Actor, name: str = "users", **fields: Any) -> Asset:
    data = {"type": "TABLE", "name": name, "qualified_name": f"prod.public.{name}", **fields}
    return create_asset(actor=actor, data=data)


def last_event(entity_id: UUID) -> AuditEvent:
    return AuditEvent.objects.filter(entity_id=entity_id).order_by("-id")[0]


def state_after(entity_id: UUID) -> dict[str, Any]:
    state: Any = last_event(entity_id).after_state
    assert state is not None
    return dict(state)


def state_before(entity_id: UUID) -> dict[str, Any]:
    state: Any = last_event(entity_id).before_state
    assert state is not None
    return dict(state)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run these at the same time, each in a thread and a connection of its own; their results or exceptions."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        barrier.wait(timeout=60)
        try:
            return work()
        except Exception as error:  # noqa: BLE001  the test looks at what came
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))

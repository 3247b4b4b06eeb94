"""Events as schedulers and engines send them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from catalog.models import Asset, Relationship
from ingestion.models import Job

SPEC = "https://openlineage.io/spec"
RUN = "0190d6f1-0000-7000-8000-000000000001"


def facet(**fields: Any) -> dict[str, Any]:
    return {
        "_producer": "https://example.com/producer",
        "_schemaURL": f"{SPEC}/2-0-2/OpenLineage.json#/$defs/BaseFacet",
        **fields,
    }


def dataset(name: str, namespace: str = "warehouse", /, **facets: Any) -> dict[str, Any]:
    return {"namespace": namespace, "name": name, "facets": facets}


def event(**fields: Any) -> dict[str, Any]:
    """What every event has, and these; `at` is the minute after noon."""
    minute = fields.pop("at", 0)
    return {
        "eventTime": f"2026-01-31T12:{minute:02}:00Z",
        "producer": "https://example.com/producer",
        "schemaURL": f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
        **fields,
    }


def run_event(
    transition: str = "COMPLETE", *, run: str = RUN, job: str = "daily.load", **fields: Any
) -> dict[str, Any]:
    """A RunEvent; `run_facets` and `job_facets` are facets."""
    return event(
        eventType=transition,
        run={"runId": run, "facets": fields.pop("run_facets", {})},
        job={"namespace": "airflow", "name": job, "facets": fields.pop("job_facets", {})},
        **fields,
    )


def new_run() -> str:
    return str(uuid4())


def only_run() -> Any:
    """The one job there is."""
    return Job.objects.get()


def living() -> dict[str, str]:
    """Qualified name → type of every living asset."""
    return dict(Asset.objects.filter(deleted_at=None).values_list("qualified_name", "type"))


def edges() -> set[tuple[str, str, str]]:
    rows = Relationship.objects.values_list("source__qualified_name", "type", "target__qualified_name")
    return {(source, kind, target) for source, kind, target in rows}


@pytest.fixture
def send(bob: APIClient) -> Callable[..., Any]:
    """Send one event as Bob; the answer, which must be of this status."""

    def post(given: Any, code: int = 200, *, client: APIClient = bob) -> Any:
        response = client.post("/api/v1/lineage", given, format="json")
        assert response.status_code == code, response.content
        return response.json()

    return post


@pytest.fixture
def send_all(bob: APIClient) -> Callable[..., Any]:
    """Send a batch as Bob."""

    def post(given: Any, code: int = 200) -> Any:
        response = bob.post("/api/v1/lineage/batch", given, format="json")
        assert response.status_code == code, response.content
        return response.json()

    return post

"""`GET /api/v1/health`, in the registry page's exact shape."""

from __future__ import annotations

import time

import pytest
from django.conf import settings as configured
from django.db import connections
from rest_framework.test import APIClient

import config.health

PATH = "/api/v1/health"


@pytest.fixture(autouse=True)
def _our_routes(settings) -> None:
    settings.ROOT_URLCONF = "config.urls"


def test_all_is_well(nobody: APIClient) -> None:
    answer = nobody.get(PATH)
    assert answer.status_code == 200
    body = answer.json()
    assert isinstance(body.pop("uptime"), int)
    assert body == {
        "status": "healthy",
        "version": configured.VERSION,
        "database": "connected",
        "storage": "available",
    }


def test_uptime_is_in_seconds_since_the_start(nobody: APIClient, monkeypatch) -> None:
    began = time.monotonic()
    monkeypatch.setattr(config.health, "_STARTED", began - 864000)
    uptime = nobody.get(PATH).json()["uptime"]
    assert 864000 <= uptime <= 864000 + time.monotonic() - began


def test_anyone_may_ask_however_often_and_whoever_they_say_they_are(nobody: APIClient, settings) -> None:
    settings.RATE_REGISTRY_ANONYMOUS = "1/hour"
    answers = [nobody.get(PATH, headers={"authorization": "Bearer nonsense"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert not answers[0].has_header("X-RateLimit-Limit")
    assert answers[0]["Cache-Control"] == "no-store"


def test_a_database_that_is_gone_is_503_and_soon(nobody: APIClient, monkeypatch) -> None:
    gone = connections.create_connection("default")
    gone.settings_dict = gone.settings_dict | {"PORT": "1", "NAME": "/no/such/file"}
    monkeypatch.setattr("config.health.connection", gone)
    began = time.monotonic()
    answer = nobody.get(PATH)
    assert time.monotonic() - began < 9, "the pool waits for 10 seconds"
    assert answer.status_code == 503
    assert answer.json()["status"] == "unhealthy"
    assert answer.json()["database"] == "disconnected"


def test_a_timeout_in_the_databases_address_is_no_bug(nobody: APIClient, monkeypatch) -> None:
    patient = connections.create_connection("default")
    if patient.vendor == "postgresql":
        patient.settings_dict = patient.settings_dict | {"OPTIONS": {"connect_timeout": 7}}
    monkeypatch.setattr("config.health.connection", patient)
    assert nobody.get(PATH).json()["database"] == "connected"
    patient.close()


def test_a_storage_that_cannot_be_written_is_said(nobody: APIClient, settings, tmp_path) -> None:
    settings.DATA_DIR = tmp_path / "missing"
    answer = nobody.get(PATH)
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["storage"]) == ("degraded", "unavailable")

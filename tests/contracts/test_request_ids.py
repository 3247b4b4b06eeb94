"""Every request has an id: in the answer, in the log, on the trail."""

from __future__ import annotations

from uuid import UUID

import pytest
import structlog
from rest_framework.test import APIClient


def test_the_clients_id_comes_back(nobody: APIClient) -> None:
    for path in ("/v1/things", "/v1/nothing", "/elsewhere"):
        assert nobody.get(path, HTTP_X_REQUEST_ID="req-123:a/b=").headers["X-Request-Id"] == "req-123:a/b="


@pytest.mark.parametrize("given", ["", " ", "a b", "x" * 65, "<script>", "a\tb", "é", "-x", "a;b", '"a"'])
def test_what_is_not_sane_is_replaced(given: str, nobody: APIClient) -> None:
    made = nobody.get("/v1/things", HTTP_X_REQUEST_ID=given)["X-Request-Id"]
    assert made != given
    UUID(made)


def test_ids_that_are_made_differ(nobody: APIClient) -> None:
    assert len({nobody.get("/v1/things")["X-Request-Id"] for _ in range(3)}) == 3


def test_the_id_does_not_leak_into_what_comes_after(nobody: APIClient) -> None:
    nobody.get("/v1/things", HTTP_X_REQUEST_ID="mine")
    assert "request_id" not in structlog.contextvars.get_contextvars()


def test_the_trail_can_hold_the_longest(nobody: APIClient) -> None:
    longest = "x" * 64
    assert nobody.get("/v1/things", HTTP_X_REQUEST_ID=longest)["X-Request-Id"] == longest

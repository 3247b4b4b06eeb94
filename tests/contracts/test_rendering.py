"""JSON out: what any view may answer can be written."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from django.utils.translation import gettext_lazy
from rest_framework.test import APIClient

from accounts.models import Organization
from contracts.rendering import JSONRenderer
from tests.contracts.urls import PREFIXES


def rendered(value: Any) -> Any:
    return json.loads(JSONRenderer().render({"value": value}))["value"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (datetime(2024, 1, 1, tzinfo=UTC), "2024-01-01T00:00:00Z"),
        (datetime(2024, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))), "2024-01-01T08:00:00+08:00"),
        (datetime(2024, 1, 1, 0, 0, 0, 5, tzinfo=UTC), "2024-01-01T00:00:00.000005Z"),
        (date(2024, 1, 1), "2024-01-01"),
        (timedelta(seconds=90), "90.0"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (gettext_lazy("Yes"), "Yes"),
        ({1: "one", None: "none"}, {"1": "one", "null": "none"}),
        ((1, 2), [1, 2]),
        ({3}, [3]),
        (float("nan"), None),
        (2**70, 2**70),
        ("\ud800", "\ud800"),
        ("中文 \U0001f4d6", "中文 \U0001f4d6"),
        (b"bytes", "bytes"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_written_as(value: Any, written: Any) -> None:
    assert rendered(value) == written


def test_values_deeper_than_the_fast_writer_goes_are_written_all_the_same() -> None:
    deep: list[Any] = []
    for _ in range(400):
        deep = [deep]
    assert rendered(deep) == deep


def test_nothing_is_no_bytes() -> None:
    assert JSONRenderer().render(None) == b""


def test_what_cannot_be_written_is_an_error() -> None:
    with pytest.raises(TypeError):
        JSONRenderer().render({"value": object()})


@pytest.mark.parametrize("name", PREFIXES)
def test_a_browser_gets_a_page_with_the_answer_and_an_editor(name: str, editor: APIClient, acme: Organization) -> None:
    for path in ("things", f"things/{acme.pk}"):
        answer = editor.get(f"{PREFIXES[name]}/{path}", headers={"accept": "text/html,*/*;q=0.8"})
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/html")
        assert b"acme" in answer.content
        assert b"_content" in answer.content  # the raw editor of a POST or PUT


@pytest.mark.parametrize("name", PREFIXES)
def test_a_program_gets_json_whatever_it_forgot_to_accept(name: str, editor: APIClient) -> None:
    for accept in ("*/*", "application/json", "application/*", "application/json;q=0.5, text/plain"):
        answer = editor.get(f"{PREFIXES[name]}/things", headers={"accept": accept})
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("name", PREFIXES)
def test_format_in_the_query_belongs_to_the_views(name: str, editor: APIClient) -> None:
    assert editor.get(f"{PREFIXES[name]}/things?format=fasta").status_code == 200

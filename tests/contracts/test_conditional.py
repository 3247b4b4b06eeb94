"""ETag, Last-Modified, If-None-Match, If-Match."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from contracts.conditional import expected_version, is_fresh
from contracts.errors import BadRequest, Stale
from contracts.parsing import JSONParser
from tests.contracts.urls import PREFIXES

EACH = pytest.mark.parametrize("name", PREFIXES)


@EACH
def test_a_list_has_a_tag_of_its_content(name: str, editor: APIClient, acme) -> None:
    path = f"{PREFIXES[name]}/things"
    first = editor.get(path)
    assert first["ETag"].startswith('"')
    assert editor.get(path)["ETag"] == first["ETag"]
    same = editor.get(path, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (same.status_code, same.content) == (304, b"")
    assert same["ETag"] == first["ETag"]
    assert same["Cache-Control"] == first["Cache-Control"]
    assert not same.has_header("Content-Type")
    assert not same.has_header("Content-Length")
    acme.name = "Changed"
    acme.save()
    changed = editor.get(path, HTTP_IF_NONE_MATCH=first["ETag"])
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


@EACH
def test_one_thing_says_when_it_changed(name: str, editor: APIClient, acme) -> None:
    path = f"{PREFIXES[name]}/things/{acme.pk}"
    first = editor.get(path)
    assert first.has_header("Last-Modified")
    assert editor.get(path, HTTP_IF_MODIFIED_SINCE=first["Last-Modified"]).status_code == 304
    assert editor.get(path, HTTP_IF_MODIFIED_SINCE="Wed, 15 Jan 2020 10:30:00 GMT").status_code == 200
    # A tag, where the client has one, is what counts.
    answer = editor.get(path, HTTP_IF_MODIFIED_SINCE=first["Last-Modified"], HTTP_IF_NONE_MATCH='"other"')
    assert answer.status_code == 200


@EACH
def test_head_answers_as_get_does_without_a_body(name: str, editor: APIClient) -> None:
    path = f"{PREFIXES[name]}/things"
    got, head = editor.get(path), editor.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head["ETag"] == got["ETag"]
    assert editor.head(path, HTTP_IF_NONE_MATCH=got["ETag"]).status_code == 304


@EACH
def test_writes_and_failures_have_no_tag_and_no_304(name: str, editor: APIClient) -> None:
    missing = editor.get(f"{PREFIXES[name]}/things/7", HTTP_IF_NONE_MATCH="*")
    assert missing.status_code == 404
    assert not missing.has_header("ETag")
    made = editor.post(f"{PREFIXES[name]}/things", {"name": "a", "size": 1}, format="json", HTTP_IF_NONE_MATCH="*")
    assert made.status_code == 201
    assert not made.has_header("ETag")


def test_what_is_private_stays_out_of_shared_caches(editor: APIClient) -> None:
    for prefix in PREFIXES.values():
        said = editor.get(f"{prefix}/things")["Cache-Control"]
        assert {part.strip() for part in said.split(",")} == {"private", "no-cache"}


def test_what_is_public_is_cached_apart_from_what_members_see(nobody: APIClient, editor: APIClient) -> None:
    public = nobody.get("/api/v1/sources/shown")
    assert {part.strip() for part in public["Cache-Control"].split(",")} == {"public", "max-age=3600"}
    assert {"Authorization", "X-API-Key", "Cookie"} <= {part.strip() for part in public["Vary"].split(",")}
    assert "private" in editor.get("/api/v1/sources/shown")["Cache-Control"]


@pytest.mark.parametrize(
    ("held", "fresh"),
    [('"3"', True), ('W/"3"', True), ('"2", "3"', True), ("*", True), ('"2"', False), ("3", False), ("", False)],
)
def test_if_none_match_compares_weakly(held: str, fresh: bool, rf) -> None:
    assert is_fresh(rf.get("/", HTTP_IF_NONE_MATCH=held), '"3"') is fresh


def test_a_modified_time_counts_in_whole_seconds(rf) -> None:
    at = int(datetime(2025, 1, 15, 10, 30, tzinfo=UTC).timestamp())
    request = rf.get("/", HTTP_IF_MODIFIED_SINCE="Wed, 15 Jan 2025 10:30:00 GMT")
    assert is_fresh(request, None, at)
    assert not is_fresh(request, None, at + 1)
    assert not is_fresh(rf.get("/", HTTP_IF_MODIFIED_SINCE="nonsense"), None, at)


def put(body: str = "{}", **headers: str) -> Request:
    django = APIRequestFactory().put("/", body, content_type="application/json", **headers)
    return Request(django, parsers=[JSONParser()])


def test_the_expected_version_is_in_the_header_or_in_the_body() -> None:
    assert expected_version(put()) is None
    assert expected_version(put(HTTP_IF_MATCH="*")) is None
    assert expected_version(put(HTTP_IF_MATCH='"3"')) == 3
    assert expected_version(put('{"version": 4}')) == 4
    assert expected_version(put('{"version": 4}', HTTP_IF_MATCH='"4"')) == 4
    assert expected_version(put('{"version": null}')) is None


@pytest.mark.parametrize("tag", ['W/"3"', '"abc"', '"-3"', '"\u0663"', f'"{"9" * 30}"'])
def test_a_tag_that_never_was_a_version_is_stale(tag: str) -> None:
    with pytest.raises(Stale):
        expected_version(put(HTTP_IF_MATCH=tag))


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ('{"version": "3"}', {}),
        ('{"version": true}', {}),
        ('{"version": 1.5}', {}),
        ('{"version": 3}', {"HTTP_IF_MATCH": '"4"'}),
        ("{}", {"HTTP_IF_MATCH": '"3", "4"'}),
        ("{}", {"HTTP_IF_MATCH": "3"}),
        ("{}", {"HTTP_IF_MATCH": "nonsense"}),
    ],
)
def test_a_version_that_says_two_things_or_nothing_is_refused(body: str, headers: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        expected_version(put(body, **headers))

"""Requests no client should send: each a 4xx in the contract's shape, none a 5xx, none a page."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.contracts.test_failures import shape_of
from tests.contracts.urls import PREFIXES

EACH = pytest.mark.parametrize("name", PREFIXES)
TYPES = ["", "/", "application", "application/", "json", ";;;", "application/json; charset=\x01", "a/b/c", "é/é"]
ACCEPTS = [";", ",", "/", "a/b/c", "*", "text/html;q=x", "application/json;;;", "\xff", "x" * 5000]


def refused(name: str, answer: Any) -> None:
    assert 400 <= answer.status_code < 500, answer.content
    assert answer["Content-Type"] == "application/json"
    shape_of(name, answer)


@EACH
def test_content_types_that_are_none(name: str, editor: APIClient) -> None:
    for kind in TYPES:
        answer = editor.generic("POST", f"{PREFIXES[name]}/things", "<x/>", content_type=kind)
        refused(name, answer)


@EACH
def test_accept_headers_that_are_none(name: str, editor: APIClient) -> None:
    for accept in ACCEPTS:
        answer = editor.get(f"{PREFIXES[name]}/things", headers={"accept": accept})
        assert answer.status_code in {200, 406}, accept


@EACH
def test_lengths_that_are_none(name: str, editor: APIClient) -> None:
    for length in ("abc", "-1", "1e3", "9" * 30, " 5"):
        answer = editor.generic(
            "POST", f"{PREFIXES[name]}/things", "{}".ljust(9), content_type="application/json", CONTENT_LENGTH=length
        )
        assert answer.status_code < 500, length


@EACH
def test_methods_that_are_none(name: str, editor: APIClient) -> None:
    for method in ("FOO", "PROPFIND", "TRACE", "CONNECT", "get"):
        answer = editor.generic(method, f"{PREFIXES[name]}/things")
        assert answer.status_code in {405, 200}, method
        if answer.status_code == 405:
            refused(name, answer)


@EACH
def test_paths_that_are_none(name: str, editor: APIClient) -> None:
    for path in ("%ff", "%c3%28", "..%2f..%2fetc%2fpasswd", "things/%F0%9F%93%96", "%00", "a" * 3000, "things//"):
        refused(name, editor.get(f"{PREFIXES[name]}/{path}"))


@EACH
def test_queries_that_are_none(name: str, editor: APIClient) -> None:
    for query in ("%ff=%ff", "&&&===", "a=%C3%28", "limit=", "x=" + "y" * 50_000):
        answer = editor.get(f"{PREFIXES[name]}/things?{query}")
        assert answer.status_code < 500, query
    many = "&".join(f"p{number}=1" for number in range(2000))
    answer = editor.get(f"{PREFIXES[name]}/things?{many}")
    assert answer.status_code < 500


@EACH
def test_tokens_that_are_none(name: str, nobody: APIClient) -> None:
    for header in (
        "Bearer",
        "Bearer ",
        "Bearer \xff",
        "Basic YTpi",
        "bearer a.b.c",
        "Bearer " + "x" * 20_000,
        "nonsense",
    ):
        refused(name, nobody.get(f"{PREFIXES[name]}/things", headers={"authorization": header}))
    for key in ("x", "\xff", "ctly_", "y" * 20_000):
        refused(name, nobody.get(f"{PREFIXES[name]}/things", headers={"x-api-key": key}))


@EACH
def test_conditions_that_are_none(name: str, editor: APIClient) -> None:
    for value in ('"', "W/", "*, *", "\xff", '"' * 999, "x" * 9999):
        headers = {"if-none-match": value, "if-modified-since": value, "if-match": value, "range": value}
        assert editor.get(f"{PREFIXES[name]}/things", headers=headers).status_code in {200, 304}


@EACH
def test_gzip_that_was_not_asked_for_is_malformed(name: str, editor: APIClient) -> None:
    zipped: Any = {"data": b"\x1f\x8b\x08\x00", "content_type": "application/json", "HTTP_CONTENT_ENCODING": "gzip"}
    answer = editor.generic("POST", f"{PREFIXES[name]}/things", **zipped)
    refused(name, answer)

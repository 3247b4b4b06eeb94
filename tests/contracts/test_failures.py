"""Five contracts by all failures: each answers with its own status, shape, code and content type.

The codes below are written down from the contract pages, not read from the code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.signals import got_request_exception
from django.test import Client
from rest_framework.test import APIClient

from contracts.ownership import csrf_failure
from tests.contracts.urls import CONTRACTS, PREFIXES

JSON = "application/json"
NAMES = list(CONTRACTS)
ID = "01900000-0000-7000-8000-000000000000"
GOOD = {"name": "a", "size": 1}

# failure → status, then the codes of metastore, collection, registry, releases; an entity's code is the status.
CODES: dict[str, tuple[Any, ...]] = {
    "validation": (400, "VALIDATION_ERROR", "INVALID_REQUEST", "VALIDATION_ERROR", "validation_error"),
    "malformed": (400, "BAD_REQUEST", "INVALID_REQUEST", "BAD_REQUEST", "validation_error"),
    "unauthenticated": (401, "UNAUTHORIZED", "UNAUTHORIZED", "UNAUTHORIZED", "unauthorized"),
    "forbidden": (403, "FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "forbidden"),
    "missing": (404, "DATA_SOURCE_NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "not_found"),
    "unrouted": (404, "NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "not_found"),
    "method": (405, *["METHOD_NOT_ALLOWED"] * 3, "method_not_allowed"),
    "not_acceptable": (406, *["NOT_ACCEPTABLE"] * 3, "not_acceptable"),
    "conflict": (409, "DATA_SOURCE_CONFLICT", "CONFLICT", "CONFLICT", "conflict"),
    "raced": (409, "CONFLICT", "CONFLICT", "CONFLICT", "conflict"),
    "stale": (409, "VERSION_CONFLICT", "CONFLICT", "CONFLICT", "conflict"),
    "too_large": (413, *["PAYLOAD_TOO_LARGE"] * 3, "payload_too_large"),
    "media_type": (415, *["UNSUPPORTED_MEDIA_TYPE"] * 3, "unsupported_media_type"),
    "throttled": (429, "RATE_LIMIT_EXCEEDED", "RATE_LIMITED", "RATE_LIMIT_EXCEEDED", "rate_limit_exceeded"),
    "bug": (500, *["INTERNAL_ERROR"] * 3, "internal_error"),
    "unavailable": (503, *["SERVICE_UNAVAILABLE"] * 3, "service_unavailable"),
}


def shape_of(name: str, answer: Any) -> tuple[Any, str]:
    """(code, message) of an answer, once its body has exactly the keys of the contract's page."""
    body = answer.json()
    if name == "metastore":
        assert body.keys() == {"error"}
        assert body["error"].keys() == {"code", "message", "details"}
        assert isinstance(body["error"]["details"], dict)
        return body["error"]["code"], body["error"]["message"]
    if name == "collection":
        assert body.keys() == {"code", "message", "details", "request_id"}
        assert isinstance(body["details"], str)
        assert body["request_id"] == answer["X-Request-Id"]
        return body["code"], body["message"]
    if name == "registry":
        assert body.keys() == {"success", "error"}
        assert body["success"] is False
        assert body["error"].keys() == {"code", "message", "details"}
        return body["error"]["code"], body["error"]["message"]
    if name == "releases":
        assert body.keys() - {"details", "resource_type"} == {"error", "message"}
        assert ("resource_type" in body) == (body["error"] == "not_found")
        return body["error"], body["message"]
    assert body.keys() == {"code", "message"}
    return body["code"], body["message"]


def check(name: str, failure: str, answer: Any) -> str:
    """Status, content type, shape and code of a failure; answers its message."""
    status, *codes = CODES[failure]
    if name == "registry" and failure == "validation":
        status = 422
    if name == "entities" and failure == "stale":
        status = 412
    assert answer.status_code == status
    assert answer["Content-Type"] == JSON
    assert answer["X-Request-Id"]
    code, message = shape_of(name, answer)
    assert code == [*codes, status][["metastore", "collection", "registry", "releases", "entities"].index(name)]
    assert isinstance(message, str)
    assert message
    assert "secret" not in answer.content.decode()
    return message


@pytest.fixture
def fail(editor: APIClient, viewer: APIClient, nobody: APIClient, settings) -> Any:
    """Make the contract mounted at a prefix fail in the way that is named: `fail(prefix, failure)`."""

    def too_large(things: str) -> Any:
        settings.BODY_LIMIT = 1024
        return editor.post(things, {"name": "x" * 2000, "size": 1}, format="json")

    def throttled(things: str) -> Any:
        for setting in ("METASTORE", "COLLECTION", "REGISTRY_AUTHENTICATED", "RELEASES", "ENTITIES"):
            setattr(settings, f"RATE_{setting}", "2/hour")
        assert [editor.get(things).status_code for _ in range(2)] == [200, 200]
        return editor.get(things)

    ways: dict[str, Callable[[str], Any]] = {
        "validation": lambda things: editor.post(things, {"name": "much too long", "size": 0}, format="json"),
        "malformed": lambda things: editor.post(things, '{"name": ', content_type=JSON),
        "unauthenticated": nobody.get,
        "forbidden": lambda things: viewer.post(things, GOOD, format="json"),
        "missing": lambda things: editor.get(f"{things}/{ID}"),
        "unrouted": lambda things: editor.get(f"{things}/nothing/here"),
        "method": editor.delete,
        "not_acceptable": lambda things: editor.get(things, HTTP_ACCEPT="application/xml"),
        "conflict": lambda things: editor.post(things, {"name": "taken", "size": 1}, format="json"),
        "raced": lambda things: editor.get(things.replace("things", "broken/integrity")),
        "stale": lambda things: editor.put(f"{things}/{ID}", {}, format="json", HTTP_IF_MATCH='"2"'),
        "too_large": too_large,
        "media_type": lambda things: editor.post(things, "<name/>", content_type="text/xml"),
        "throttled": throttled,
        "bug": lambda things: editor.get(things.replace("things", "broken/bug")),
        "unavailable": lambda things: editor.get(things.replace("things", "broken/unavailable")),
    }
    return lambda prefix, failure: ways[failure](f"{prefix}/things")


@pytest.mark.parametrize("debug", [False, True], ids=["production", "debug"])
@pytest.mark.parametrize("failure", CODES)
@pytest.mark.parametrize("name", NAMES)
def test_every_failure_answers_in_the_contracts_shape(name: str, failure: str, debug: bool, fail, settings) -> None:
    settings.DEBUG = debug
    check(name, failure, fail(PREFIXES[name], failure))


@pytest.mark.parametrize("name", NAMES)
def test_a_browser_gets_json_for_an_unrouted_path_and_a_crash(name: str, editor: APIClient) -> None:
    for failure, path in (("unrouted", "nothing"), ("bug", "broken/bug"), ("unrouted", "things/")):
        check(name, failure, editor.get(f"{PREFIXES[name]}/{path}", HTTP_ACCEPT="text/html"))


@pytest.mark.parametrize("debug", [False, True], ids=["production", "debug"])
@pytest.mark.parametrize("path", ["outside", "broken/render"])
@pytest.mark.parametrize("name", NAMES)
def test_a_crash_outside_the_views_answers_in_shape(
    name: str, path: str, debug: bool, editor: APIClient, settings
) -> None:
    settings.DEBUG = debug
    check(name, "bug", editor.get(f"{PREFIXES[name]}/{path}"))


@pytest.mark.parametrize("debug", [False, True], ids=["production", "debug"])
@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_host_answers_in_shape(name: str, debug: bool, nobody: APIClient, settings) -> None:
    settings.DEBUG, settings.ALLOWED_HOSTS = debug, ["good.example"]
    check(name, "malformed", nobody.get(f"{PREFIXES[name]}/things", HTTP_HOST="evil.example"))


@pytest.mark.parametrize("name", NAMES)
def test_a_session_without_the_csrf_token_answers_in_shape(name: str, bob_member) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(bob_member.user)
    message = check(name, "forbidden", client.post(f"{PREFIXES[name]}/things", GOOD, format="json"))
    assert "CSRF" in message


@pytest.mark.parametrize("name", NAMES)
def test_djangos_own_csrf_page_is_in_shape_under_a_contract(name: str, rf) -> None:
    request = rf.post(f"{PREFIXES[name]}/outside")
    answer = csrf_failure(request, "no cookie")
    assert answer.status_code == 403
    assert answer["Content-Type"] == JSON
    assert csrf_failure(rf.post("/admin/"), "no cookie")["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("name", NAMES)
def test_every_method_on_an_unrouted_path_is_404(name: str, nobody: APIClient) -> None:
    for method in ("get", "post", "put", "patch", "delete", "options"):
        answer = getattr(nobody, method)(f"{PREFIXES[name]}/nothing")
        check(name, "unrouted", answer)


@pytest.mark.parametrize("name", NAMES)
def test_bad_ids_and_nul_characters_are_404_or_400_never_500(name: str, editor: APIClient) -> None:
    things = f"{PREFIXES[name]}/things"
    for identifier in ("7", "not-a-uuid", "x" * 5000, "é", f"{ID}0"):
        check(name, "missing", editor.get(f"{things}/{identifier}"))
    assert editor.get(f"{things}/%00").status_code == 404
    answer = editor.get(f"{things}?search=%00")
    check(name, "malformed", answer)
    assert "search" in answer.content.decode()
    check(name, "malformed", editor.get(f"{things}?%00=x"))


@pytest.mark.parametrize("name", NAMES)
def test_a_token_that_is_no_token_is_401_with_a_challenge(name: str, nobody: APIClient) -> None:
    answer = nobody.get(f"{PREFIXES[name]}/things", HTTP_AUTHORIZATION="Bearer nonsense")
    check(name, "unauthenticated", answer)
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_method_names_the_right_ones(name: str, editor: APIClient) -> None:
    answer = editor.delete(f"{PREFIXES[name]}/things")
    assert set(answer["Allow"].split(", ")) == {"GET", "POST", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("path", ["/v1/broken/bug", "/v1/broken/not-null", "/v1/broken/render", "/v1/outside"])
def test_a_bug_is_logged_once_with_its_request_id_and_announced(path: str, nobody: APIClient, caplog) -> None:
    heard: list[Any] = []
    got_request_exception.connect(lambda **said: heard.append(said), weak=False, dispatch_uid="bug")
    try:
        answer = nobody.get(path, HTTP_X_REQUEST_ID="trace-me")
    finally:
        got_request_exception.disconnect(dispatch_uid="bug")
    assert answer.status_code == 500
    records = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(records) == 1
    said: Any = records[0].msg
    assert said["request_id"] == "trace-me"
    assert said["path"] == path
    assert isinstance(said["exc_info"], Exception)
    assert len(heard) == 1


def test_a_database_that_is_gone_is_503_and_says_when_to_try_again(nobody: APIClient) -> None:
    answer = nobody.get("/v1/broken/no-database")
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert "10.0.0.7" not in answer.content.decode()


def test_fields_are_named_in_each_contracts_way(nobody: APIClient) -> None:
    fields = {"host": ["Unknown host."], "port": ["Too high."]}
    said = {name: nobody.get(f"{PREFIXES[name]}/broken/invalid").json() for name in NAMES}
    assert said["metastore"]["error"]["details"] == fields
    assert said["collection"]["details"] == "host: Unknown host.; port: Too high."
    assert said["registry"]["error"]["details"] == fields
    assert said["releases"]["details"] == fields
    assert said["entities"]["message"] == "host: Unknown host.; port: Too high."


def test_what_is_missing_is_named_as_the_pages_name_it(nobody: APIClient) -> None:
    said = {name: nobody.get(f"{PREFIXES[name]}/broken/missing").json() for name in NAMES}
    message = "Data source with id '7' not found"
    assert said["metastore"] == {
        "error": {"code": "DATA_SOURCE_NOT_FOUND", "message": message, "details": {"data_source_id": "7"}}
    }
    assert said["collection"]["details"] == "data_source_id=7"
    assert said["registry"]["error"]["message"] == message
    assert said["releases"] == {
        "error": "not_found",
        "message": message,
        "resource_type": "data_source",
        "details": {"data_source_id": "7"},
    }
    assert said["entities"] == {"code": 404, "message": message}


def test_paths_of_no_contract_keep_djangos_pages(client: Client) -> None:
    answer = client.get("/elsewhere")
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")

"""Any exception becomes one problem."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import exceptions as django_errors
from django.db import DataError, IntegrityError, InterfaceError, OperationalError, connection
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions as drf
from rest_framework import status
from rest_framework_simplejwt.exceptions import InvalidToken

from accounts.models import Organization
from contracts import errors
from contracts.problems import STATUSES, flatten, problem_of


class Teapot(drf.APIException):
    status_code = 418
    default_detail = "I am a teapot"


class Paid(drf.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "Later"


class Broken(drf.APIException):
    status_code = 500
    default_detail = "secret"


CASES: list[tuple[Exception, str, str]] = [
    (errors.NotFound(), "not_found", "Not found"),
    (errors.NotFound(resource="asset", asset_id="7"), "not_found", "Asset with id '7' not found"),
    (errors.NotFound(resource="organization", slug="x"), "not_found", "Organization with slug 'x' not found"),
    (errors.NotFound(resource="data_source"), "not_found", "Data source not found"),
    (errors.NotFound("It went", resource="asset", asset_id="7"), "not_found", "It went"),
    (errors.Conflict("Taken"), "conflict", "Taken"),
    (errors.Stale(), "stale", "It was changed by someone else since it was read"),
    (errors.Invalid(fields={"name": ["Too long."]}), "invalid", "name: Too long."),
    (errors.BadRequest("Bad"), "bad_request", "Bad"),
    (errors.TooLarge("Big"), "too_large", "Big"),
    (errors.Unauthenticated(), "unauthenticated", "Authentication is required"),
    (errors.Forbidden("No"), "forbidden", "No"),
    (errors.RateLimited(retry_after=7), "rate_limited", "Too many requests"),
    (errors.Unavailable("Down"), "unavailable", "Down"),
    (errors.DomainError("Odd"), "error", "Odd"),
    (drf.ValidationError({"name": ["Required."]}), "invalid", "name: Required."),
    (drf.ValidationError("All wrong"), "invalid", "All wrong"),
    (drf.ParseError("Cannot read"), "bad_request", "Cannot read"),
    (drf.NotAuthenticated(), "unauthenticated", "Authentication credentials were not provided."),
    (drf.AuthenticationFailed("Who?"), "unauthenticated", "Who?"),
    (InvalidToken({"detail": "Token is old", "code": "token_not_valid"}), "unauthenticated", "Token is old"),
    (drf.PermissionDenied(), "forbidden", "You do not have permission to perform this action."),
    (drf.NotFound(), "not_found", "Not found."),
    (drf.MethodNotAllowed("PUT"), "method_not_allowed", 'Method "PUT" not allowed.'),
    (drf.NotAcceptable(), "not_acceptable", "Could not satisfy the request Accept header."),
    (drf.UnsupportedMediaType("a/b"), "unsupported_media_type", 'Unsupported media type "a/b" in request.'),
    (drf.Throttled(7), "rate_limited", "Rate limit exceeded. Try again in 7 seconds."),
    (Teapot(), "bad_request", "I am a teapot"),
    (Paid(), "unavailable", "Later"),
    (Broken(), "internal", "An unexpected error occurred"),
    (Http404("No Asset matches the given query."), "not_found", "Not found"),
    (django_errors.PermissionDenied(), "forbidden", "You may not do this"),
    (django_errors.ValidationError("Wrong"), "invalid", "Wrong"),
    (django_errors.ValidationError({"name": ["Taken."], "__all__": ["x"]}), "invalid", "name: Taken."),
    (django_errors.RequestDataTooBig(), "too_large", "The request is too large"),
    (django_errors.TooManyFieldsSent(), "bad_request", "The request cannot be read"),
    (django_errors.DisallowedHost("evil"), "bad_request", "This host is not served here"),
    (django_errors.BadRequest("secret"), "bad_request", "The request cannot be read"),
    (django_errors.ObjectDoesNotExist("secret"), "internal", "An unexpected error occurred"),
    (MultiPartParserError("secret"), "bad_request", "The request body cannot be read"),
    (UnreadablePostError("secret"), "bad_request", "The request body cannot be read"),
    (InterfaceError("connection already closed"), "unavailable", "The database does not answer now; try again"),
    (OverflowError("secret"), "internal", "An unexpected error occurred"),
    (KeyError("secret"), "internal", "An unexpected error occurred"),
    (AssertionError("secret"), "internal", "An unexpected error occurred"),
]


@pytest.mark.parametrize(("error", "kind", "message"), CASES, ids=lambda part: type(part).__name__)
def test_each_exception_has_its_kind_and_words(error: Exception, kind: str, message: str, rf) -> None:
    problem = problem_of(error, rf.get("/v1/x"))
    assert (problem.kind, problem.message) == (kind, message)
    assert problem.status == STATUSES[kind]


def test_when_to_come_back_is_a_header(rf) -> None:
    request = rf.get("/")
    assert problem_of(errors.RateLimited(retry_after=7), request).headers == {"Retry-After": "7"}
    assert problem_of(errors.RateLimited(retry_after=0), request).headers == {"Retry-After": "1"}
    assert problem_of(drf.Throttled(7), request).headers == {"Retry-After": "7"}
    assert int(problem_of(errors.Unavailable(), request).headers["Retry-After"]) > 0


def test_nested_messages_are_named_by_the_path_of_their_field() -> None:
    detail: Any = drf.ValidationError(
        {
            "schema": [{}, {"name": ["Required."]}, {"children": {"0": ["Not a list."]}}],
            "non_field_errors": ["All wrong."],
            "owner": {"non_field_errors": ["Unknown."], "email": ["Bad."]},
            "tags": ["Too many.", "Too long."],
        }
    ).detail
    assert flatten(detail) == {
        "schema.1.name": ["Required."],
        "schema.2.children.0": ["Not a list."],
        "": ["All wrong."],
        "owner": ["Unknown."],
        "owner.email": ["Bad."],
        "tags": ["Too many.", "Too long."],
    }


def test_what_speaks_of_no_field_is_in_the_message_only(rf) -> None:
    problem = problem_of(drf.ValidationError({"non_field_errors": ["All wrong."], "a": ["Bad."]}), rf.get("/"))
    assert problem.message == "All wrong."
    assert problem.fields == {"a": ["Bad."]}


# What the databases really raise -----------------------------------------------------------------


def raised_by(statement: str, *values: Any) -> Exception:
    with pytest.raises(Exception) as caught, connection.cursor() as cursor:  # noqa: PT011  whatever it is
        cursor.execute(statement, values)
    return caught.value


def test_a_taken_value_is_a_conflict(acme: Organization, rf) -> None:
    with pytest.raises(IntegrityError) as caught:
        Organization.objects.create(slug="ACME", name="Again")
    problem = problem_of(caught.value, rf.get("/"))
    assert problem.kind == "conflict"
    assert "organization" not in problem.message


def test_a_missing_value_is_a_bug(db: None, rf) -> None:
    with pytest.raises(IntegrityError) as caught:
        Organization.objects.create(slug="x", name=None)  # type: ignore[misc]
    assert problem_of(caught.value, rf.get("/")).kind == "internal"


def test_an_integer_no_column_can_hold_is_refused(db: None, rf) -> None:
    statement = "SELECT %s" if connection.vendor == "sqlite" else "SELECT %s::int"
    error = raised_by(statement, 2**70)
    assert isinstance(error, OverflowError | DataError)
    assert problem_of(error, rf.get("/")).kind == "invalid"


def test_a_missing_table_is_a_bug_on_both(db: None, rf) -> None:
    assert problem_of(raised_by("SELECT * FROM no_such_table"), rf.get("/")).kind == "internal"


@pytest.mark.only_on("sqlite")
@pytest.mark.django_db
def test_words_longer_than_sqlite_compares_are_a_bad_request(rf) -> None:
    Organization.objects.create(slug="acme", name="Acme")
    with pytest.raises(OperationalError) as raised:
        Organization.objects.filter(name__icontains="a" * 60_000).exists()
    assert problem_of(raised.value, rf.get("/")).kind == "bad_request"


def test_a_locked_or_absent_sqlite_file_is_unavailable(rf) -> None:
    for words in ("database is locked", "unable to open database file", "database or disk is full"):
        assert problem_of(OperationalError(words), rf.get("/")).kind == "unavailable"

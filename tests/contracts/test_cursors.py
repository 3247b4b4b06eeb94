"""Pages by cursor: every row once, whatever comes or goes, and no cursor but ours."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.signing import Signer
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from accounts.models import Organization
from contracts.entities import EntitiesPagination
from contracts.errors import BadRequest

TABLES = "/api/v1/tables/things"
SLUGS = [f"s{number:02}" for number in range(25)]


@pytest.fixture
def things(acme: Organization) -> list[str]:
    Organization.objects.bulk_create(Organization(slug=slug, name="Same") for slug in SLUGS)
    return ["acme", *SLUGS]


def page(editor: APIClient, **parameters: Any) -> tuple[list[str], dict[str, Any]]:
    answer = editor.get(TABLES, parameters)
    assert answer.status_code == 200, answer.content
    assert answer.json().keys() == {"data", "paging"}
    return [row["slug"] for row in answer.json()["data"]], answer.json()["paging"]


def test_forwards_to_the_end_and_backwards_to_the_beginning(editor: APIClient, things: list[str]) -> None:
    pages, paging = [], {"after": ""}
    while paging["after"] is not None:
        rows, paging = page(editor, limit=10, **({"after": paging["after"]} if paging["after"] else {}))
        pages.append(rows)
    assert pages == [things[:10], things[10:20], things[20:]]
    back, paging = page(editor, limit=10, before=paging["before"])
    assert back == things[10:20]
    back, paging = page(editor, limit=10, before=paging["before"])
    assert back == things[:10]
    assert paging["before"] is None
    assert page(editor, limit=10, after=paging["after"])[0] == things[10:20]


def test_the_first_page_has_nothing_before_it_and_ten_rows(editor: APIClient, things: list[str]) -> None:
    rows, paging = page(editor)
    assert rows == things[:10]
    assert paging["before"] is None
    assert paging["after"].replace("-", "").replace("_", "").replace(".", "").isalnum()  # as it is in a URL
    assert paging["total"] == 26


def test_a_list_that_fits_has_no_cursors(editor: APIClient, things: list[str]) -> None:
    rows, paging = page(editor, limit=26)
    assert rows == things
    assert paging == {"before": None, "after": None, "total": 26}


def test_what_is_inserted_or_deleted_meanwhile_repeats_and_skips_nothing(editor: APIClient, things: list[str]) -> None:
    seen, paging = page(editor, limit=5)
    Organization.objects.filter(slug__in=seen[3:]).delete()  # also the row the cursor points at
    Organization.objects.create(slug="aaaa", name="before everything")
    Organization.objects.create(slug="s07x", name="further on")
    while paging["after"]:
        rows, paging = page(editor, limit=5, after=paging["after"])
        seen += rows
    assert seen == sorted([*things, "s07x"])


def test_an_end_that_was_deleted_leads_back_to_the_last_row(editor: APIClient, things: list[str]) -> None:
    rows, paging = page(editor, limit=20)
    Organization.objects.filter(slug__in=things[20:]).delete()
    nothing, paging = page(editor, limit=20, after=paging["after"])
    assert nothing == []
    assert paging["after"] is None
    back, _ = page(editor, limit=20, before=paging["before"])
    assert back == rows


def test_a_beginning_that_was_deleted_leads_forward_to_the_first_row(editor: APIClient, things: list[str]) -> None:
    _, paging = page(editor, limit=10)
    second, paging = page(editor, limit=10, after=paging["after"])
    Organization.objects.filter(slug="acme").update(slug="z")
    Organization.objects.filter(slug__in=things[:10]).delete()
    nothing, paging = page(editor, limit=10, before=paging["before"])
    assert nothing == []
    assert paging["before"] is None
    assert page(editor, limit=10, after=paging["after"])[0] == second


def broken(cursor: str) -> list[str]:
    payload, _, signature = cursor.partition(".")
    return [
        cursor[:-1],
        cursor[1:],
        cursor.swapcase(),
        payload,
        f"{payload}.",
        f".{signature}",
        "x",
        "\x01",
        "é",
        "a" * 10_000,
        Signer(salt="another", sep=".").sign_object(["x", ["y"], 1, 0]),
        Signer(salt="contracts.cursor", sep=".").sign_object(["another list:slug", ["a", "b"], 1, 0]),
        Signer(salt="contracts.cursor", sep=".").sign_object({"not": "a list"}),
        Signer(salt="contracts.cursor", sep=".").sign_object([1]),
    ]


def test_a_cursor_we_did_not_make_for_this_list_is_400(editor: APIClient, things: list[str]) -> None:
    _, paging = page(editor)
    for side in ("after", "before"):
        for forged in broken(paging["after"]):
            answer = editor.get(TABLES, {side: forged})
            assert answer.status_code == 400, forged
            assert answer.json()["code"] == 400
            assert answer.json()["message"].startswith(f"{side}: ")


def test_after_and_before_at_once_are_400(editor: APIClient, things: list[str]) -> None:
    _, paging = page(editor)
    assert editor.get(TABLES, {"after": paging["after"], "before": paging["after"]}).status_code == 400


def test_cursors_survive_a_key_that_is_rotated_and_no_other(things: list[str], settings) -> None:
    _, after, _ = scroll("slug", 5)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new key", [settings.SECRET_KEY]
    assert [row.slug for row in scroll("slug", 5, after)[0]] == things[5:10]
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(BadRequest):
        scroll("slug", 5, after)


def test_a_later_page_counts_nothing_and_needs_one_statement(things: list[str]) -> None:
    _, after, _ = scroll("slug", 5)
    assert after is not None
    with CaptureQueriesContext(connection) as said:
        rows, _, total = scroll("slug", 5, after)
    assert [row.slug for row in rows] == things[5:10]
    assert total == 26
    assert len(said) == 1
    assert "OFFSET" not in said[0]["sql"]


def scroll(order: str, limit: int, after: str | None = None) -> tuple[list[Organization], str | None, int]:
    parameters = {"limit": limit} | ({"after": after} if after else {})
    pages = EntitiesPagination()
    request = Request(APIRequestFactory().get("/", parameters))
    rows = pages.paginate_queryset(Organization.objects.order_by(order), request)
    return rows, pages.after, pages.total


@pytest.mark.parametrize("order", ["created_at", "-created_at", "name", "-name", "id", "-pk", "is_public"])
def test_any_order_of_fields_that_are_never_null(order: str, things: list[str]) -> None:
    times(timezone.now())
    seen, after = [], ""
    while after is not None:
        rows, after, _ = scroll(order, 7, after)  # type: ignore[assignment]
        seen += rows
    tie = f"{'-' if order.startswith('-') else ''}pk"
    assert seen == list(Organization.objects.order_by(order, tie))


def times(now: datetime) -> None:
    """Microseconds apart, some equal."""
    for number, row in enumerate(Organization.objects.all()):
        Organization.objects.filter(pk=row.pk).update(created_at=now + timedelta(microseconds=number // 3))


def test_orders_that_no_tuple_can_compare_are_a_bug_seen_at_once(things: list[str]) -> None:
    request = Request(APIRequestFactory().get("/"))
    for order in (("name", "-slug"), ("name", "-pk")):
        with pytest.raises(TypeError, match="one direction"):
            EntitiesPagination().paginate_queryset(Organization.objects.order_by(*order), request)


def test_a_cursor_of_another_order_is_refused(things: list[str]) -> None:
    _, after, _ = scroll("name", 5)
    with pytest.raises(BadRequest):
        scroll("slug", 5, after)

"""Differences of the trail, as a person reads them."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.admin_difference import difference

CITY = {"id": "01a21aa3-490d-74e4-bd4a-c301a2c4776c", "name": "Business.City", "column": "address.city"}
CLIENT = {"id": "01a21aa3-48f6-7793-9846-e34642b55ee6", "name": "Business.Client", "column": None}
EMAIL = {"name": "email", "type": "text", "tags": ["PII"], "description": "Where to write to"}
ADDRESS = {"name": "address", "type": "struct", "children": [{"name": "city", "type": "text"}]}


def told(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[tuple[str, str | None, str | None]]:
    return [(change.path, change.before, change.after) for change in difference(before, after)]


def test_terms_that_came_and_went_are_told_by_name_and_column() -> None:
    assert told({"terms": [CLIENT]}, {"terms": [CITY]}) == [
        ("terms", None, "Business.City (column: address.city)"),
        ("terms", "Business.Client", None),
    ]


def test_terms_of_a_new_asset_are_told_by_name() -> None:
    assert told(None, {"terms": [CLIENT, CITY]}) == [
        ("terms", None, "Business.Client"),
        ("terms", None, "Business.City (column: address.city)"),
    ]


def test_a_term_of_several_columns_is_told_with_each() -> None:
    other = {**CITY, "column": "home"}
    ((path, before, after),) = told({"terms": [CITY]}, {"terms": [CITY, other]})
    assert (path, before) == ("terms", "Business.City (column: address.city)")
    assert after == "Business.City (column: address.city), Business.City (column: home)"


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (EMAIL, "type: text, tags: PII, description: Where to write to"),
        (ADDRESS, "type: struct, children: city (type: text)"),
    ],
)
def test_a_column_is_told_in_words_not_in_json(column: dict[str, Any], words: str) -> None:
    assert told({"schema": []}, {"schema": [column]}) == [(f"schema[{column['name']}]", None, words)]


def test_nested_objects_stand_in_brackets() -> None:
    assert told({}, {"metadata": {"at": {"city": "Bern", "zip": [3000, 3001]}}}) == [
        ("metadata", None, "at: (city: Bern, zip: 3000, 3001)")
    ]


def test_an_owner_is_told_by_name() -> None:
    team = {"id": "01a21aa3-4a03-722b-9704-ca3a9d03cf14", "name": "stewards", "type": "team"}
    assert told({"owner": None}, {"owner": team}) == [("owner", None, "stewards")]

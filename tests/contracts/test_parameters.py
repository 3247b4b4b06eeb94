"""Parameters that mean one thing."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from rest_framework.test import APIClient

from contracts.errors import BadRequest
from contracts.parameters import only
from tests.contracts.test_paging import LIMITS
from tests.contracts.urls import PREFIXES


@pytest.mark.parametrize(
    ("query", "value"), [("", None), ("a=", ""), ("a=1", "1"), ("a=1&a=1", "1"), ("a=&a=1&b=2", "1"), ("a=1&a=", "1")]
)
def test_a_parameter_may_be_said_again_with_the_same_value(query: str, value: str | None) -> None:
    assert only(QueryDict(query), "a") == value


def test_a_body_is_read_as_it_is() -> None:
    assert only({"a": [1, 2]}, "a") == [1, 2]
    assert only({}, "a") is None


def test_several_values_of_what_is_one_are_refused_by_name() -> None:
    with pytest.raises(BadRequest) as caught:
        only(QueryDict("a=1&a=2"), "a")
    assert caught.value.fields.keys() == {"a"}


@pytest.mark.parametrize("name", PREFIXES)
def test_two_limits_are_400_in_each_contract(name: str, editor: APIClient) -> None:
    path, limit = f"{PREFIXES[name]}/things", LIMITS[name]
    assert editor.get(f"{path}?{limit}=5&{limit}=5").status_code == 200
    answer = editor.get(f"{path}?{limit}=5&{limit}=6")
    assert answer.status_code == 400
    assert limit in answer.content.decode()

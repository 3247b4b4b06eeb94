"""What a client sent is never dropped in silence."""

from __future__ import annotations

import pytest
from rest_framework import serializers

from contracts.serializers import Flag, Strict, Text


class Inner(Strict):
    city = serializers.CharField(required=False)


class Outer(Strict):
    id = serializers.CharField(read_only=True)
    name = serializers.CharField()
    address = Inner(required=False)


def test_unknown_fields_are_named() -> None:
    serializer = Outer(data={"name": "a", "colour": "red", "size": 1})
    assert not serializer.is_valid()
    assert serializer.errors == {"colour": ["Unknown field."], "size": ["Unknown field."]}


def test_unknown_fields_are_found_inside_and_what_is_read_only_counts_as_unknown() -> None:
    serializer = Outer(data={"name": "a", "address": {"town": "x"}})
    assert not serializer.is_valid()
    assert serializer.errors == {"address": {"town": ["Unknown field."]}}
    assert not Outer(data={"name": "a", "id": "7"}).is_valid()
    assert Outer(data={"name": "a", "address": {"city": "x"}}).is_valid()


class Typed(Strict):
    text = Text(required=False)
    flag = Flag(required=False)


@pytest.mark.parametrize("value", [1, 1.5, True, ["a"], {"a": 1}, None])
def test_what_is_no_string_is_no_text(value: object) -> None:
    serializer = Typed(data={"text": value})
    assert not serializer.is_valid()
    assert serializer.errors.keys() == {"text"}


@pytest.mark.parametrize("value", ["yes", "true", "", 1, 0, [], None])
def test_what_is_neither_true_nor_false_is_no_flag(value: object) -> None:
    serializer = Typed(data={"flag": value})
    assert not serializer.is_valid()
    assert serializer.errors.keys() == {"flag"}


def test_strings_and_flags_are_taken() -> None:
    serializer = Typed(data={"text": " a ", "flag": False})
    assert serializer.is_valid()
    assert serializer.validated_data == {"text": "a", "flag": False}

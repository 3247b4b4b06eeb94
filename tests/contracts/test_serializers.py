"""What a client sent is never dropped in silence."""

from __future__ import annotations

from rest_framework import serializers

from contracts.serializers import Strict


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

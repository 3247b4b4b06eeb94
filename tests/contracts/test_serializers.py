"""What a client sent is never dropped in silence, and who is first is decided by the constraint."""

from __future__ import annotations

import pytest
from rest_framework import serializers

from accounts.models import Membership, Organization, User
from contracts.serializers import ConstraintsDecide, Strict


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


class UserSerializer(ConstraintsDecide):
    class Meta:
        model = User
        fields = ["username", "email"]


class MembershipSerializer(ConstraintsDecide):
    class Meta:
        model = Membership
        fields = ["user", "organization", "role"]


def test_a_value_that_is_taken_passes_and_is_left_to_the_constraint(bob_member: Membership) -> None:
    assert UserSerializer(data={"username": bob_member.user.username, "email": "new@example.com"}).is_valid()
    again = {"user": bob_member.user_id, "organization": bob_member.organization_id, "role": "viewer"}
    assert MembershipSerializer(data=again).is_valid()


@pytest.mark.django_db
def test_other_rules_of_a_field_stay() -> None:
    class OrganizationSerializer(ConstraintsDecide):
        class Meta:
            model = Organization
            fields = ["slug", "name"]

    serializer = OrganizationSerializer(data={"slug": "no spaces!", "name": "x" * 300})
    assert not serializer.is_valid()
    assert serializer.errors.keys() == {"slug", "name"}

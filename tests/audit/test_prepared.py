"""A prepared query answers what its queryset would, with its SQL made once."""

from uuid import uuid4

import pytest
from django.db import connection

from accounts.models import Membership
from audit.prepared import PreparedQuery


@pytest.fixture
def members() -> PreparedQuery:
    return PreparedQuery(
        lambda user, organization: Membership.objects.filter(user=user, organization=organization).values_list(
            "pk", "role", "created_at", "user__email", "organization__is_public"
        ),
        ids=2,
    )


def test_answers_what_the_queryset_would(members, alice_member, bob_member, charlie_member):
    for member in (alice_member, bob_member, charlie_member):
        expected = Membership.objects.filter(pk=member.pk).values_list(
            "pk", "role", "created_at", "user__email", "organization__is_public"
        )
        assert members.rows(member.user_id, member.organization_id) == list(expected)


def test_order_of_the_ids_matters(members, alice_member):
    assert members.first(alice_member.organization_id, alice_member.user_id) is None
    assert members.first(uuid4(), alice_member.organization_id) is None


def test_is_one_statement_and_is_not_compiled_again(members, alice_member, django_assert_num_queries, monkeypatch):
    members.first(alice_member.user_id, alice_member.organization_id)
    monkeypatch.setattr(members, "_prepare", None)
    with django_assert_num_queries(1):
        assert members.first(alice_member.user_id, alice_member.organization_id)


def test_an_id_that_is_not_used_as_a_plain_value_is_refused(db):
    query = PreparedQuery(lambda key: Membership.objects.values_list("pk"), ids=1)
    with pytest.raises(ValueError, match="plain value"):
        query.first(uuid4())


@pytest.mark.only_on("postgresql")
def test_postgresql_keeps_the_plan_of_what_is_asked_often(members, alice_member, bob_member):
    for _ in range(8):
        for member in (alice_member, bob_member):
            assert members.first(member.user_id, member.organization_id)[0] == member.pk
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE NOT from_sql")
        assert any('FROM "accounts_membership"' in row[0] for row in cursor.fetchall())
